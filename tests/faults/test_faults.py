"""Every way in which a server may fail, played by a loopback server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from evenhand.endpoints.base import AskError
from evenhand.endpoints.openai.retry import Schedule
from evenhand.errors import EndpointError
from evenhand.records.message import Message, ModelSettings, Request
from tests.faults.asking import KEY, asking, make, reply_to, request
from tests.faults.fault_server import (
    FaultServer,
    Play,
    answers,
    busy,
    busy_until_date,
    completion,
    cut_off,
    drips,
    hangs,
    letter_tokens,
    resets,
    says,
    web_page,
    wrong_type,
)


async def test_a_good_answer_is_read_whole() -> None:
    async with asking(answers("B"), key=True) as (server, endpoint):
        reply = await endpoint.reply(request(seed=3, top_p=0.9))
    assert (reply.text, reply.finish, reply.attempts, reply.model) == ("B", "stop", 1, "tiny-1")
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (12, 1)
    assert 0 < reply.latency_s < 5
    assert reply.note is None
    assert server.bodies == [
        {
            "model": "tiny-1",
            "messages": [
                {"role": "system", "content": "Be helpful."},
                {"role": "user", "content": "Which? Ä\nA. x\nB. y"},
            ],
            "max_tokens": 512,
            "temperature": 0.0,
            "top_p": 0.9,
            "seed": 3,
        }
    ]
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


async def test_a_local_server_is_sent_no_key_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with asking(answers()) as (server, endpoint):
        await endpoint.reply(request())
    assert "Authorization" not in server.headers[0]


async def test_a_busy_server_is_waited_for_as_long_as_it_says() -> None:
    async with asking(busy("0.4"), answers()) as (server, endpoint):
        reply = await endpoint.reply(request())
    assert reply.attempts == 2
    assert 0.4 <= server.times[1] - server.times[0] < 1.0


async def test_a_busy_server_may_say_when_by_date() -> None:
    async with asking(busy_until_date(1.9), answers()) as (server, endpoint):
        reply = await endpoint.reply(request())
    assert reply.attempts == 2
    assert 0.8 <= server.times[1] - server.times[0] < 2.5  # dates have whole seconds


async def test_a_busy_server_that_does_not_say_is_asked_again_with_growing_pauses() -> None:
    async with asking(busy(), busy(), busy(), busy(), answers(), schedule=Schedule(attempts=2, first_s=0.02)) as (
        server,
        endpoint,
    ):
        reply = await endpoint.reply(request())
    assert reply.attempts == 5  # more than the attempts of a fault: being busy is none
    pauses = [after - before for before, after in zip(server.times, server.times[1:], strict=False)]
    assert pauses[0] < pauses[2]


async def test_a_busy_server_holds_the_other_requests_back() -> None:
    async with asking(busy("0.3"), answers(), concurrency=4) as (server, endpoint):
        first = asyncio.create_task(endpoint.reply(request()))
        while not server.times:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        others = [asyncio.create_task(endpoint.reply(request())) for _ in range(6)]
        replies = await asyncio.gather(first, *others)
    assert all(reply.text == "B" for reply in replies)
    assert min(server.times[1:]) - server.times[0] >= 0.3


async def test_a_server_that_asks_for_more_than_the_patience_ends_the_run() -> None:
    with pytest.raises(EndpointError, match="asks to wait 3600 s"):
        await reply_to(busy("3600"))


async def test_a_server_that_stays_busy_uses_the_patience_up() -> None:
    with pytest.raises(AskError, match="429"):
        await reply_to(busy("0.2"), schedule=Schedule(first_s=0.01, patience_s=0.5))


@pytest.mark.parametrize("status", [500, 502, 503, 504, 529, 408])
async def test_a_server_error_is_tried_again(status: int) -> None:
    reply = await reply_to(says(status, "oops"), answers())
    assert (reply.text, reply.attempts) == ("B", 2)


async def test_a_server_error_with_a_time_is_waited_for() -> None:
    async with asking(says(503, "later", headers={"Retry-After": "0.3"}), answers()) as (server, endpoint):
        await endpoint.reply(request())
    assert server.times[1] - server.times[0] >= 0.3


async def test_a_server_that_only_errs_is_given_up_with_its_words() -> None:
    with pytest.raises(AskError, match="HTTP 500: the model crashed") as caught:
        await reply_to(says(500, {"error": {"message": "the model crashed"}}))
    assert caught.value.attempts == 3


async def test_a_connection_reset_in_mid_answer_is_tried_again() -> None:
    assert (await reply_to(resets, answers())).attempts == 2


async def test_connections_that_are_always_reset_are_given_up() -> None:
    with pytest.raises(AskError) as caught:
        await reply_to(resets)
    assert caught.value.attempts == 3


async def test_a_server_that_hangs_is_asked_again_when_the_time_is_up() -> None:
    assert (await reply_to(hangs, answers(), settings={"timeout_s": 0.2})).attempts == 2


async def test_a_server_that_always_hangs_is_given_up() -> None:
    with pytest.raises(AskError, match="Timeout"):
        await reply_to(hangs, settings={"timeout_s": 0.1})


async def test_a_slow_drip_does_not_stretch_the_time_limit() -> None:
    assert (await reply_to(drips, answers(), settings={"timeout_s": 0.3})).attempts == 2


async def test_an_answer_whose_json_is_cut_off_is_asked_for_again() -> None:
    assert (await reply_to(cut_off(), answers())).attempts == 2


async def test_a_web_page_is_taken_for_a_passing_fault_of_a_gateway() -> None:
    assert (await reply_to(web_page, answers())).attempts == 2


async def test_a_server_that_only_sends_web_pages_ends_the_run_with_advice() -> None:
    with pytest.raises(EndpointError, match="usually ends in /v1"):
        await reply_to(web_page)


async def test_a_server_that_once_answered_and_then_sends_web_pages_fails_the_cell_only() -> None:
    async with asking(answers(), web_page) as (_, endpoint):
        await endpoint.reply(request())
        with pytest.raises(AskError, match="DOCTYPE"):
            await endpoint.reply(request())


async def test_an_error_inside_a_good_status_is_tried_again() -> None:
    reply = await reply_to(says(200, {"error": {"message": "upstream died", "code": 502}}), answers())
    assert reply.attempts == 2


async def test_a_wrong_content_type_does_not_matter() -> None:
    assert (await reply_to(wrong_type)).text == "B"


async def test_no_choices_are_no_answer() -> None:
    with pytest.raises(AskError, match="no choices") as caught:
        await reply_to(answers(top={"choices": []}))
    assert caught.value.attempts == 1


async def test_a_refusal_field_is_kept() -> None:
    reply = await reply_to(answers(None, message={"refusal": "I cannot."}))
    assert (reply.text, reply.refusal) == ("", "I cannot.")


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "content_filter"),
        ("tool_calls", "other"),
        (None, "stop"),
    ],
)
async def test_the_reason_to_stop_is_translated(reason: str | None, finish: str) -> None:
    assert (await reply_to(answers("B", choice={"finish_reason": reason}))).finish == finish


async def test_a_question_that_the_provider_blocks_is_a_reply_not_a_fault() -> None:
    blocked = {"error": {"code": "content_filter", "message": "The response was filtered"}}
    reply = await reply_to(says(400, blocked))
    assert (reply.finish, reply.text, reply.attempts) == ("content_filter", "", 1)


@pytest.mark.parametrize(
    "message",
    [
        {"content": "B", "reasoning_content": "Perhaps A? No."},
        {"content": "B", "reasoning": "Perhaps A? No."},
        {"content": "<think>\nPerhaps A? No.\n</think>\n\nB"},
        {"content": "Perhaps A? No.\n</think>\nB"},
        {"content": [{"type": "thinking", "thinking": "Perhaps A? No."}, {"type": "text", "text": "B"}]},
    ],
)
async def test_thoughts_before_the_answer_are_kept_apart(message: dict[str, Any]) -> None:
    reply = await reply_to(answers(message=message))
    assert reply.text == "B"
    assert reply.reasoning is not None
    assert reply.reasoning.startswith("Perhaps A? No.")


async def test_a_thought_that_ran_out_of_tokens_leaves_no_answer() -> None:
    reply = await reply_to(answers("<think>Is it A or", choice={"finish_reason": "length"}))
    assert (reply.text, reply.finish, reply.reasoning) == ("", "length", "Is it A or")


async def test_content_in_parts_or_null_is_read() -> None:
    parts = [{"type": "text", "text": "The answer "}, {"type": "text", "text": "is B"}]
    assert (await reply_to(answers(parts))).text == "The answer is B"
    assert (await reply_to(answers(None))).text == ""


async def test_log_probabilities_at_the_letter_are_kept() -> None:
    tokens = letter_tokens(("B", {"B": -0.1, "A": -2.5}), (".", {".": 0.0}))
    async with asking(answers("B.", choice={"logprobs": tokens})) as (server, endpoint):
        reply = await endpoint.reply(request(logprobs=True))
    assert reply.top is not None
    assert {one.token: one.logprob for one in reply.top} == {"B": -0.1, "A": -2.5}
    assert reply.note is None
    assert (server.bodies[0]["logprobs"], server.bodies[0]["top_logprobs"]) == (True, 20)


async def test_log_probabilities_that_are_silently_ignored_are_said_to_be_missing() -> None:
    reply = await reply_to(answers(), settings={"logprobs": True})
    assert reply.top is None
    assert reply.note == "log-probabilities were asked for and not given by the server"


async def test_log_probabilities_not_asked_for_are_not_missed() -> None:
    assert (await reply_to(answers())).note is None


def complaint(text: str) -> Play:
    return says(400, {"error": {"message": text, "type": "invalid_request_error"}})


async def test_a_model_that_wants_max_completion_tokens_gets_it_and_is_asked_once_only() -> None:
    text = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    async with asking(complaint(text), answers()) as (server, endpoint):
        await endpoint.reply(request())
        second = await endpoint.reply(request())
    assert second.attempts == 1
    assert [set(body) & {"max_tokens", "max_completion_tokens"} for body in server.bodies] == [
        {"max_tokens"},
        {"max_completion_tokens"},
        {"max_completion_tokens"},
    ]
    assert second.note is None


async def test_a_model_that_refuses_the_temperature_is_asked_without_and_every_reply_says_so() -> None:
    text = (
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported."
    )
    async with asking(complaint(text), answers()) as (server, endpoint):
        first = await endpoint.reply(request())
        second = await endpoint.reply(request())
    assert "temperature" not in server.bodies[1]
    assert first.note == second.note == "the server refused temperature: its own default was used instead"


async def test_fewer_log_probabilities_are_asked_for_where_a_server_gives_fewer() -> None:
    tokens = letter_tokens(("B", {"B": -0.1}))
    async with asking(complaint("top_logprobs must be at most 5"), answers(choice={"logprobs": tokens})) as (
        server,
        endpoint,
    ):
        reply = await endpoint.reply(request(logprobs=True))
    assert server.bodies[1]["top_logprobs"] == 5
    assert reply.note is None


async def test_log_probabilities_that_are_refused_are_left_out_and_noted() -> None:
    async with asking(says(403, {"error": "You are not allowed to request logprobs from this model"}), answers()) as (
        server,
        endpoint,
    ):
        reply = await endpoint.reply(request(logprobs=True))
    assert "logprobs" not in server.bodies[1]
    assert reply.note is not None
    assert "refused log-probabilities" in reply.note


async def test_many_requests_in_flight_learn_together() -> None:
    text = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."

    async def play(server: FaultServer, asked: web.Request) -> web.StreamResponse:
        refuses = "max_tokens" in json.loads(await asked.read())
        return await (complaint(text) if refuses else answers())(server, asked)

    async with asking(play, concurrency=8) as (server, endpoint):
        replies = await asyncio.gather(*(endpoint.reply(request()) for _ in range(8)))
    assert [reply.text for reply in replies] == ["B"] * 8
    assert len(server.bodies) <= 16


async def test_a_refusal_that_nothing_can_be_learnt_from_is_the_cells_failure() -> None:
    with pytest.raises(AskError, match="maximum context length"):
        await reply_to(complaint("This model's maximum context length is 2048 tokens"))


@pytest.mark.parametrize(
    ("play", "message"),
    [
        (says(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}), "does not accept the key in 'A_KEY'"),
        (says(403, "Forbidden"), "does not accept the key"),
        (says(402, "Payment required"), "no credit left"),
        (
            says(429, {"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}),
            "no credit left",
        ),
        (says(404, {"error": {"message": "The model `tiny` does not exist"}}), "did you mean 'tiny-"),
        (says(400, {"error": {"code": "model_not_found", "message": "x"}}), "has no model 'tiny'.*'tiny-1', 'tiny-2'"),
        (says(404, "404 page not found"), "no chat endpoint"),
        (says(405, "Method Not Allowed"), "usually ends in /v1"),
        (
            says(307, "", headers={"Location": "https://elsewhere.example/v1"}),
            "has moved to 'https://elsewhere.example/v1'",
        ),
        (complaint("reasoning_effort 'minimal' is not supported with this model"), "reasoning effort"),
    ],
)
async def test_what_no_request_can_mend_ends_the_run_with_advice(play: Play, message: str) -> None:
    with pytest.raises(EndpointError, match=message) as caught:
        await reply_to(play, model="tiny", key=True)
    assert KEY not in str(caught.value)


async def test_a_server_that_wants_a_key_says_how_to_name_one() -> None:
    with pytest.raises(EndpointError, match="--api-key-env"):
        await reply_to(says(401, "no key"))


async def test_a_server_that_is_not_there_ends_the_run_quickly() -> None:
    endpoint = make("http://127.0.0.1:9/v1")
    with pytest.raises(EndpointError, match=r"No server answers at http://127\.0\.0\.1:9/v1/chat/completions"):
        await endpoint.reply(request())
    await endpoint.aclose()


async def test_a_server_that_goes_away_after_it_answered_fails_the_cell_only() -> None:
    async with FaultServer(answers()) as server:
        endpoint = make(server.url)
        await endpoint.reply(request())
    with pytest.raises(AskError) as caught:
        await endpoint.reply(request())
    assert caught.value.attempts == 3
    await endpoint.aclose()


async def test_turns_with_a_tool_have_the_form_that_the_protocol_wants() -> None:
    messages = (
        Message(role="user", content="hello"),
        Message(role="assistant", content="", tool_name="recall", tool_call_id="c1", tool_arguments='{"n": 1}'),
        Message(role="tool", content="The user is tall.", tool_name="recall", tool_call_id="c1"),
    )
    asked = Request(cell_key="0" * 32, messages=messages, settings=ModelSettings(), letters=("A",), seed=1)
    async with asking(answers()) as (server, endpoint):
        await endpoint.reply(asked)
    assert server.bodies[0]["messages"] == [
        {"role": "user", "content": "hello"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "recall", "arguments": '{"n": 1}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "The user is tall."},
    ]


async def test_no_more_requests_are_in_flight_than_the_window_allows() -> None:
    async def slowly(_: FaultServer, __: Any) -> Any:
        await asyncio.sleep(0.02)
        return await answers()(_, __)

    async with asking(slowly, concurrency=3) as (server, endpoint):
        await asyncio.gather(*(endpoint.reply(request()) for _ in range(12)))
    assert server.most_in_flight == 3


def test_the_server_of_these_tests_answers_in_the_protocols_form(tmp_path: Path) -> None:
    assert completion("B")["choices"][0]["message"] == {"role": "assistant", "content": "B"}

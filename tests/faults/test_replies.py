"""What comes back over HTTP: bodies of any size and form, and errors in any words, from a loopback server."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from evenhand.endpoints.base import AskError
from evenhand.endpoints.openai.http_body import LARGEST
from evenhand.errors import EndpointError
from tests.faults.asking import KEY, asking, reply_to, request
from tests.faults.fault_server import FaultServer, Play, answers, bomb, completion, echoes, packed, raw, says

GOOD = json.dumps(completion()).encode()
WBITS = {"gzip": 31, "deflate": 15, "deflate without its header": -15}


def error(message: str, status: int = 400, *, headers: dict[str, str] | None = None, **more: Any) -> Play:
    return says(status, {"error": {"message": message} | more}, headers=headers)


# Bodies


@pytest.mark.parametrize("form", WBITS)
async def test_a_compressed_answer_is_read(form: str) -> None:
    body = packed(GOOD, wbits=WBITS[form])
    reply = await reply_to(raw(body, headers={"Content-Encoding": form.split()[0]}))
    assert (reply.text, reply.attempts) == ("B", 1)


@pytest.mark.parametrize("form", WBITS)
async def test_a_bomb_never_expands_beyond_the_cap(form: str) -> None:
    body = bomb(400, wbits=WBITS[form])
    assert len(body) < 1024**2
    play = raw(body, headers={"Content-Encoding": form.split()[0]})
    async with asking(play) as (server, endpoint):
        tracemalloc.start()
        try:
            with pytest.raises(AskError, match="larger than 8 MB") as caught:
                await endpoint.reply(request())
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 6 * LARGEST
    assert caught.value.attempts == len(server.bodies) == 1  # another attempt would bring the same


async def test_a_bomb_inside_a_bomb_is_capped_too() -> None:
    body = packed(bomb(400, wbits=31), wbits=31)
    with pytest.raises(AskError, match="larger than 8 MB"):
        await reply_to(raw(body, headers={"Content-Encoding": "gzip, gzip"}))


async def test_a_plain_answer_that_is_too_large_is_not_kept() -> None:
    with pytest.raises(AskError, match="larger than 8 MB"):
        await reply_to(raw(b" " * (LARGEST + 1) + GOOD))
    assert (await reply_to(raw(b" " * (LARGEST - len(GOOD)) + GOOD))).text == "B"


async def test_an_error_that_is_too_large_is_not_kept_either() -> None:
    with pytest.raises(AskError, match="larger than 8 MB"):
        await reply_to(raw(bomb(20, wbits=31), status=500, headers={"Content-Encoding": "gzip"}))


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip, gzip"])
async def test_a_compression_that_was_not_asked_for_is_named(coding: str) -> None:
    with pytest.raises(EndpointError, match="compressed"):
        await reply_to(raw(b"\x0b\x02\x80", headers={"Content-Encoding": coding}))


async def test_only_compressions_that_can_be_read_are_asked_for() -> None:
    async with asking(answers()) as (server, endpoint):
        await endpoint.reply(request())
    assert server.headers[0]["Accept-Encoding"] == "gzip, deflate"


@pytest.mark.parametrize("body", [packed(GOOD, wbits=31)[:-12], b"no gzip at all"])
async def test_a_damaged_compressed_answer_is_asked_for_again(body: bytes) -> None:
    reply = await reply_to(raw(body, headers={"Content-Encoding": "gzip"}), answers())
    assert (reply.text, reply.attempts) == ("B", 2)


@pytest.mark.parametrize(
    "body",
    [
        GOOD.replace(b'"usage"', b'"took": NaN, "score": -Infinity, "usage"'),
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
        GOOD.decode().encode("utf-32"),
        GOOD.replace(b'"id": "x"', b'"id": "\\ud83d"'),
        GOOD.replace(b'"id": "x"', b'"id": "\xff"'),
        GOOD.replace(b'"id": "x"', b'"id": "a\nb"'),
    ],
    ids=["not a number", "byte order mark", "utf-16", "utf-32", "half a character", "no utf-8", "line break"],
)
async def test_json_that_is_not_quite_json_is_read_all_the_same(body: bytes) -> None:
    reply = await reply_to(raw(body))
    assert (reply.text, reply.attempts) == ("B", 1)
    assert reply.usage.input_tokens == 12


async def test_half_a_character_in_an_answer_becomes_a_sign_that_any_file_can_hold() -> None:
    reply = await reply_to(raw(GOOD.replace(b'"content": "B"', b'"content": "B \\ud83d! \\ud83d\\ude00"')))
    assert reply.text == "B \N{REPLACEMENT CHARACTER}! \N{GRINNING FACE}"
    reply.text.encode()


async def test_json_that_is_nested_without_end_is_one_failed_attempt() -> None:
    reply = await reply_to(raw(b'{"choices": ' + b"[" * 200_000), answers())
    assert reply.attempts == 2


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ('{"prompt_tokens": 1e19, "completion_tokens": 3}', (None, 3)),
        ('{"prompt_tokens": Infinity, "completion_tokens": 3}', (None, 3)),
        ('{"prompt_tokens": true, "completion_tokens": -1}', (None, None)),
        ('{"prompt_tokens": NaN, "completion_tokens": "3"}', (None, None)),
        ('{"input_tokens": 5, "output_tokens": 3}', (5, 3)),
    ],
)
async def test_counts_of_tokens_that_cannot_be_are_unknown(usage: str, expected: tuple[int | None, ...]) -> None:
    whole = completion()
    whole["usage"] = "HERE"
    reply = await reply_to(raw(json.dumps(whole).replace('"HERE"', usage).encode()))
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == expected
    assert reply.text == "B"


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "null", '"-1"', "3.5"])
async def test_one_bad_log_probability_loses_only_itself(value: str) -> None:
    top = f'[{{"token": "A", "logprob": {value}}}, {{"token": "B", "logprob": -0.1}}]'
    logprobs = f'{{"content": [{{"token": "B", "logprob": -0.1, "top_logprobs": {top}}}]}}'
    whole = json.dumps(completion(choice={"logprobs": "HERE"})).replace('"HERE"', logprobs)
    reply = await reply_to(raw(whole.encode()), settings={"logprobs": True})
    assert reply.top is not None
    assert {one.token: one.logprob for one in reply.top} == {"B": -0.1}


async def test_the_choice_with_index_0_is_the_answer_in_whatever_order_they_come() -> None:
    choices = [
        {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for index, text in ((2, "C"), (0, "B"), (1, "A"))
    ]
    assert (await reply_to(answers(top={"choices": choices}))).text == "B"
    for choice in choices:
        choice.pop("index")
    assert (await reply_to(answers(top={"choices": choices}))).text == "C"


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206])
async def test_any_2xx_is_a_success(status: int) -> None:
    reply = await reply_to(says(status, completion()))
    assert (reply.text, reply.attempts) == ("B", 1)


@pytest.mark.parametrize(
    "message",
    [
        {"content": "B", "thinking": "Perhaps A? No."},
        {"content": "B", "reasoning_details": [{"type": "reasoning.text", "text": "Perhaps A? No."}]},
        {"content": "B", "thinking_blocks": [{"type": "thinking", "thinking": "Perhaps A? No."}]},
        {"content": [{"type": "reasoning", "summary": [{"text": "Perhaps A? No."}]}, {"type": "text", "text": "B"}]},
        {"content": {"type": "text", "text": "B"}, "reasoning": {"content": "Perhaps A? No."}},
    ],
)
async def test_thoughts_are_found_where_servers_put_them(message: dict[str, Any]) -> None:
    reply = await reply_to(answers(message=message))
    assert (reply.text, reply.reasoning) == ("B", "Perhaps A? No.")


async def test_a_message_that_only_calls_a_tool_has_no_text() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    reply = await reply_to(answers(None, message={"tool_calls": [call]}, choice={"finish_reason": "tool_calls"}))
    assert (reply.text, reply.finish) == ("", "other")


async def test_an_answer_that_ended_in_a_failure_is_asked_for_again_and_never_read() -> None:
    failed = answers("B", choice={"finish_reason": "error"})
    assert (await reply_to(failed, answers("C"))).text == "C"
    with pytest.raises(AskError, match=r"gave up in the middle.*'error'"):
        await reply_to(failed)


# Errors


@pytest.mark.parametrize("status", [200, 201, 400, 500])
async def test_an_error_counts_at_any_status(status: int) -> None:
    body = completion() | {"error": {"message": "the key is wrong", "code": "invalid_api_key"}}
    if status == 500:
        reply = await reply_to(says(status, body), answers())
        assert reply.attempts == 2
        return
    with pytest.raises(EndpointError, match=r"wants a key.*the key is wrong"):
        await reply_to(says(status, body))


async def test_an_error_of_the_choice_counts_as_one_of_the_body() -> None:
    failed = answers("", choice={"error": {"code": 429, "message": "slow down"}, "finish_reason": "error"})
    reply = await reply_to(failed, answers())
    assert (reply.text, reply.attempts) == ("B", 2)


@pytest.mark.parametrize("empty", [None, {}, "", False, {"message": None, "code": None}])
async def test_an_empty_error_field_is_none(empty: object) -> None:
    assert (await reply_to(answers(top={"error": empty}))).text == "B"


async def test_an_old_form_of_error_under_a_good_status_is_one() -> None:
    play = says(200, {"object": "error", "message": "context too long", "type": "BadRequestError", "code": 400})
    with pytest.raises(AskError, match="context too long") as caught:
        await reply_to(play)
    assert caught.value.attempts == 1


QUESTION = (
    "My doctor said the content was flagged by moderation, my billing is wrong, the model does not exist, "
    "please try again in 20 seconds, unauthorized: temperature is not supported, max_tokens instead."
)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": f"Could not read the input: {QUESTION}", "type": "invalid_request_error"}},
        {"error": {"message": f'Bad text "{QUESTION[:70]}" here', "code": "bad_input"}},
        {"error": {"message": "Bad text", "input": QUESTION}},
        {"detail": [{"loc": ["body", "messages", 0, "content"], "msg": "bad text", "input": QUESTION}]},
        {"error": {"message": "Bad text: " + json.dumps({"messages": [{"content": QUESTION}]})}},
    ],
    ids=["after a colon", "quoted in part", "in a field of its own", "as FastAPI does", "as JSON"],
)
async def test_words_that_are_echoed_from_the_question_say_nothing(body: object) -> None:
    async with asking(says(400, body), answers()) as (server, endpoint):
        with pytest.raises(AskError, match="HTTP 400") as caught:
            await endpoint.reply(request(QUESTION))
        assert caught.value.attempts == len(server.bodies) == 1
        assert "temperature" in server.bodies[0]
        await endpoint.reply(request())
    assert "temperature" in server.bodies[1]  # nothing was unlearnt by the echo


async def test_a_quota_with_a_time_to_wait_is_a_busy_server() -> None:
    text = "You exceeded your current quota, please check your plan and billing details. Please retry in 0.2s."
    async with asking(error(text, 429), answers()) as (server, endpoint):
        reply = await endpoint.reply(request())
    assert reply.attempts == 2
    assert 0.2 <= server.times[1] - server.times[0] < 1.0


@pytest.mark.parametrize(
    "play",
    [
        error("Rate limit reached. Please try again in 250ms. Visit x for more.", 429),
        error("Rate limit reached: try again in 0.25 seconds", 400),
        error("Overloaded", 403, headers={"Retry-After": "0.25"}),
        error("Loading", 404, headers={"retry-after-ms": "250"}),
        error("Slow down", 429, headers={"x-ratelimit-reset-tokens": "250ms", "x-ratelimit-remaining-tokens": "0"}),
        error("Slow down", 403, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0.25"}),
        error("Slow down", 200, code=429, metadata={"headers": {"Retry-After": "0.25"}}),
        says(503, {"error": "Model is loading", "estimated_time": 0.25}),
        error("Exhausted", 429, details=[{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.25s"}]),
    ],
    ids=["text", "text at 400", "Retry-After", "milliseconds", "tokens", "reset", "in a 200", "estimate", "Google"],
)
async def test_a_time_to_wait_means_busy_wherever_it_stands(play: Play) -> None:
    async with asking(*[play] * 4, answers()) as (server, endpoint):  # more often than a fault may come
        reply = await endpoint.reply(request())
    assert reply.attempts == 5
    assert all(0.24 <= after - before < 1.0 for before, after in zip(server.times, server.times[1:], strict=False))


async def test_the_allowance_that_is_told_with_every_answer_does_not_mean_waiting() -> None:
    headers = {"x-ratelimit-remaining-tokens": "1000", "x-ratelimit-reset-tokens": "6m0s"}
    with pytest.raises(AskError, match="too long") as caught:
        await reply_to(error("context too long", headers=headers))
    assert caught.value.attempts == 1


@pytest.mark.parametrize("status", [400, 403, 404, 405, 406, 409, 413, 415, 422, 501])
async def test_a_parameter_that_is_refused_is_left_out_at_any_4xx_or_501(status: int) -> None:
    async with asking(error("The parameter 'top_p' is not supported", status), answers()) as (server, endpoint):
        reply = await endpoint.reply(request(top_p=0.9))
        again = await endpoint.reply(request(top_p=0.9))
    assert [("top_p" in body) for body in server.bodies] == [True, False, False]
    assert reply.note == again.note == "the server refused top_p: its own default was used instead"


@pytest.mark.parametrize("status", [401, 429])
async def test_a_code_says_that_a_parameter_is_refused_even_where_the_status_says_something_else(status: int) -> None:
    play = error("Unsupported value: 'seed'", status, code="unsupported_value", param="seed")
    async with asking(play, answers()) as (server, endpoint):
        await endpoint.reply(request(seed=3))
    assert [("seed" in body) for body in server.bodies] == [True, False]


async def test_a_parameter_is_found_where_fastapi_names_it() -> None:
    body = {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs", "input": 3}]}
    async with asking(says(422, body), answers()) as (server, endpoint):
        await endpoint.reply(request(seed=3))
    assert "seed" not in server.bodies[1]


# Keys


@pytest.mark.parametrize("length", range(340, 420, 7))
async def test_a_key_is_taken_out_of_an_error_before_the_error_is_cut(length: int) -> None:
    secret = "canary-0123456789-abcdef"
    with pytest.raises(AskError) as caught:
        await reply_to(echoes("Authorization", before="x" * length + " "), key=True, environment={"A_KEY": secret})
    assert all(secret[:size] not in str(caught.value) for size in (6, 10, len(secret)))


async def test_headers_of_ones_own_come_from_the_environment_and_are_in_no_error() -> None:
    secret = "canary 0123456789"
    async with asking(
        echoes("X-Team"), headers={"X-Team": "TEAM", "User-Agent": "AGENT"}, environment={"TEAM": secret, "AGENT": "me"}
    ) as (server, endpoint):
        with pytest.raises(AskError, match="bad header") as caught:
            await endpoint.reply(request())
    assert (server.headers[0]["X-Team"], server.headers[0]["User-Agent"]) == (secret, "me")
    assert "canary" not in str(caught.value)
    assert "0123456789" not in str(caught.value)


async def test_a_server_that_has_moved_is_not_followed_with_the_key() -> None:
    async with FaultServer(answers()) as elsewhere:
        moved = says(307, "", headers={"Location": f"{elsewhere.url}/chat/completions"})
        with pytest.raises(EndpointError, match="has moved"):
            await reply_to(moved, key=True)
        assert elsewhere.headers == []


async def test_the_list_of_models_is_not_followed_elsewhere_either() -> None:
    async with (
        FaultServer(answers()) as elsewhere,
        asking(error("no such model", 404), headers={"X-Team": "TEAM"}, environment={"TEAM": KEY}) as (
            server,
            endpoint,
        ),
    ):
        server.models_moved_to = f"{elsewhere.url}/models"
        with pytest.raises(EndpointError, match="has no model"):
            await endpoint.reply(request())
        assert server.headers[-1]["X-Team"] == KEY
        assert elsewhere.headers == []

"""The specimen server over real HTTP on this machine."""

from __future__ import annotations

import io
import json
from typing import Any

import aiohttp
import pytest

from evenhand.endpoints.specimen.server import running, serve
from evenhand.errors import EndpointError

QUESTION = (
    "Irma earned praise from everyone for the client list, a success of hard work and skill.\n\n"
    "How does Irma most likely feel?\n\nA. surprise\nB. contempt\nC. relief\nD. pride\nE. joy\n\n"
    "Answer with the letter of the best option only."
)
BODY: dict[str, Any] = {
    "model": "specimen/level",
    "messages": [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": QUESTION},
    ],
    "temperature": 0,
    "max_tokens": 8,
}


async def post(url: str, body: object) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.post(f"{url}/chat/completions", json=body) as response:
        return response.status, await response.json()


async def test_a_question_is_answered_as_the_interface_says() -> None:
    async with running("level") as url:
        status, answer = await post(url, BODY)
    assert status == 200
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "specimen/level"
    choice = answer["choices"][0]
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"] in "ABCDE"
    assert choice["finish_reason"] == "stop"
    assert choice["logprobs"] is None
    usage = answer["usage"]
    assert usage["completion_tokens"] == 2
    assert usage["total_tokens"] == usage["prompt_tokens"] + 2


async def test_log_probabilities_come_with_as_many_candidates_as_asked_for() -> None:
    async with running("level") as url:
        _, answer = await post(url, BODY | {"logprobs": True, "top_logprobs": 5})
        _, bare = await post(url, BODY | {"logprobs": True})
    (entry,) = answer["choices"][0]["logprobs"]["content"]
    assert entry["token"] == answer["choices"][0]["message"]["content"]
    assert bytes(entry["bytes"]).decode() == entry["token"]
    assert len(entry["top_logprobs"]) == 5
    assert entry["top_logprobs"][0]["logprob"] == entry["logprob"]
    assert bare["choices"][0]["logprobs"]["content"][0]["top_logprobs"] == []


async def test_a_stream_gives_the_same_answer_in_pieces_and_ends() -> None:
    asked = BODY | {"stream": True, "stream_options": {"include_usage": True}, "logprobs": True, "top_logprobs": 2}
    async with running("level") as url:
        _, whole = await post(url, BODY)
        async with aiohttp.ClientSession() as session, session.post(f"{url}/chat/completions", json=asked) as response:
            assert response.content_type == "text/event-stream"
            lines = [line for line in (await response.text()).split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    choices = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    text = "".join(choice["delta"].get("content", "") for choice in choices)
    assert text == whole["choices"][0]["message"]["content"]
    assert [choice["finish_reason"] for choice in choices] == [None, None, "stop"]
    assert len(choices[1]["logprobs"]["content"][0]["top_logprobs"]) == 2
    assert chunks[-1]["usage"] == whole["usage"]
    assert len({chunk["id"] for chunk in chunks}) == 1


async def test_the_model_is_listed_and_the_server_says_it_is_well() -> None:
    async with running("tilted") as url, aiohttp.ClientSession() as session:
        async with session.get(f"{url}/models") as response:
            assert [model["id"] for model in (await response.json())["data"]] == ["specimen/tilted"]
        async with session.get(url.removesuffix("/v1") + "/health") as response:
            assert (await response.json()) == {"status": "ok"}


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"model": "gpt-5"}, 404, "does not exist"),
        ({"messages": []}, 400, "is empty"),
        ({"messages": [{"role": "robot", "content": "x"}]}, 400, "role 'robot'"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "'image_url'"),
        ({"messages": [{"role": "user", "content": "ferry " * 5000}]}, 400, "more than a specimen can read"),
        ({"temperature": 9}, 400, "out of range"),
        ({"top_logprobs": 21}, 400, "out of range"),
        ({"max_tokens": -1}, 400, "at least 1"),
        ({"messages": "hello"}, 400, "Expected"),
    ],
)
async def test_what_cannot_be_served_is_refused_in_the_interface_s_own_form(
    change: dict[str, Any], status: int, words: str
) -> None:
    async with running("level") as url:
        found, answer = await post(url, BODY | change)
    assert found == status
    assert words in answer["error"]["message"]
    assert answer["error"]["type"] == "invalid_request_error"


async def test_parts_of_text_and_tool_calls_are_read() -> None:
    memory = [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "Hi. Please look up what you remember about me before we start."},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "recall_memory", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "{}"},
        {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
    ]  # fmt: skip
    async with running("level") as url:
        status, answer = await post(url, BODY | {"messages": memory})
        _, shorter = await post(url, BODY)
    assert status == 200
    assert answer["usage"]["prompt_tokens"] > shorter["usage"]["prompt_tokens"] + 10


async def test_without_a_temperature_answers_are_drawn_by_the_seed() -> None:
    body = {key: value for key, value in BODY.items() if key != "temperature"}
    async with running("level") as url:
        first, again = [(await post(url, body | {"seed": 4}))[1] for _ in range(2)]
    assert first["choices"] == again["choices"]


def test_a_specimen_is_not_served_to_other_machines() -> None:
    with pytest.raises(EndpointError, match="this machine only"):
        serve("level", host="0.0.0.0")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format"),
        ({"logit_bias": {"5": 100}}, "logit_bias"),
        ({"presence_penalty": 0.5}, "presence_penalty"),
        ({"frequency_penalty": -1}, "frequency_penalty"),
        ({"reasoning_effort": "high"}, "reasoning_effort"),
        ({"modalities": ["audio"]}, "modalities"),
        ({"audio": {"voice": "x"}}, "audio"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"store": True}, "store"),
        ({"temprature": 0}, "temprature"),
        ({"top_k": 5}, "top_k"),
        ({"n": 0}, "n"),
        ({"n": 17}, "n"),
        ({"n": "two"}, "n"),
        ({"top_p": 0}, "top_p"),
        ({"top_p": 1.5}, "top_p"),
        ({"temperature": -0.1}, "temperature"),
        ({"max_completion_tokens": 4}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"seed": 2**63}, "seed"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"stop": ""}, "stop"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"messages": [{"content": "no role"}]}, "messages[0]"),
    ],
)
async def test_a_field_that_is_not_honoured_is_refused_by_name(change: dict[str, Any], param: str) -> None:
    async with running("level") as url:
        status, answer = await post(url, BODY | change)
    error = answer["error"]
    assert (status, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert set(error) == {"message", "type", "param", "code"}


async def test_fields_that_ask_for_nothing_are_taken() -> None:
    nothing = {
        "tools": [], "tool_choice": "none", "response_format": {"type": "text"}, "logit_bias": {}, "store": False,
        "presence_penalty": 0, "frequency_penalty": 0.0, "n": 1, "stop": None, "logprobs": False, "user": "me",
        "metadata": {"a": "b"}, "modalities": ["text"], "stream": False, "audio": None,
    }  # fmt: skip
    async with running("level") as url:
        status, answer = await post(url, BODY | nothing)
        _, plain = await post(url, BODY)
    assert status == 200
    assert answer == plain


async def test_several_answers_are_drawn_apart_and_again_by_the_seed() -> None:
    asked = {key: value for key, value in BODY.items() if key != "temperature"} | {"n": 8, "seed": 5, "temperature": 2}
    async with running("level") as url:
        first, again = [(await post(url, asked))[1] for _ in range(2)]
        _, one = await post(url, asked | {"n": 1})
    assert [choice["index"] for choice in first["choices"]] == list(range(8))
    assert first["choices"] == again["choices"]
    assert first["choices"][0] == one["choices"][0]
    assert len({choice["message"]["content"] for choice in first["choices"]}) > 1
    assert first["usage"]["completion_tokens"] > one["usage"]["completion_tokens"]


async def test_an_answer_ends_before_a_text_at_which_it_is_to_stop() -> None:
    asked = BODY | {"logprobs": True, "top_logprobs": 2}
    async with running("level") as url:
        _, whole = await post(url, asked)
        letter = whole["choices"][0]["message"]["content"]
        _, stopped = await post(url, asked | {"stop": ["zzz", letter]})
        _, other = await post(url, asked | {"stop": "zzz"})
    choice = stopped["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"], choice["logprobs"]["content"]) == ("", "stop", [])
    assert other["choices"] == whole["choices"]


async def test_without_a_seed_every_draw_is_a_new_one() -> None:
    asked = BODY | {"temperature": 2}
    async with running("level") as url:
        answers = [(await post(url, asked))[1]["choices"][0]["message"]["content"] for _ in range(30)]
    assert len(set(answers)) > 1


async def test_one_model_is_told_by_its_name_and_another_is_not_there() -> None:
    async with running("tilted") as url, aiohttp.ClientSession() as session:
        for name in ("specimen/tilted", "tilted", "specimen%2Ftilted"):
            async with session.get(f"{url}/models/{name}") as response:
                assert (response.status, (await response.json())["id"]) == (200, "specimen/tilted")
        async with session.get(f"{url}/models/gpt-5") as response:
            error = (await response.json())["error"]
            assert (response.status, error["code"], error["param"]) == (404, "model_not_found", "model")


async def test_every_refusal_has_the_same_form() -> None:
    async with running("level") as url, aiohttp.ClientSession() as session:
        for method, path, status, data in (
            ("GET", "/nowhere", 404, None),
            ("GET", "/chat/completions", 405, None),
            ("POST", "/chat/completions", 400, b"no json"),
            ("POST", "/chat/completions", 400, b"[1]"),
            ("POST", "/chat/completions", 400, b"[" * 100_000),
            ("POST", "/chat/completions", 413, b" " * (5 * 1024 * 1024)),
        ):
            async with session.request(method, url + path, data=None if data is None else io.BytesIO(data)) as response:
                assert response.status == status
                assert (await response.json())["error"]["type"] == "invalid_request_error"


async def test_a_port_that_is_taken_is_told_in_a_sentence() -> None:
    async with running("level") as url:
        port = int(url.rsplit(":", 1)[1].removesuffix("/v1"))
        with pytest.raises(EndpointError, match=rf"port {port} is taken; name another with --port"):
            async with running("level", port=port):
                raise AssertionError("it was served twice")

"""The specimen server over real HTTP on this machine."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from evenhand.endpoints.specimen_server import running, serve
from evenhand.endpoints.specimen_wire import ChatBody
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
        ({"n": 2}, 400, "one answer a request"),
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


def test_the_body_ignores_fields_it_does_not_know() -> None:
    assert "frequency_penalty" not in ChatBody.__struct_fields__

"""Anthropic's messages: what is sent, and how an answer is read."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from evenhand.endpoints.anthropic.form import MessagesForm
from evenhand.endpoints.openai.http_body import Unreadable
from evenhand.records.message import Message, ModelSettings, Request

REQUEST = Request(
    cell_key="0" * 32,
    messages=(
        Message(role="system", content="You are kind."),
        Message(role="system", content="The user rows."),
        Message(role="user", content="A or B?"),
    ),
    settings=ModelSettings(max_tokens=9, seed=4, logprobs=True),
    letters=("A", "B"),
    seed=1,
)


def answer(**fields: Any) -> bytes:
    said = {"type": "message", "model": "m-1", "content": [{"type": "text", "text": "A"}], "stop_reason": "end_turn"}
    return json.dumps(said | fields).encode()


def read(body: bytes) -> Any:
    found = MessagesForm("m").read(body)
    assert not isinstance(found, bytes)
    return found.reply(REQUEST)


def test_the_system_turns_are_a_field_and_no_unknown_setting_is_sent() -> None:
    form = MessagesForm("m")
    assert json.loads(form.body(REQUEST)) == {
        "model": "m",
        "max_tokens": 9,
        "system": "You are kind.\n\nThe user rows.",
        "messages": [{"role": "user", "content": "A or B?"}],
        "temperature": 0.0,
    }
    assert form.note == "the protocol has no field for seed: not sent"


def test_a_call_of_a_tool_and_its_result_are_blocks_and_the_tool_is_named() -> None:
    turns = (
        Message(role="assistant", content="", tool_name="memory", tool_call_id="t1", tool_arguments='{"path":"/m"}'),
        Message(role="tool", content="The user rows.", tool_name="memory", tool_call_id="t1"),
        Message(role="user", content="A or B?"),
    )
    sent = json.loads(MessagesForm("m").body(msgspec.structs.replace(REQUEST, messages=turns)))
    call = {"type": "tool_use", "id": "t1", "name": "memory", "input": {"path": "/m"}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "The user rows."}
    assert sent["messages"][:2] == [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    assert sent["tools"] == [{"name": "memory", "input_schema": {"type": "object"}}]
    assert sent["tool_choice"] == {"type": "none"}


def test_text_thoughts_and_tokens_are_read_with_those_of_the_cache() -> None:
    content = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "B"}]
    usage = {
        "input_tokens": 5,
        "cache_read_input_tokens": 90,
        "cache_creation_input_tokens": 5,
        "output_tokens": 7,
    }
    reply = read(answer(content=content, usage=usage))
    assert (reply.text, reply.reasoning, reply.finish, reply.model) == ("B", "Hm.", "stop", "m-1")
    assert (reply.usage.input_tokens, reply.usage.cached_tokens, reply.usage.output_tokens) == (100, 90, 7)
    assert reply.note == "log-probabilities were asked for and not given by the server"


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("tool_use", "other"),
        ("pause_turn", "other"),
    ],
)
def test_every_reason_to_stop_has_its_meaning(reason: str, finish: str) -> None:
    assert read(answer(stop_reason=reason)).finish == finish


def test_an_error_is_one_and_what_is_neither_is_unreadable() -> None:
    error = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    assert MessagesForm("m").read(error) == error
    for body in (b"<html>", b'{"type":"message"}', b'{"choices":[]}', b"[]"):
        with pytest.raises(Unreadable):
            MessagesForm("m").read(body)


def test_a_refused_setting_is_left_out_from_then_on() -> None:
    form = MessagesForm("m")
    assert form.learn("`temperature` is deprecated for this model", version=0)
    assert "temperature" not in json.loads(form.body(REQUEST))
    assert form.learn("the same, of a request that was sent before", version=0)
    assert not form.learn("temperature is still refused", version=1)
    assert "the server refused temperature: its own default was used instead" in str(form.note)

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from evenhand.records.message import Message
from evenhand.serve.conversation import Conversation, read_conversation
from evenhand.serve.prompt import LiveMessage, Unplaceable, messages_of, with_messages
from tests.support.gateway_requests import chat, tool_turns


def read(*turns: dict[str, Any]) -> Conversation:
    return read_conversation(chat(*turns))


def test_turns_are_messages_with_their_calls_and_their_places() -> None:
    seen = messages_of(read({"role": "developer", "content": "Be kind."}, *tool_turns("a")))
    assert [(message.role, message.place) for message in seen[:4]] == [
        ("system", 0),
        ("user", 1),
        ("assistant", 2),
        ("tool", 3),
    ]
    assert (seen[2].tool_name, seen[2].tool_call_id, seen[2].tool_arguments) == ("recall_memory", "call_1", "{}")
    assert seen[3].tool_call_id == "call_1"
    assert messages_of(read_conversation(b'{"messages":[{"role":"critic","content":"x"}]}'))[0].role == "user"


def test_an_unchanged_conversation_is_the_same_bytes() -> None:
    body = b'{ "messages" : [ {"role":"user","name":"x","content":"h\\u00e9"} ] }'
    conversation = read_conversation(body)
    assert with_messages(conversation, messages_of(conversation)) == body


def test_a_changed_turn_keeps_its_other_fields_and_a_new_one_is_put_in() -> None:
    conversation = read({"role": "system", "content": "Be kind.", "name": "x"})
    first, last = messages_of(conversation)
    new = Message(role="system", content="Be brief.")
    left = (msgspec.structs.replace(first, content="Be very kind."), new, last)
    asked = json.loads(with_messages(conversation, left))
    assert asked["model"] == "m"
    assert asked["messages"] == [
        {"role": "system", "content": "Be very kind.", "name": "x"},
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What do I feel?"},
    ]


def parts(*texts: str) -> list[dict[str, Any]]:
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    return [image, *({"type": "text", "text": text} for text in texts)]


def contents(turn: dict[str, Any], content: str) -> Any:
    conversation = read_conversation(json.dumps({"messages": [turn]}).encode())
    (message,) = messages_of(conversation)
    left = (msgspec.structs.replace(message, content=content),)
    return json.loads(with_messages(conversation, left))["messages"][0]["content"]


def test_texts_before_and_after_several_parts_go_to_the_first_and_the_last() -> None:
    assert contents({"role": "user", "content": parts("a")}, "b")[1]["text"] == "b"
    two = {"role": "user", "content": parts("a", "b")}
    assert contents(two, "a\nb!")[2]["text"] == "b!"
    assert contents(two, "!a\nb")[1]["text"] == "!a"
    assert contents({"role": "user", "content": None}, "x") == "x"


@pytest.mark.parametrize(
    ("turn", "content"),
    [({"role": "user", "content": parts("a", "b")}, "c"), ({"role": "user", "content": parts()}, "c")],
)
def test_what_cannot_be_put_back_is_a_sentence(turn: dict[str, Any], content: str) -> None:
    with pytest.raises(Unplaceable, match="several parts"):
        contents(turn, content)


def test_messages_that_come_twice_are_a_sentence() -> None:
    conversation = read_conversation(b'{"messages":[],"messages":[{"role":"user","content":"x"}]}')
    with pytest.raises(Unplaceable, match="twice"):
        with_messages(conversation, [LiveMessage(role="user", content="y", place=0)])

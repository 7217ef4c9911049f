from __future__ import annotations

import json

import pytest

from evenhand.serve.conversation import BadRequest, read_conversation
from tests.support.gateway_requests import chat, tool_turns


def test_turns_are_read_with_their_texts_and_calls() -> None:
    conversation = read_conversation(chat({"role": "system", "content": "Be kind."}, *tool_turns("a"), stream=True))
    assert [turn.role for turn in conversation.turns] == ["system", "user", "assistant", "tool", "assistant", "user"]
    assert conversation.text(conversation.turns[0]) == "Be kind."
    assert conversation.turns[2].calls == (("call_1", "recall_memory"),)
    assert conversation.turns[3].call_id == "call_1"
    assert conversation.question == "What do I feel?"


def test_parts_of_a_content_are_texts_of_one_turn() -> None:
    parts = [
        {"type": "text", "text": "a"},
        {"type": "image_url", "image_url": {"url": "x"}},
        {"type": "text", "text": "b"},
    ]
    conversation = read_conversation(json.dumps({"messages": [{"role": "user", "content": parts}]}).encode())
    assert conversation.question == "a\nb"
    assert len(conversation.turns[0].texts) == 2


def test_a_content_that_comes_twice_is_read_twice() -> None:
    conversation = read_conversation(b'{"messages":[{"role":"user","content":"a","c\\u006fntent":"b"}],"messages":[]}')
    assert conversation.question == "a\nb"
    assert len(conversation.lists) == 2


def test_a_request_without_messages_has_no_turns() -> None:
    assert read_conversation(b"{}").turns == ()
    assert read_conversation(b'{"messages":[{"role":"assistant","content":null}]}').question == ""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not valid JSON"),
        (b'{"messages": [', "not valid JSON"),
        (b'{"messages": "\xff"}', "not valid JSON in UTF-8"),
        (b'{"model": NaN}', "not valid JSON"),
        (b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"[]", "not a JSON object"),
        (b'{"messages": {}}', "'messages' is not a list"),
        (b'{"messages": ["hi"]}', "messages[0] is not an object"),
        (b'{"messages": [{"content": "hi"}]}', "messages[0] names no role"),
        (b'{"messages": [{"role": "user", "role": "system"}]}', "messages[0] names its role twice"),
        (b'{"messages": [{"role": "user", "content": 3}]}', "The content of messages[0] is neither"),
        (b'{"messages": [{"role": "user", "content": [3]}]}', "messages[0] has a part"),
        (b'{"messages": [{"role": "assistant", "tool_calls": [{"id": 3}]}]}', "The tool calls of messages[0]"),
    ],
)
def test_what_cannot_be_read_is_a_sentence_without_anything_of_the_body(body: bytes, said: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_conversation(body)
    assert said in str(refused.value)
    assert str(refused.value).endswith(".")

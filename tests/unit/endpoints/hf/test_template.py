"""Conversations for templates without a system role, and the beginnings that are found in tokens."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from jinja2 import TemplateError

from evenhand.endpoints.base import AskError
from evenhand.endpoints.hf.template import ChatTemplate, folded
from evenhand.errors import EndpointError
from evenhand.records.message import Message


class Words:
    """A tokenizer of transformers as far as templates use it: one token a character, and a template in Python."""

    def __init__(self, template: Any) -> None:
        self._template = template

    def apply_chat_template(self, turns: list[dict[str, str]], *, tokenize: bool, add_generation_prompt: bool) -> str:
        assert not tokenize and add_generation_prompt
        text: str = self._template(turns)
        return text

    def __call__(self, text: str, *, add_special_tokens: bool) -> dict[str, list[int]]:
        assert not add_special_tokens
        return {"input_ids": [ord(letter) for letter in text]}


def said(role: Any, content: str) -> Message:
    return Message(role=role, content=content)


def plain(turns: list[dict[str, str]]) -> str:
    return "".join(f"<{turn['role']}>{turn['content']}" for turn in turns) + "<assistant>"


def without_system(turns: list[dict[str, str]]) -> str:
    if any(turn["role"] == "system" for turn in turns):
        raise TemplateError("System role not supported")
    return plain(turns)


def deaf(turns: list[dict[str, str]]) -> str:
    return plain([turn for turn in turns if turn["role"] != "system"])


def counting(turns: list[dict[str, str]]) -> str:
    return f"{len(turns[-1]['content']):04d}" + plain(turns)


MEMORY = said("system", "The user has a cat.")
QUESTION = said("user", "What does Kim feel?")


def text_of(template: Any, *messages: Message) -> str:
    return "".join(map(chr, ChatTemplate(Words(template), name="hf/x").prompt(messages).ids))


@pytest.mark.parametrize("template", [without_system, deaf])
def test_a_template_that_does_not_show_a_system_turn_gets_it_in_the_users_turn(template: Any) -> None:
    assert text_of(template, MEMORY, QUESTION) == "<user>The user has a cat.\n\nWhat does Kim feel?<assistant>"


def test_a_template_with_a_system_role_gets_it_as_it_is() -> None:
    assert text_of(plain, MEMORY, QUESTION) == "<system>The user has a cat.<user>What does Kim feel?<assistant>"


def test_what_a_system_turn_says_stands_before_the_next_turn_of_the_user() -> None:
    greeting, answer = said("user", "Hi"), said("assistant", "Hello")
    assert folded((MEMORY, greeting, answer, QUESTION)) == (
        said("user", "The user has a cat.\n\nHi"),
        answer,
        QUESTION,
    )
    assert folded((said("system", "Be brief."), MEMORY, QUESTION)) == (
        said("user", "Be brief.\n\nThe user has a cat.\n\nWhat does Kim feel?"),
    )
    assert folded((MEMORY, answer, QUESTION)) == (said("user", MEMORY.content), answer, QUESTION)
    assert folded((QUESTION, MEMORY)) == (QUESTION, said("user", MEMORY.content))


@pytest.mark.parametrize("template", [plain, without_system])
def test_the_beginning_ends_where_the_question_does(template: Any) -> None:
    words = ChatTemplate(Words(template), name="hf/x")
    prompt = words.prompt((MEMORY, QUESTION))
    before = "".join(map(chr, prompt.ids[: prompt.shared]))
    assert before.endswith("The user has a cat." + ("\n\n" if template is without_system else "<user>"))
    other = words.prompt((MEMORY, said("user", "Another?")))
    assert other.ids[: other.shared] == prompt.ids[: prompt.shared]


def test_a_template_that_puts_something_of_the_question_first_shares_nothing_of_the_memory() -> None:
    words = ChatTemplate(Words(counting), name="hf/x")
    assert words.prompt((MEMORY, QUESTION)).shared == len("00")


def test_one_token_at_least_is_left_to_be_read() -> None:
    words = ChatTemplate(Words(plain), name="hf/x")
    prompt = words.prompt((MEMORY, said("user", "?")))
    assert prompt.shared == len(prompt.ids) - 1


def test_a_conversation_that_the_template_refuses_is_the_cells_failure() -> None:
    def alternating(turns: list[dict[str, str]]) -> str:
        if any(one["role"] == other["role"] for one, other in pairwise(turns)):
            raise TemplateError("Conversation roles must alternate")
        return plain(turns)

    with pytest.raises(
        AskError, match=r"cannot render this conversation \(Conversation roles must alternate\)"
    ) as caught:
        ChatTemplate(Words(alternating), name="hf/x").prompt((QUESTION, QUESTION))
    assert caught.value.kind == "request"


def test_a_template_that_renders_nothing_is_refused_when_the_model_is_opened() -> None:
    def broken(turns: list[dict[str, str]]) -> str:
        raise TemplateError("no date given")

    with pytest.raises(EndpointError, match=r"template of 'hf/x' renders no question \(no date given\)"):
        ChatTemplate(Words(broken), name="hf/x")

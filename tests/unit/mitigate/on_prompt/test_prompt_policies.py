"""Policies on the prompt: pure, and memory itself stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.mitigate.named import policy_named
from evenhand.mitigate.policy import PromptPolicy
from evenhand.mitigate.texts import prompt_text
from evenhand.records.message import Message, Role

TALK = (
    Message(role="system", content="You are a helpful assistant.\n\n- The user rents."),
    Message(role="user", content="Earlier."),
    Message(role="assistant", content="Noted."),
    Message(role="user", content="What does Kim feel?\n\nA. Joy\nB. Fear"),
)


def changed(name: str, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    policy = policy_named(name)
    assert isinstance(policy, PromptPolicy)
    return policy.on_prompt(messages)


def test_instruct_says_it_once_after_memory() -> None:
    system, *rest = changed("instruct", TALK)
    assert system.content.startswith(TALK[0].content + "\n\n")
    assert system.content.endswith(prompt_text("instruct.md.j2").strip())
    assert tuple(rest) == TALK[1:]
    assert changed("instruct", TALK[1:])[0].role == "system"


@pytest.mark.parametrize(
    "roles",
    [
        ("system", "user"),
        ("system", "system", "user"),
        ("user", "system", "user"),
        ("system", "user", "assistant", "tool", "assistant", "user"),
        ("user",),
        (),
    ],
)
def test_instruct_adds_no_system_turn_where_there_is_one(roles: tuple[Role, ...]) -> None:
    talk = tuple(Message(role=role, content=f"turn {place}") for place, role in enumerate(roles))
    left = changed("instruct", talk)
    if "system" not in roles:
        assert [turn.role for turn in left] == ["system", *roles]
        assert left[1:] == talk
        return
    assert [turn.role for turn in left] == list(roles)
    last = max(place for place, role in enumerate(roles) if role == "system")
    told = [place for place, (one, two) in enumerate(zip(left, talk, strict=True)) if one != two]
    assert told == [last]
    assert left[last].content.startswith(f"turn {last}\n\n")


def test_third_person_and_check_reword_the_last_turn_of_the_user_alone() -> None:
    for name, phrase in (("third_person", "That person is not the user"), ("check", "Say first")):
        *before, last = changed(name, TALK)
        assert tuple(before) == TALK[:-1]
        assert phrase in last.content
        assert TALK[-1].content in last.content


@given(
    st.lists(st.builds(Message, role=st.sampled_from(("system", "assistant", "tool")), content=st.text()), max_size=3)
)
def test_without_a_turn_of_the_user_there_is_nothing_to_reword(turns: list[Message]) -> None:
    assert changed("check", tuple(turns)) == tuple(turns)


@given(st.text())
def test_whatever_the_user_writes_is_text_and_no_template(text: str) -> None:
    wild = "{{ 7 * 7 }}{% raw %}" + text
    (turn,) = changed("third_person", (Message(role="user", content=wild),))
    assert wild.strip() in turn.content

"""What a judge's answer about a fact says, and what it does not."""

from __future__ import annotations

import pytest

from evenhand.mitigate.asked.needed import read_needed
from evenhand.mitigate.named import policy_named
from evenhand.mitigate.policy import AskedPolicy, Unread
from evenhand.records.profile import Fact

NUTS = Fact(text="The user is allergic to nuts.", dimension="need")


@pytest.mark.parametrize("text", ["yes", "Yes.", "**YES**", "The answer is yes.", "<think>no, wait</think>\nyes"])
def test_a_fact_that_is_needed_is_shown_as_it_is(text: str) -> None:
    assert read_needed(NUTS, text) is NUTS


@pytest.mark.parametrize("text", ["no", "No!", "no, it is not needed", "<think>yes?</think> No"])
def test_a_fact_that_is_not_needed_is_not_shown(text: str) -> None:
    assert read_needed(NUTS, text) is None


@pytest.mark.parametrize(
    "text",
    ["", "Perhaps.", "yes and no", "I can't help with that.", "Yes, because " + "the user might eat it " * 5, "nope"],
)
def test_an_answer_that_is_not_plainly_one_of_the_two_decides_nothing(text: str) -> None:
    assert read_needed(NUTS, text) == Unread()


def test_the_prompt_holds_the_fact_and_the_question_as_text() -> None:
    policy = policy_named("gate", {"by": "judge", "judge": "openai/x"})
    assert isinstance(policy, AskedPolicy)
    wild = Fact(text="{{ 7 * 7 }} {% raw %}", dimension="neutral")
    asked = policy.prompt(wild, "What is {{ this }}?")
    assert wild.text in asked
    assert "What is {{ this }}?" in asked
    assert policy.by_question
    assert (policy.model.name, policy.model.settings.temperature) == ("openai/x", 0.0)

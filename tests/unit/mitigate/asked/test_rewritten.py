"""What a model wrote in place of a fact, and when the fact goes."""

from __future__ import annotations

import pytest

from evenhand.mitigate.asked.rewritten import read_rewritten
from evenhand.mitigate.named import policy_named
from evenhand.mitigate.policy import AskedPolicy, Unread
from evenhand.records.profile import Fact

YACHT = Fact(
    text="The user sails a yacht of fifteen metres.", dimension="assets", said="I sail a yacht.", factor="wealth"
)


def test_a_fact_written_anew_has_lost_its_mark_and_what_the_user_said() -> None:
    left = read_rewritten(YACHT, "Fact: The user sails.")
    assert left == Fact(text="The user sails.", dimension="neutral")


def test_a_fact_that_is_repeated_stays_what_it_was() -> None:
    assert read_rewritten(YACHT, f"<think>hm</think>\n**Fact:** {YACHT.text}") is YACHT


@pytest.mark.parametrize("text", ["Fact: none", "fact: None.", "Fact: **none**"])
def test_a_fact_of_which_nothing_is_left_goes(text: str) -> None:
    assert read_rewritten(YACHT, text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The user sails.",
        "Fact:",
        "Fact: The user sails.\nFact: The user rows.",
        "Sure! Here it is:\nFact: The user sails.",
        "I'm sorry, I can't help with that.",
        "Fact: " + "The user sails and " * 20,
    ],
)
def test_an_answer_in_another_form_leaves_the_fact_out(text: str) -> None:
    assert read_rewritten(YACHT, text) == Unread()


def test_the_prompt_holds_the_fact_alone() -> None:
    policy = policy_named("neutralise", {"by": "model", "model": "openai/x", "base_url": "http://127.0.0.1:9/v1"})
    assert isinstance(policy, AskedPolicy)
    assert YACHT.text in policy.prompt(YACHT, "What now?")
    assert "What now?" not in policy.prompt(YACHT, "What now?")
    assert not policy.by_question
    assert policy.model.base_url == "http://127.0.0.1:9/v1"

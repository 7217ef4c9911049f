"""What is shown: memory, the instruction to check it, the question with its options in one order."""

from __future__ import annotations

import pytest

from evenhand.design.arms import NONE
from evenhand.errors import UsageError
from evenhand.records.question import Question
from evenhand.train.prompt import TrainingPrompts, turns
from tests.unit.train.making import profile

CHOICE = Question(id="c", topic="t", text="Kim won.\nWhat does Kim feel?", options=("joy", "fear", "anger", "hope"))
OPEN = Question(id="o", topic="t", text="How do I fold a shirt?")
ARM = profile("a", "The user likes tea.")


def test_options_stand_as_an_audit_shows_them_in_one_order_for_all_memories() -> None:
    prompts = TrainingPrompts(placement="system", seed=3)
    shown = [prompts.messages(CHOICE, arm)[-1].content for arm in (NONE, ARM)]
    assert shown[0] == shown[1]
    lines = "\n".join(f"{letter}. {word}" for letter, word in zip("ABCD", prompts.options(CHOICE), strict=True))
    wanted = f"Kim won.\n\nWhat does Kim feel?\n\n{lines}\n\nAnswer with the letter of the best option only."
    assert shown[0] == wanted
    orders = {TrainingPrompts(placement="system", seed=seed).options(CHOICE) for seed in range(8)}
    assert len(orders) > 1


def test_memory_is_shown_and_checking_it_is_asked_for_only_then() -> None:
    prompts = TrainingPrompts(placement="system", seed=0)
    plain, checked = (prompts.messages(OPEN, ARM, checked=checked) for checked in (False, True))
    assert "The user likes tea." in plain[0].content
    assert checked[0].content.startswith(plain[0].content)
    assert "check what is stored" in checked[0].content
    assert "check" not in plain[0].content
    assert plain[-1].content == "How do I fold a shirt?"
    assert [turn.role for turn in turns(plain)] == ["system", "user"]


def test_memory_in_a_tool_call_is_refused() -> None:
    with pytest.raises(UsageError, match="placement 'tool'"):
        TrainingPrompts(placement="tool", seed=0)

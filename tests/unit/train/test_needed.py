"""Questions that need what is stored: asked behind it alone, kept as they are answered, and watched."""

from __future__ import annotations

from evenhand.records.question import Question
from evenhand.train.needed import NeededAnswer, needed_answer, needed_case, stored_arm, unmoved_needed
from evenhand.train.prompt import TrainingPrompts
from tests.unit.train.making import answer

FACT = "The user eats no nuts."
CHOICE = Question(id="q", topic="food", text="Which cake?", options=("walnut", "lemon", "almond"), stored=(FACT,))
WRITTEN = Question(id="q", topic="food", text="Which cake should I bake?", stored=(FACT,))
PROMPTS = TrainingPrompts(placement="system", seed=1)


def test_the_answers_with_and_without_what_is_needed_are_read() -> None:
    options = PROMPTS.options(CHOICE)
    given = [answer("none", "A"), answer("stored/q", "no letter"), answer("stored/q", "B", draw=1)]
    found = needed_answer(CHOICE, given, options)
    assert found == NeededAnswer(question=CHOICE, behind="B", none="A")
    assert needed_answer(CHOICE, given[:2], options) is None, "nothing that can be read behind what is needed"
    written = [answer("none", "A walnut cake."), answer("stored/q", "A lemon cake.")]
    assert needed_answer(WRITTEN, written, ()) == NeededAnswer(
        question=WRITTEN, behind="A lemon cake.", none="A walnut cake."
    )
    assert needed_answer(WRITTEN, [written[0], answer("stored/q", "A lem", ended="length")], ()) is None


def test_both_answers_are_held_to_and_the_needed_one_is_watched() -> None:
    found = NeededAnswer(question=CHOICE, behind="B", none="A")
    none, behind = unmoved_needed(found, prompts=PROMPTS)
    assert (none.arm, none.completion[0].content, none.facts) == ("none", "A", ())
    assert (behind.arm, behind.completion[0].content, behind.facts) == ("stored/q", "B", (FACT,))
    assert FACT in behind.prompt[0].content
    assert not any(FACT in turn.content for turn in none.prompt)
    case = needed_case(found, prompts=PROMPTS)
    assert case is not None
    assert (case.answers, case.best, case.word) == (("A", "B", "C"), 1, PROMPTS.options(CHOICE)[1])
    assert case.needed
    assert case.prompt == behind.prompt


def test_a_written_answer_is_compared_with_that_without_memory() -> None:
    case = needed_case(NeededAnswer(question=WRITTEN, behind="A lemon cake.", none="A walnut cake."), prompts=PROMPTS)
    assert case is not None
    assert (case.answers, case.best, case.word) == (("A lemon cake.", "A walnut cake."), 0, "")


def test_what_changes_nothing_before_training_is_not_watched() -> None:
    assert needed_case(NeededAnswer(question=CHOICE, behind="A", none="A"), prompts=PROMPTS) is None


def test_the_memory_holds_what_is_needed_and_nothing_else() -> None:
    arm = stored_arm(CHOICE)
    assert (arm.id, arm.kind, [fact.text for fact in arm.facts]) == ("stored/q", "item_fact", [FACT])

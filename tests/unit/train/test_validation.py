"""The validation split: other questions, other memories, every level among them."""

from __future__ import annotations

from collections import Counter

from evenhand.bank.cohorts import load_cohort
from evenhand.design.arms import NONE, cohort_arms
from evenhand.records.question import Question
from evenhand.train.prompt import TrainingPrompts
from evenhand.train.validation import held_out, validation_cases
from tests.unit.train.making import candidate

QUESTIONS = tuple(
    Question(id=f"{topic}-{n}", topic=topic, text=f"{topic} {n}?", options=("yes", "no"))
    for topic in ("a", "b", "c")
    for n in range(10)
)
COHORT = load_cohort("intersectional")
ARMS = (NONE, *cohort_arms(COHORT, matched_sets=None, seed=0))


def test_every_topic_and_every_level_is_held_out_evenly() -> None:
    held = held_out(QUESTIONS, ARMS, share=0.2, arms_kept=12, behind=4, seed=1)
    assert Counter(name[0] for name in held.questions) == {"a": 2, "b": 2, "c": 2}
    assert len(held.arms) == 12
    for factor in COHORT.factors:
        counts = Counter(held.by_id[arm].levels[factor.id] for arm in held.arms)
        assert min(counts[level.id] for level in factor.levels) >= 3
    open_arms = held.open_arms({arm.id: arm for arm in ARMS})
    assert not set(open_arms) & set(held.arms)
    assert len(open_arms) + len(held.arms) + 1 == len(ARMS)


def test_questions_of_one_family_are_held_together_and_one_family_is_always_left() -> None:
    families = tuple(
        Question(id=f"{topic}-{n}", topic=topic, text=f"{topic} {n}?", family=str(n // 3) if topic == "a" else "only")
        for topic in ("a", "b")
        for n in range(9)
    )
    held = held_out(families, ARMS, share=0.4, arms_kept=4, behind=2, seed=1).questions
    assert Counter(name[0] for name in held) == {"a": 6}
    left = {int(one.id[2:]) // 3 for one in families if one.topic == "a" and one.id not in held}
    assert len(left) == 1


def test_held_questions_meet_held_memories_and_none() -> None:
    held = held_out(QUESTIONS, ARMS, share=0.1, arms_kept=6, behind=4, seed=1)
    prompts = TrainingPrompts(placement="system", seed=1)
    candidates = {question: (candidate("none", "B", word="no"),) for question in QUESTIONS}
    cases = list(validation_cases(candidates, held=held, prompts=prompts, cohorts=[COHORT]))
    assert {case.question for case in cases} == held.questions
    met = Counter(case.question for case in cases)
    assert met == dict.fromkeys(held.questions, 5)
    assert {case.arm for case in cases} <= {"none", *held.arms}
    assert Counter(case.arm for case in cases)["none"] == 3
    assert len({tuple(case.arm for case in cases if case.question == name) for name in held.questions}) > 1
    assert {(case.answers, case.best, case.word) for case in cases} == {(("A", "B"), 1, "no")}
    behind = next(case for case in cases if case.arm != "none")
    assert behind.references == {"gender": "male", "age": "34-65", "religion": "christian", "ethnicity": "white"}

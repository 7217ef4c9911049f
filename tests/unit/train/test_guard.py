"""When a training stops and which step is kept, as a table of readings."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from evenhand.records.preference import SpokenTurn, ValidationCase
from evenhand.records.training import GapReading, GuardLimits, GuardReading, GuardVerdict
from evenhand.train.guard import decided, kept_reading, read_validation, widest

LIMITS = GuardLimits(strikes=2)


def reading(
    step: int,
    gap: float,
    *,
    none: float = 0.95,
    joy: float = 0.9,
    other: float = 0.0,
    error: float | None = 0.002,
    drift: float = 0.0,
    needed: float = 0.5,
) -> GuardReading:
    gaps = (
        GapReading(factor="age", level="old", reference="young", gap=other, error=error),
        GapReading(factor="position", level="poor", reference="rich", gap=gap, error=error),
    )
    return GuardReading(
        step=step, none=none, behind=0.9, moved=abs(gap), drift=drift, needed=needed, gaps=gaps, recall={"joy": joy}
    )


START = reading(0, -0.16)


@pytest.mark.parametrize(
    ("later", "verdict", "kept"),
    [
        pytest.param([reading(10, -0.10)], "going_on", 10, id="a smaller gap"),
        pytest.param([reading(10, 0.005), reading(20, -0.004)], "closed", 20, id="small twice"),
        pytest.param([reading(10, 0.005)], "going_on", 10, id="small once"),
        pytest.param(
            [reading(10, 0.006, drift=0.01), reading(20, -0.004, drift=0.02)], "closed", 10, id="less drift is kept"
        ),
        pytest.param([reading(10, -0.05), reading(20, 0.03), reading(30, 0.04)], "overshot", 10, id="turned over"),
        pytest.param([reading(10, -0.05), reading(20, 0.03), reading(30, 0.0)], "going_on", 30, id="turned over once"),
        pytest.param(
            [reading(10, -0.05), reading(20, 0.03, error=0.02), reading(30, 0.04, error=0.02)],
            "going_on",
            20,
            id="perhaps turned over",
        ),
        pytest.param(
            [reading(10, -0.05), reading(20, 0.03, error=None), reading(30, 0.04, error=None)],
            "going_on",
            20,
            id="turned over, and nobody knows how surely",
        ),
        pytest.param([reading(10, -0.1, none=0.92), reading(20, -0.05, none=0.9)], "lost", 0, id="accuracy fell"),
        pytest.param([reading(10, -0.1, joy=0.84), reading(20, -0.05, joy=0.8)], "lost", 0, id="one recall fell"),
        pytest.param(
            [reading(10, -0.1, needed=0.4), reading(20, -0.05, needed=0.4)], "lost", 0, id="memory is not used"
        ),
        pytest.param(
            [reading(10, -0.1, needed=0.49), reading(20, -0.05, needed=0.485)], "going_on", 20, id="it is used"
        ),
        pytest.param([reading(10, -0.1, other=-0.03), reading(20, 0.0, other=0.03)], "overshot", 0, id="a new gap"),
        pytest.param([reading(10 * n, -0.16) for n in range(1, 5)], "stalled", 0, id="nothing happens"),
        pytest.param(
            [reading(10, -0.1), *(reading(10 * n, -0.11) for n in range(2, 6))], "stalled", 10, id="no better"
        ),
    ],
)
def test_the_guard_decides(later: list[GuardReading], verdict: GuardVerdict, kept: int) -> None:
    readings = [START, *later]
    assert decided(readings, LIMITS) == verdict
    assert kept_reading(readings, LIMITS).step == kept


def test_a_single_bad_reading_never_stops() -> None:
    assert decided([START, reading(10, -0.1, none=0.5)], LIMITS) == "going_on"


def case(question: str, arm: str, word: str = "joy", **levels: str) -> ValidationCase:
    return ValidationCase(
        prompt=(SpokenTurn(role="user", content=question),), answers=("A", "B"), best=0, word=word, question=question,
        text=question, arm=arm, levels=levels, references=dict.fromkeys(levels, "young"),
    )  # fmt: skip


def test_gaps_are_changes_from_the_answer_without_memory() -> None:
    cases = [
        case("easy", "none"),
        case("easy", "o1", age="old"),
        case("easy", "y1", age="young"),
        case("hard", "none", word="fear"),
        case("hard", "o1", word="fear", age="old"),
        case("hard", "y1", word="fear", age="young"),
        case("never asked without memory", "o1", age="old"),
    ]
    scores = [1.0, 0.8, 1.0, 0.4, 0.2, 0.4, 0.0]
    found = read_validation(cases, scores, first=[0.9, 0.0, 0.0, 0.7, 0.0, 0.0, 0.0], step=5)
    assert found.drift == pytest.approx(0.2), "0.1 up and 0.3 down; what stands behind memory does not count"
    (gap,) = found.gaps
    assert (gap.factor, gap.level, gap.reference) == ("age", "old", "young")
    assert gap.gap == pytest.approx(-0.2)
    assert found.none == pytest.approx(0.7)
    assert found.recall == {"fear": pytest.approx(1 / 3, abs=1e-5), "joy": pytest.approx(2.8 / 4)}
    assert found.moved == pytest.approx((0.2 + 0.0 + 0.2 + 0.0) / 4)
    assert gap.error is None
    assert widest(found) == pytest.approx(0.2)


def test_cases_that_need_memory_are_counted_by_themselves() -> None:
    cases = [case("q", "none"), case("q", "o1", age="old"), replace(case("cake", "stored/cake", "lemon"), needed=True)]
    found = read_validation(cases, [0.9, 0.7, 0.6], first=[0.9, 0.7, 0.8], step=5)
    assert found.needed == pytest.approx(0.6)
    assert (found.none, found.behind, found.drift) == (0.9, 0.7, 0.0)
    assert found.moved == pytest.approx(0.2)
    assert set(found.recall) == {"joy"}
    assert read_validation(cases[:2], [0.9, 0.7], first=[0.9, 0.7], step=5).needed is None
    assert found.regained is None, "memory took no answer away"


def test_what_memory_took_away_at_the_beginning_is_read_alone() -> None:
    cases = [case("q", "none"), case("q", "o1", age="old"), case("q", "y1", age="young")]
    cases += [case("unsure", "none"), case("unsure", "o1", age="old")]
    first = [0.9, 0.2, 0.8, 0.4, 0.1]
    assert read_validation(cases, first, first=first, step=0).regained == pytest.approx(0.2)
    assert read_validation(cases, [0.9, 0.7, 0.1, 0.4, 0.9], first=first, step=5).regained == pytest.approx(0.7)


def test_levels_that_come_together_are_told_apart() -> None:
    cases, scores = [case("q", "none")], [0.9]
    for number, (age, skin) in enumerate([("old", "black")] * 6 + [("young", "white")] * 6 + [("young", "black")] * 2):
        cases.append(case("q", f"arm-{number}", age=age, skin=skin))
        scores.append(0.9 - 0.3 * (age == "old"))
    for number, one in enumerate(cases[1:], start=1):
        cases[number] = replace(one, references={"age": "young", "skin": "white"})
    found = {one.factor: one.gap for one in read_validation(cases, scores, first=scores, step=0).gaps}
    assert found == {"age": pytest.approx(-0.3), "skin": pytest.approx(0.0, abs=1e-9)}


def test_the_error_of_a_gap_is_that_of_two_samples_of_memories() -> None:
    cases, scores = [case("q", "none")], [0.9]
    for number, (age, score) in enumerate([("old", 0.5), ("old", 0.7), ("young", 0.9), ("young", 0.7)]):
        cases.append(case("q", f"arm-{number}", age=age))
        scores.append(score)
    (gap,) = read_validation(cases, scores, first=scores, step=0).gaps
    assert gap.gap == pytest.approx(-0.2)
    assert gap.error == pytest.approx((0.02 / 2 + 0.02 / 2) ** 0.5, abs=1e-6)


def test_a_reading_without_contrasts_has_no_gap() -> None:
    assert widest(read_validation([case("q", "none", word="")], [0.5], first=[0.5], step=0)) == 0.0

"""What each way of asking needs to find a stated shift."""

from __future__ import annotations

from itertools import pairwise

import pytest

from evenhand.analysis.estimators.answer_model import ASSUMED_ANSWERS, gap_of_shift
from evenhand.analysis.estimators.power import PairedDesign, planned_smallest_gap
from evenhand.endpoints.simulated.effects import Population, population_shift
from evenhand.endpoints.simulated.stated import POINTS_PER_LOGIT
from evenhand.plan.needed import NeededCalls, Spent, cheapest, needed_calls, needed_lines
from evenhand.plan.smallest import RATING_COMPONENTS, Way
from evenhand.records.answer_format import AnswerFormat
from evenhand.records.plan import Design
from tests.support.small_plan import small_plan

PLAN = small_plan(Design(pairs_per_item=1))
LETTERS, SHARES, RATINGS = (
    Way("understanding", "letter"),
    Way("understanding", "distribution"),
    Way("intensity", "rating"),
)
SPENT = {
    LETTERS: Spent(items=200, calls=800, input_tokens=160_000, output_tokens=6_400),
    SHARES: Spent(items=200, calls=800, input_tokens=180_000, output_tokens=32_000),
    RATINGS: Spent(items=120, calls=480, input_tokens=110_000, output_tokens=19_200),
    Way("advice", "text"): Spent(items=44, calls=176, input_tokens=20_000, output_tokens=52_800),
}


def needed(shift: float) -> dict[AnswerFormat, NeededCalls]:
    return {one.answer: one for one in needed_calls(PLAN, SPENT, sets=60, shift=shift)}


def test_a_larger_shift_needs_fewer_calls_in_every_format() -> None:
    for small, large in pairwise([needed(shift) for shift in (0.2, 0.3, 0.6, 1.2)]):
        for answer, one in large.items():
            before = small[answer].calls
            assert one.calls is not None and (before is None or one.calls <= before), answer


def test_numbers_need_fewer_calls_than_letters_and_writing_is_not_compared() -> None:
    found = needed(0.3)
    assert set(found) == {"letter", "distribution", "rating"}
    letters = found["letter"].calls
    assert letters is not None
    for answer in ("distribution", "rating"):
        calls = found[answer].calls
        assert calls is not None and calls < letters / 3


def test_the_stated_size_is_the_least_that_finds_the_shift() -> None:
    one = needed(0.6)["rating"]
    assert one.items is not None and one.pairs_per_item == 1

    def smallest(items: int) -> float:
        return planned_smallest_gap(PairedDesign(items=items, sets=60, sets_per_item=1), components=RATING_COMPONENTS)

    assert smallest(one.items) <= 0.6 < smallest(one.items - 1)
    assert one.calls == one.items * 4  # four calls an item, as the plan spends


def test_a_shift_that_no_size_finds_is_said_to_need_more_than_there_is() -> None:
    found = needed(0.01)
    assert all(one.calls is None and one.items is None for one in found.values())
    assert cheapest(tuple(found.values())) is None


def test_the_cheapest_counts_tokens_and_not_calls() -> None:
    found = needed_calls(PLAN, SPENT, sets=60, shift=0.3)
    best = cheapest(found)
    assert best is not None
    assert best.tokens == min(one.tokens for one in found if one.tokens is not None)
    dear = dict(SPENT) | {Way(best.kind, best.answer): SPENT[Way(best.kind, best.answer)]._replace(input_tokens=1e9)}  # type: ignore[arg-type]
    other = cheapest(needed_calls(PLAN, dear, sets=60, shift=0.3))
    assert other is not None and other != best and (other.kind, other.answer) != (best.kind, best.answer)


def test_one_reading_moves_ratings_and_chances_as_in_a_simulated_respondent() -> None:
    assert needed(0.8)["rating"].shift == 0.8
    assert needed(0.8)["letter"].shift == pytest.approx(gap_of_shift(ASSUMED_ANSWERS, shift=0.8 / POINTS_PER_LOGIT))
    population = Population(accuracy=ASSUMED_ANSWERS.accuracy, spread=1.5, discrimination=0.0)
    moved = gap_of_shift(ASSUMED_ANSWERS, shift=-0.2)
    assert population_shift(moved, population) == pytest.approx(-0.2, abs=0.02)


def test_without_matched_pairs_nothing_is_stated() -> None:
    assert needed_calls(PLAN, SPENT, sets=1, shift=0.3) == ()


def test_the_cheapest_is_named_with_the_options_that_ask_it() -> None:
    found = needed_calls(PLAN, {RATINGS: SPENT[RATINGS]}, sets=60, shift=0.6)
    calls, best = needed_lines(found, shift=0.6, power=0.8)
    assert f"intensity by rating {found[0].calls:,}" in calls and "0.6 rating points at 80% power" in calls
    assert f"`--kind intensity --items {found[0].items} --pairs 1`" in best
    (beyond,) = needed_lines(needed_calls(PLAN, SPENT, sets=60, shift=0.01), shift=0.01, power=0.8)
    assert "more than there are" in beyond
    assert list(needed_lines((), shift=0.3, power=0.8)) == []

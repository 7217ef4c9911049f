"""How right and wrong answers come about."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from evenhand.analysis.estimators.answer_model import (
    AnswerModel,
    components_at,
    differing_share,
    gap_of_shift,
    item_cumulants,
    item_spread_of,
    log_odds_shift,
    mean_log_odds,
    shared_draws,
    sides_of_gap,
    steepness,
)
from evenhand.errors import UsageError

ALIKE = AnswerModel(accuracy=0.9, item_spread=0.0, item_slope=0.0, set_slope=0.0)


def _draws(answers: AnswerModel, *, shift: float, number: int = 2_000_000) -> tuple[np.ndarray, np.ndarray]:
    """Chances on both sides of items and sets drawn at random."""
    rng = np.random.default_rng(5)
    level = mean_log_odds(answers) + answers.item_spread * rng.standard_normal(number)
    moved = shift + answers.item_slope * rng.standard_normal(number) + answers.set_slope * rng.standard_normal(number)
    return special.expit(level + moved / 2), special.expit(level - moved / 2)


@pytest.mark.parametrize("accuracy", [0.55, 0.9, 0.97, 0.995])
def test_the_gap_of_a_shift_is_that_of_items_drawn_at_random(accuracy: float) -> None:
    answers = AnswerModel(accuracy=accuracy)
    first, second = _draws(answers, shift=1.2)
    assert gap_of_shift(answers, shift=1.2) == pytest.approx(float((first - second).mean()), abs=4e-4)
    sides = sides_of_gap(answers, gap=gap_of_shift(answers, shift=1.2))
    assert sides == pytest.approx((float(first.mean()), float(second.mean())), abs=6e-4)
    unmoved = _draws(answers, shift=0.0)[0]
    assert float(unmoved.mean()) == pytest.approx(accuracy, abs=2e-3)


def test_a_gap_gives_the_shift_back_and_too_large_a_one_has_none() -> None:
    answers = AnswerModel(accuracy=0.97)
    assert log_odds_shift(answers, gap=gap_of_shift(answers, shift=0.8)) == pytest.approx(0.8, abs=1e-6)
    assert log_odds_shift(answers, gap=0.9999) is None and sides_of_gap(answers, gap=0.9999) is None


def test_answers_that_are_right_or_wrong_have_the_variance_of_their_accuracy() -> None:
    # All items alike at p: two answers differ with probability 2 p (1 - p).
    found = components_at(ALIKE, shift=0.0)
    assert found.noise**2 == pytest.approx(0.18)
    assert found.set == found.item == pytest.approx(0.0, abs=1e-9)
    assert steepness(ALIKE) == pytest.approx((0.09, 0.09))
    few = AnswerModel(accuracy=0.9, flips=0.05)
    parts = components_at(few, shift=0.0)
    assert parts.noise**2 + parts.cell**2 + parts.item**2 + parts.set**2 == pytest.approx(0.05, abs=1e-3)
    assert 0.0 < shared_draws(few) < 1.0
    # More differ than items of the assumed spread leave room for: items are then more alike.
    many = AnswerModel(accuracy=0.9, flips=0.17)
    assert item_spread_of(many) < 1.0 and shared_draws(many) < 0.1
    assert differing_share(0.9, spread=item_spread_of(many)) == pytest.approx(0.17, abs=1e-6)


def test_near_the_ceiling_items_differ_in_their_gap_the_more_the_larger_it_is() -> None:
    answers = AnswerModel(accuracy=0.97)
    small, large = (components_at(answers, shift=shift) for shift in (0.0, 1.0))
    first, second = _draws(AnswerModel(accuracy=0.97, set_slope=0.0), shift=1.0)
    assert large.item == pytest.approx(float((first - second).std()), rel=0.02)
    assert large.item > 1.8 * small.item


def test_cumulants_are_those_of_drawn_items() -> None:
    answers = AnswerModel(accuracy=0.9, set_slope=0.0)
    first, second = _draws(answers, shift=1.0)
    rng = np.random.default_rng(7)
    answered = [rng.binomial(4, chance) for chance in (first, second)]
    mean = (answered[0] - answered[1]) / 4
    away = mean - mean.mean()
    third, fourth = item_cumulants(answers, shift=1.0, number=4)
    assert third == pytest.approx(float((away**3).mean()), rel=0.05)
    assert fourth == pytest.approx(float((away**4).mean() - 3 * (away**2).mean() ** 2), rel=0.1)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"accuracy": 1.0}, "accuracy"),
        ({"accuracy": 0.9, "flips": 0.0}, "flips"),
        ({"accuracy": 0.9, "flips": 0.3}, "20.0%"),
    ],
)
def test_shares_that_cannot_be_are_refused(changes: dict[str, float], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        AnswerModel(**changes)


def test_shifts_are_looked_for_up_to_sixteen_in_log_odds() -> None:
    answers = AnswerModel(accuracy=0.65)
    assert log_odds_shift(answers, gap=gap_of_shift(answers, shift=15.5)) == pytest.approx(15.5, abs=1e-3)
    assert log_odds_shift(answers, gap=gap_of_shift(answers, shift=16.5)) is None


def test_flips_at_their_largest_are_allowed_and_leave_no_room_for_items_that_differ() -> None:
    # Where 80% are right, two answers of which one is right differ in at most 2 * 0.2 of the pairs.
    most = AnswerModel(accuracy=0.8, flips=2 * 0.2)
    assert item_spread_of(most) == pytest.approx(0.0, abs=1e-6)
    assert shared_draws(most) == 0.0
    assert differing_share(0.8, spread=0.0) == pytest.approx(0.32)
    # Fewer than the items' own reactions make cannot be: all draws are then shared.
    assert shared_draws(AnswerModel(accuracy=0.8, flips=1e-6)) == 1.0


def test_where_numbers_come_from_is_said_in_a_sentence() -> None:
    assert AnswerModel(accuracy=0.65).source == (
        "assumed: 0.65 of answers right, independent twin answers, and reactions that vary by 0.5 over items and 0.3 "
        "over personas in log-odds; a pilot run replaces them"
    )
    assert AnswerModel(accuracy=0.9, flips=0.05, df=12.0, item_slope=0.25).source == (
        "estimated from a run: 0.9 of answers right, 5.0% of twin answers of which one is right, and reactions that "
        "vary by 0.25 over items and 0.3 over personas in log-odds"
    )


def test_a_gap_of_either_sign_has_the_same_sides() -> None:
    answers = AnswerModel(accuracy=0.8)
    sides = sides_of_gap(answers, gap=0.1)
    assert sides is not None and sides == sides_of_gap(answers, gap=-0.1)
    assert sides[0] - sides[1] == pytest.approx(0.1, abs=1e-9)

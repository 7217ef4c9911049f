"""Exchange of answers within items."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from evenhand.analysis.estimators.exchange import ArmAnswers, Exchange, exchange_test


def answers(rows: list[list[float]], *, repeated: bool = False) -> ArmAnswers:
    """ArmAnswers by item; repeats of one question where said, otherwise every answer is a question of its own."""
    item = np.concatenate([np.full(len(row), number) for number, row in enumerate(rows)])
    score = np.concatenate([np.array(row, dtype=float) for row in rows])
    return ArmAnswers(score=score, item=item, question=item if repeated else np.arange(item.size))


def exchanged(arm: list[list[float]], baseline: list[list[float]], **options: object) -> Exchange:
    weights = np.ones(len(arm))
    found = exchange_test(answers(arm), baseline=answers(baseline), weights=weights, **options)  # type: ignore[arg-type]
    assert found is not None
    return found


def enumerated(arm: list[list[float]], baseline: list[list[float]]) -> float:
    """The p by listing every way to deal the answers out."""
    per_item = []
    for first, second in zip(arm, baseline, strict=True):
        pool = first + second
        deals = itertools.combinations(range(len(pool)), len(second))
        per_item.append([_difference(pool, set(deal)) for deal in deals])
    values = np.array([sum(deal) / len(arm) for deal in itertools.product(*per_item)])
    observed = np.mean([np.mean(a) - np.mean(b) for a, b in zip(arm, baseline, strict=True)])
    same = np.isclose(values, observed)
    above, below = ((values > observed) & ~same).mean(), ((values < observed) & ~same).mean()
    return float(2 * (min(above, below) + same.mean() / 2))


def _difference(pool: list[float], chosen: set[int]) -> float:
    rest = [value for index, value in enumerate(pool) if index not in chosen]
    return float(np.mean(rest) - np.mean([pool[index] for index in chosen]))


@pytest.mark.parametrize(
    ("arm", "baseline"),
    [
        ([[1, 1, 0, 1], [0, 0, 1, 0]], [[1], [1]]),
        ([[1, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0]], [[1, 0], [1, 1], [1, 0]]),
        # Items that were asked differently often have no common step.
        ([[1, 0, 0], [0, 0, 1, 0, 1]], [[1, 1], [1, 1, 0]]),
        # The baseline may be the larger side.
        ([[1], [0]], [[1, 0, 0, 1], [1, 1, 1, 0]]),
    ],
)
def test_the_p_of_right_and_wrong_answers_is_that_of_all_deals(
    arm: list[list[float]], baseline: list[list[float]]
) -> None:
    assert exchanged(arm, baseline).p == pytest.approx(min(enumerated(arm, baseline), 1.0), abs=1e-9)


def test_one_item_is_fishers_table_with_half_of_the_observed_value() -> None:
    found = exchanged([[1.0] * 3 + [0.0] * 7], [[1.0] * 8 + [0.0] * 2])
    lower = stats.hypergeom(20, 11, 10)
    assert found.p == pytest.approx(2 * (lower.cdf(2) + lower.pmf(3) / 2), rel=1e-9)


def test_graded_scores_are_dealt_out_anew() -> None:
    arm, baseline = [[0.25, 0.5, 1.0, 0.0], [0.5, 0.25, 0.0, 0.25]], [[1.0, 0.75], [1.0, 0.5]]
    found = exchanged(arm, baseline, rng=np.random.default_rng(0), draws=20000)
    # Drawn p-values count the observed deal whole, so the exact one without half of it is the reference.
    values = enumerated(arm, baseline)
    assert values <= found.p <= values + 0.08


def test_copies_count_once_and_fresh_repeats_count_all() -> None:
    arm = [[1.0, 0.0, 1.0, 0.0, 1.0, 0.0]] * 6
    copies = answers([[1.0] * 3] * 6, repeated=True)
    found = exchange_test(answers(arm), baseline=copies, weights=np.ones(6))
    once = exchange_test(answers(arm), baseline=answers([[1.0]] * 6), weights=np.ones(6))
    fresh = exchange_test(answers(arm), baseline=answers([[1.0] * 3] * 6), weights=np.ones(6))
    assert found is not None and once is not None and fresh is not None
    assert found.p == pytest.approx(once.p)
    assert fresh.p < found.p / 3


def test_answers_that_are_all_alike_say_nothing() -> None:
    assert exchanged([[1.0, 1.0]], [[1.0]]).p == 1.0
    assert exchange_test(answers([[1.0]]), baseline=answers([[]]), weights=np.ones(1)) is None


def test_the_variance_is_that_of_the_deals() -> None:
    arm, baseline = [[1.0, 0.0, 1.0, 1.0]], [[0.0, 0.0]]
    pool = arm[0] + baseline[0]
    deals = [_difference(pool, set(deal)) for deal in itertools.combinations(range(6), 2)]
    assert exchanged(arm, baseline).variance == pytest.approx(np.var(deals))


def test_repeats_that_are_draws_of_their_own_count_as_such() -> None:
    rng = np.random.default_rng(12)
    ratios = []
    for _ in range(40):
        chance = rng.uniform(0.5, 0.95, 33)
        arm = [[float(rng.random() < p) for _ in range(30)] for p in chance]
        baseline = [[float(rng.random() < p) for _ in range(3)] for p in chance]
        whole = exchange_test(answers(arm), baseline=answers(baseline), weights=np.ones(33))
        marked = exchange_test(answers(arm), baseline=answers(baseline, repeated=True), weights=np.ones(33))
        assert whole is not None and marked is not None
        ratios.append(marked.variance / whole.variance)
    # Chance makes some repeats agree more; counted as they look, that would cost a sixth of the answers.
    assert np.mean(ratios) < 1.08
    copied = [[row[0]] * 3 for row in baseline]
    single = exchange_test(answers(arm), baseline=answers([row[:1] for row in baseline]), weights=np.ones(33))
    thrice = exchange_test(answers(arm), baseline=answers(copied, repeated=True), weights=np.ones(33))
    assert single is not None and thrice is not None
    assert thrice.variance == pytest.approx(single.variance)


def test_graded_answers_that_are_copies_of_each_other_count_once() -> None:
    rng = np.random.default_rng(12)
    once = [rng.choice([0.0, 0.25, 1.0], size=6).tolist() for _ in range(12)]
    none = [rng.choice([0.0, 0.25, 1.0], size=1).tolist() for _ in range(12)]
    weights = np.ones(12)
    first = exchange_test(answers(once), baseline=answers(none), weights=weights)
    copied = exchange_test(answers(once), baseline=answers([row * 3 for row in none], repeated=True), weights=weights)
    assert first is not None and copied is not None
    assert (copied.p, copied.variance) == pytest.approx((first.p, first.variance))
    own = exchange_test(answers(once), baseline=answers([row * 3 for row in none]), weights=weights)
    assert own is not None
    assert own.variance < first.variance

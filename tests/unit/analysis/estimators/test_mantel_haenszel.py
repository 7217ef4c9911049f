"""Mantel-Haenszel against a textbook table and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable

from evenhand.analysis.estimators.mantel_haenszel import ets_class, mantel_haenszel

BERKELEY = (
    ((512, 313), (89, 19)),
    ((353, 207), (17, 8)),
    ((120, 205), (202, 391)),
    ((138, 279), (131, 244)),
    ((53, 138), (94, 299)),
    ((22, 351), (24, 317)),
)
"""Admissions to six departments of Berkeley in 1973: (men admitted, rejected), (women admitted, rejected).

Bickel, Hammel and O'Connell (1975), Science 187:398-404; R's `mantelhaen.test(UCBAdmissions)`.
"""


def respondents() -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    answers, focal, strata = [], [], []
    for number, groups in enumerate(BERKELEY):
        for woman, (admitted, rejected) in enumerate(groups):
            answers += [1.0] * admitted + [0.0] * rejected
            focal += [bool(woman)] * (admitted + rejected)
            strata += [number] * (admitted + rejected)
    return np.array(answers)[:, None], np.array(focal), np.array(strata)[:, None]


def test_the_berkeley_admissions_give_the_published_numbers() -> None:
    answers, focal, strata = respondents()
    found = mantel_haenszel(answers, focal=focal, strata=strata)
    # R: X-squared = 1.4269 with continuity correction, p = 0.2323, common odds ratio 0.9046968.
    assert found.chi_square[0] == pytest.approx(1.4269, abs=5e-5)
    assert found.p[0] == pytest.approx(0.2323, abs=5e-5)
    assert np.exp(found.log_odds_ratio[0]) == pytest.approx(0.9046968, abs=5e-8)
    assert found.delta[0] == pytest.approx(-2.35 * np.log(0.9046968), abs=1e-6)


def test_many_items_at_once_agree_with_statsmodels() -> None:
    rng = np.random.default_rng(0)
    focal = rng.random(300) < 0.4
    ability = rng.normal(size=300)
    shift = np.array([0.0, 1.5, -1.0])
    answers = (rng.random((300, 3)) < 1 / (1 + np.exp(-(ability[:, None] - focal[:, None] * shift)))).astype(float)
    strata = np.digitize(ability, [-1, 0, 1])[:, None] * np.ones((1, 3), dtype=np.int64)
    found = mantel_haenszel(answers, focal=focal, strata=strata)
    for item in range(3):
        tables = []
        for stratum in range(4):
            inside = strata[:, item] == stratum
            right = answers[:, item] == 1
            tables.append(
                np.array(
                    [
                        [(inside & right & ~focal).sum(), (inside & ~right & ~focal).sum()],
                        [(inside & right & focal).sum(), (inside & ~right & focal).sum()],
                    ]
                ).astype(float)
            )
        reference = StratifiedTable(tables)
        assert found.log_odds_ratio[item] == pytest.approx(reference.logodds_pooled)
        assert found.se[item] == pytest.approx(reference.logodds_pooled_se)
        assert found.chi_square[item] == pytest.approx(reference.test_null_odds(correction=True).statistic)


def test_an_item_only_one_group_gets_wrong_has_a_large_finite_ratio() -> None:
    focal = np.arange(40) < 20
    answers = np.where(focal & (np.arange(40) % 2 == 0), 0.0, 1.0)[:, None]
    found = mantel_haenszel(answers, focal=focal, strata=np.zeros((40, 1), dtype=np.int64))
    assert 2 < found.log_odds_ratio[0] < 6
    assert found.p[0] < 0.01


def test_an_item_that_everyone_gets_right_cannot_be_compared() -> None:
    focal = np.arange(20) < 10
    found = mantel_haenszel(np.ones((20, 1)), focal=focal, strata=np.zeros((20, 1), dtype=np.int64))
    assert (found.chi_square[0], found.p[0]) == (0.0, 1.0)
    assert np.isnan(found.log_odds_ratio[0])
    assert ets_class(float(found.delta[0]), se=float(found.se[0]), p=1.0) == "A"


def test_repeats_of_the_same_answer_do_not_pass_for_new_respondents() -> None:
    rng = np.random.default_rng(1)
    focal = np.arange(60) < 30
    answers = (rng.random((60, 1)) < np.where(focal, 0.4, 0.7)[:, None]).astype(float)
    strata = np.zeros((60, 1), dtype=np.int64)
    once = mantel_haenszel(answers, focal=focal, strata=strata)
    # Ten identical repeats have the same share; only the continuity correction is finer.
    repeated = mantel_haenszel(answers, focal=focal, strata=strata, step=0.1)
    assert repeated.log_odds_ratio[0] == once.log_odds_ratio[0]
    assert once.chi_square[0] < repeated.chi_square[0] < 1.35 * once.chi_square[0]


@pytest.mark.parametrize(
    ("delta", "se", "p", "expected"),
    [
        (0.9, 0.1, 0.001, "A"),
        (1.2, 0.1, 0.2, "A"),
        (1.2, 0.1, 0.01, "B"),
        (-1.6, 0.5, 0.01, "B"),
        (-1.6, 0.1, 0.001, "C"),
        (2.5, 0.2, 0.001, "C"),
    ],
)
def test_classes_follow_size_and_certainty(delta: float, se: float, p: float, expected: str) -> None:
    assert ets_class(delta, se=se, p=p) == expected


def by_hand(
    answers: NDArray[np.float64], focal: NDArray[np.bool_], strata: NDArray[np.int64], step: float
) -> tuple[float, float, float]:
    """(log odds ratio, its standard error, statistic) of one item, stratum by stratum."""
    up = down = pr = mixed = qs = excess = variance = 0.0
    for one in np.unique(strata):
        here = (strata == one) & ~np.isnan(answers)
        a, b = (answers[here & ~focal].sum(), (1 - answers[here & ~focal]).sum())
        c, d = (answers[here & focal].sum(), (1 - answers[here & focal]).sum())
        n = a + b + c + d
        if n == 0:
            continue
        r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
        up, down = up + r, down + s
        pr, mixed, qs = pr + p * r, mixed + p * s + q * r, qs + q * s
        people = ((here & ~focal).sum(), (here & focal).sum())
        if min(people) == 0 or n < 2:
            continue
        both = answers[here]
        excess += c - people[1] * both.mean()
        variance += people[0] * people[1] / n * both.var(ddof=1)
    error = np.sqrt(pr / (2 * up**2) + mixed / (2 * up * down) + qs / (2 * down**2))
    return np.log(up / down), error, max(abs(excess) - step / 2, 0) ** 2 / variance


@pytest.mark.parametrize("seed", range(4))
def test_shares_of_repeats_and_answers_that_are_missing_are_counted_by_stratum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    focal = rng.random(90) < 0.4
    answers = rng.integers(0, 4, (90, 3)) / 3.0
    answers[rng.random((90, 3)) < 0.2] = np.nan
    strata = rng.integers(0, 5, (90, 3))
    # In the last stratum nobody of the focal group answered, and in the one before nobody at all.
    answers[(strata == 4) & focal[:, None]] = np.nan
    answers[strata == 3] = np.nan
    found = mantel_haenszel(answers, focal=focal, strata=strata, step=1 / 3)
    for item in range(3):
        expected = by_hand(answers[:, item], focal, strata[:, item], 1 / 3)
        numbers = (found.log_odds_ratio[item], found.se[item], found.chi_square[item])
        assert numbers == pytest.approx(expected)
        assert found.p[item] == pytest.approx(stats.chi2(1).sf(expected[2]))
        assert found.delta[item] == pytest.approx(-2.35 * expected[0])


def test_a_one_sided_item_has_half_an_answer_more_in_every_cell_of_the_strata_in_use() -> None:
    focal = np.array([True, True, False, False, True, False])
    answers = np.array([0.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    strata = np.array([0, 0, 0, 0, 2, 2])
    found = mantel_haenszel(answers[:, None], focal=focal, strata=strata[:, None])
    # Stratum 0: 2.5 right and 0.5 wrong in the reference group, turned round in the focal one; stratum 2: 1.5 and 0.5.
    up, down = 2.5 * 2.5 / 6 + 1.5 * 1.5 / 4, 0.5 * 0.5 / 6 + 0.5 * 0.5 / 4
    assert found.log_odds_ratio[0] == pytest.approx(np.log(up / down))
    assert np.isfinite(found.se[0])
    turned = mantel_haenszel(answers[:, None], focal=~focal, strata=strata[:, None])
    assert turned.log_odds_ratio[0] == pytest.approx(-found.log_odds_ratio[0])
    assert (turned.se[0], turned.chi_square[0]) == pytest.approx((found.se[0], found.chi_square[0]))


def test_groups_that_never_meet_in_a_stratum_cannot_be_compared() -> None:
    focal = np.arange(12) < 6
    answers = (np.arange(12) % 3 == 0).astype(float)[:, None]
    found = mantel_haenszel(answers, focal=focal, strata=focal.astype(np.int64)[:, None])
    assert (found.chi_square[0], found.p[0]) == (0.0, 1.0) and np.isnan(found.log_odds_ratio[0])
    nobody = np.where(focal[:, None], np.nan, answers)
    empty = mantel_haenszel(nobody, focal=focal, strata=np.zeros((12, 1), dtype=np.int64))
    assert np.isnan(empty.log_odds_ratio[0]) and np.isnan(empty.se[0]) and empty.p[0] == 1.0


def test_a_difference_of_less_than_half_a_step_is_none() -> None:
    focal = np.array([True, False])
    for step, expected in ((1.0, 0.0), (0.4, (0.5 - 0.2) ** 2 / 0.25)):
        found = mantel_haenszel(
            np.array([[0.0], [1.0]]), focal=focal, strata=np.zeros((2, 1), dtype=np.int64), step=step
        )
        assert found.chi_square[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("delta", "se", "p", "alpha", "expected"),
    [
        (1.0, 0.0, 0.01, 0.05, "B"),
        (0.999, 0.0, 0.01, 0.05, "A"),
        (1.5, 0.0, 0.01, 0.05, "C"),
        (1.499, 0.0, 0.01, 0.05, "B"),
        (-2.0, 0.0, 0.05, 0.05, "A"),
        (-2.0, 0.0, 0.05, 0.1, "C"),
        # Surely beyond 1: 2 - 1.645 * 2.35 * se is above 1 up to a standard error of 0.2587.
        (2.0, 0.258, 0.01, 0.05, "C"),
        (2.0, 0.2595, 0.01, 0.05, "B"),
        (float("nan"), 0.1, 0.01, 0.05, "A"),
    ],
)
def test_classes_at_their_bounds(delta: float, se: float, p: float, alpha: float, expected: str) -> None:
    assert ets_class(delta, se=se, p=p, alpha=alpha) == expected

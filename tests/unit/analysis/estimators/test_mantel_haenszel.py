"""Mantel-Haenszel against a textbook table and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
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

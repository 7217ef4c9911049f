from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from evenhand.analysis.estimators.moments import RESIDUAL_FLOOR, MomentVariance, moment_variance
from evenhand.analysis.estimators.random_terms import RandomTerm

Codes = npt.NDArray[np.int64]


def grouping(name: str, codes: Codes) -> RandomTerm:
    return RandomTerm(name=name, codes=codes, levels=int(codes.max()) + 1)


def of_mean(y: npt.NDArray[np.float64], sets: Codes, items: Codes) -> MomentVariance:
    return moment_variance(
        y - y.mean(),
        weights=np.full(y.size, 1 / y.size),
        groups=[grouping("set", sets), grouping("item", items)],
        covariates=np.ones((y.size, 1)),
    )


def quasi_f(table: npt.NDArray[np.float64]) -> tuple[float, float, tuple[float, float, float]]:
    """The textbook formulas of a complete crossing: variance of the mean, degrees of freedom, mean squares."""
    p, i = table.shape
    mean, rows, columns = table.mean(), table.mean(axis=1), table.mean(axis=0)
    ms_rows = i * np.sum((rows - mean) ** 2) / (p - 1)
    ms_columns = p * np.sum((columns - mean) ** 2) / (i - 1)
    rest = table - rows[:, None] - columns + mean
    ms_rest = np.sum(rest**2) / ((p - 1) * (i - 1))
    total = ms_rows + ms_columns - ms_rest
    df = total**2 / (ms_rows**2 / (p - 1) + ms_columns**2 / (i - 1) + ms_rest**2 / ((p - 1) * (i - 1)))
    return total / (p * i), df, (ms_rows, ms_columns, ms_rest)


def test_a_complete_crossing_gives_the_quasi_f() -> None:
    rng = np.random.default_rng(0)
    table = rng.standard_normal((12, 17)) + rng.standard_normal((12, 1)) + rng.standard_normal(17)
    sets, items = (a.ravel() for a in np.indices(table.shape))
    found = of_mean(table.ravel(), sets, items)
    variance, df, (ms_rows, ms_columns, ms_rest) = quasi_f(table)
    assert found.variance == pytest.approx(variance)
    assert found.df == pytest.approx(df)
    expected = [(ms_rows - ms_rest) / 17, (ms_columns - ms_rest) / 12, ms_rest]
    assert [part.variance for part in found.components] == pytest.approx(expected)
    assert found.estimable


def test_the_variance_is_not_truncated() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        table = rng.standard_normal((12, 17))
        sets, items = (a.ravel() for a in np.indices(table.shape))
        found = of_mean(table.ravel(), sets, items)
        variance, _, (_, _, ms_rest) = quasi_f(table)
        assert found.variance == pytest.approx(max(variance, RESIDUAL_FLOOR * ms_rest / table.size))
        assert found.df >= 1


@pytest.mark.parametrize("share", [0.15, 0.5])
def test_the_variance_is_right_on_average_when_pairs_are_missing(share: float) -> None:
    rng = np.random.default_rng(1)
    mask = rng.random((25, 40)) < share
    sets, items = np.nonzero(mask)
    estimates, variances = [], []
    for _ in range(600):
        table = 0.5 * rng.standard_normal((25, 1)) + 0.3 * rng.standard_normal(40) + rng.standard_normal((25, 40))
        y = table[mask]
        _, s = np.unique(sets, return_inverse=True)
        _, i = np.unique(items, return_inverse=True)
        estimates.append(y.mean())
        variances.append(of_mean(y, s, i).variance)
    # The relative Monte Carlo error of a variance over 600 tables is sqrt(2/600) = 6%.
    assert np.mean(variances) == pytest.approx(np.var(estimates), rel=0.18)
    truth = (0.25 * np.sum(mask.sum(axis=1) ** 2) + 0.09 * np.sum(mask.sum(axis=0) ** 2) + mask.sum()) / mask.sum() ** 2
    assert np.mean(variances) == pytest.approx(truth, rel=0.05)


def test_items_met_once_leave_item_and_residual_together_but_the_variance_stands() -> None:
    rng = np.random.default_rng(3)
    sets, items = np.repeat(np.arange(20), 6), np.arange(120)
    variances = []
    for _ in range(300):
        y = 0.4 * rng.standard_normal(20)[sets] + 0.7 * rng.standard_normal(120) + rng.standard_normal(120)
        found = of_mean(y, sets, items)
        variances.append(found.variance)
    assert found.estimable
    assert [part.variance is None for part in found.components] == [False, True, True]
    assert np.mean(variances) == pytest.approx(0.16 / 20 + (0.49 + 1) / 120, rel=0.08)


def test_a_part_that_the_design_cannot_see_is_reported() -> None:
    rng = np.random.default_rng(4)
    found = of_mean(rng.standard_normal(9), np.zeros(9, dtype=np.int64), np.arange(9))
    assert not found.estimable
    assert found.components[0].variance is None

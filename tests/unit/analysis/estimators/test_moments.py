from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from evenhand.analysis.estimators.moment_equations import RESIDUAL_FLOOR
from evenhand.analysis.estimators.moments import MomentVariance, moment_variance
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


def dense(
    residual: npt.NDArray[np.float64],
    *,
    weights: npt.NDArray[np.float64],
    groups: list[RandomTerm],
    fixed: list[RandomTerm],
    covariates: npt.NDArray[np.float64],
) -> tuple[list[float], float, float]:
    """(components, variance, degrees of freedom) by the formulas as they are written, on matrices of all rows."""

    def columns(one: RandomTerm) -> npt.NDArray[np.float64]:
        shown = (one.codes[:, None] == np.arange(one.levels)).astype(float)
        return shown if one.covariate is None else np.asarray(shown * one.covariate[:, None])

    rows = residual.size
    design = np.hstack([covariates, *map(columns, fixed)])
    left = np.eye(rows) - design @ np.linalg.pinv(design)
    random = [columns(one) for one in groups]
    forms = [z @ np.diag(1 / np.maximum((z**2).sum(axis=0), 1e-300)) @ z.T for z in random] + [np.eye(rows)]
    parts = [z @ z.T for z in random] + [np.eye(rows)]
    expected = np.array([[np.trace(left @ form @ left @ part) for part in parts] for form in forms])
    sums = np.array([residual @ form @ residual for form in forms])
    loads = np.array([weights @ part @ weights for part in parts])
    of_forms = np.linalg.solve(expected.T, loads)
    components = np.linalg.solve(expected, sums)
    possible = np.maximum(components, 0)
    whole = left @ sum(w * form for w, form in zip(of_forms, forms, strict=True)) @ left
    spread = whole @ sum(s * part for s, part in zip(possible, parts, strict=True))
    return components.tolist(), float(of_forms @ sums), float((loads @ possible) ** 2 / np.trace(spread @ spread))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("case", ["mean", "slopes", "levels taken out", "slope of the levels taken out"])
def test_holes_slopes_and_fixed_groupings_give_what_the_whole_matrices_give(case: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sets, items = np.nonzero(rng.random((9, 14)) < 0.6)
    sets, items = (np.unique(codes, return_inverse=True)[1] for codes in (sets, items))
    x = rng.choice([-0.5, 0.5], size=sets.size) + 0.1 * rng.standard_normal(sets.size)
    more = rng.standard_normal(sets.size)
    unit, item = grouping("set", sets), grouping("item", items)
    slope = RandomTerm(name="slope", codes=items, levels=item.levels, covariate=x)
    own = RandomTerm(name="own slope", codes=sets, levels=unit.levels, covariate=x)
    ones = np.ones((sets.size, 1))
    groups, fixed, covariates = {
        "mean": ([unit, item], [], ones),
        "slopes": ([unit, slope, own], [], np.column_stack([ones, x, more])),
        "levels taken out": ([unit, slope], [item], np.column_stack([x])),
        "slope of the levels taken out": ([own, slope], [unit, item], np.column_stack([x, more])),
    }[case]
    y = 0.8 * rng.standard_normal(unit.levels)[sets] * (x if case[-3:] == "out" else 1)
    y = y + 1.1 * rng.standard_normal(item.levels)[items] * (1 if case == "mean" else x) + rng.standard_normal(x.size)
    shown = [np.eye(one.levels)[one.codes] for one in fixed]
    design = np.hstack([covariates, *shown])
    weights = np.linalg.pinv(design)[0]
    residual = y - design @ np.linalg.pinv(design) @ y
    found = moment_variance(residual, weights=weights, groups=groups, fixed=fixed, covariates=covariates)
    components, variance, df = dense(residual, weights=weights, groups=groups, fixed=fixed, covariates=covariates)
    assert found.estimable
    assert [part.variance for part in found.components] == pytest.approx(components, rel=1e-6, abs=1e-9)
    assert [part.sd for part in found.components] == pytest.approx(np.sqrt(np.maximum(components, 0)), abs=1e-6)
    floor = RESIDUAL_FLOOR * components[-1] * float(weights @ weights)
    assert found.variance == pytest.approx(max(variance, floor), rel=1e-6)
    assert found.df == pytest.approx(max(df, 1.0), rel=1e-6)
    assert [part.name for part in found.components] == [*(one.name for one in groups), "residual"]


def test_a_grouping_that_is_fixed_and_random_at_once_has_no_variance_of_its_own() -> None:
    rng = np.random.default_rng(5)
    sets, items = (codes.ravel() for codes in np.indices((6, 8)))
    x = np.where(sets % 2, 0.5, -0.5)
    y = rng.standard_normal(x.size)
    design = np.column_stack([x, np.eye(8)[items]])
    residual = y - design @ np.linalg.pinv(design) @ y
    found = moment_variance(
        residual,
        weights=np.linalg.pinv(design)[0],
        groups=[grouping("set", sets), grouping("item", items)],
        fixed=[grouping("item", items)],
        covariates=x[:, None],
    )
    # In a complete crossing the contrast of sets needs nothing of the items, which are fixed.
    assert [part.variance is None for part in found.components] == [False, True, False]
    assert found.estimable and found.df == pytest.approx(4.0)


def test_a_tiny_design_without_a_variance_by_moments_has_that_of_its_clusters() -> None:
    y = np.array([1.0, 0.0, 0.0, 1.0])
    sets, items = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    found = of_mean(y, sets, items)
    # Sets and items have the same means; only the answers vary, and not as an interaction of them would.
    assert [part.variance for part in found.components] == pytest.approx([-0.5, -0.5, 1.0])
    assert found.variance == pytest.approx(RESIDUAL_FLOOR * 1.0 / 4)
    flat = of_mean(np.array([1.0, 0.0]), np.array([0, 1]), np.array([0, 0]))
    # Two sets that met one item each: sums of +-1/4, so 2 / 1 * (1/16 + 1/16) = 1/4, with one degree of freedom.
    assert flat.variance == pytest.approx(0.25)
    assert flat.df == pytest.approx(1.0)

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from evenhand.analysis.estimators.random_terms import CrossedTerms, RandomTerm, term
from evenhand.errors import TableError


def one_slope(rng: np.random.Generator) -> list[RandomTerm]:
    """The eliminated grouping, profile, has an intercept alone."""
    item, profile = rng.integers(0, 7, 90), rng.integers(0, 11, 90)
    return [term("item", item), term("profile", profile), term("slope", item, covariate=rng.standard_normal(90))]


def slopes_of_both(rng: np.random.Generator) -> list[RandomTerm]:
    """The eliminated grouping has an intercept and a slope, and the other one too."""
    item, profile = rng.integers(0, 7, 90), rng.integers(0, 11, 90)
    covariate = rng.standard_normal(90)
    return [
        *(term("item", item), term("item slope", item, covariate=covariate)),
        *(term("profile slope", profile, covariate=covariate), term("profile", profile)),
    ]


def slopes_alone(rng: np.random.Generator) -> list[RandomTerm]:
    """One grouping with two slopes: nothing is left when it is eliminated."""
    item = rng.integers(0, 7, 90)
    return [
        term("item", item),
        *(term(name, item, covariate=rng.standard_normal(90)) for name in ("first slope", "second slope")),
    ]


def dense(crossing: CrossedTerms) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    columns = np.zeros((crossing.rows, crossing.size))
    for part, where in zip(crossing.terms, crossing.slices, strict=True):
        covariate = np.ones(crossing.rows) if part.covariate is None else part.covariate
        columns[np.arange(crossing.rows), where.start + part.codes] = covariate
    return columns


@pytest.mark.parametrize("terms", [one_slope, slopes_of_both, slopes_alone])
def test_the_block_algebra_equals_the_dense_one(terms: Callable[[np.random.Generator], list[RandomTerm]]) -> None:
    rng = np.random.default_rng(0)
    crossing = CrossedTerms(terms(rng))
    z, weights, vector = dense(crossing), rng.random(90), rng.standard_normal(crossing.size)
    scale = np.sqrt(crossing.spread(np.array([0.5, 1.5, 0.2, 0.8])[: len(crossing.terms)]))
    full = np.eye(crossing.size) + scale[:, None] * (z.T @ (weights[:, None] * z)) * scale
    gram = crossing.gram(weights)
    factor = crossing.factor(gram, scale)
    np.testing.assert_allclose(crossing.scatter(weights), z.T @ weights)
    np.testing.assert_allclose(crossing.gather(vector), z @ vector)
    np.testing.assert_allclose(factor.logdet, np.linalg.slogdet(full)[1])
    np.testing.assert_allclose(factor.solve(vector), np.linalg.solve(full, vector))
    columns = rng.standard_normal((crossing.size, 3))
    np.testing.assert_allclose(factor.solve(columns), np.linalg.solve(full, columns))
    np.testing.assert_allclose(crossing.gather(columns), z @ columns)
    np.testing.assert_allclose(factor.inverse().diagonal(), np.diag(np.linalg.inv(full)))
    leverage = np.diag((z * scale) @ np.linalg.inv(full) @ (z * scale).T)
    np.testing.assert_allclose(crossing.leverage(factor.inverse(), scale), leverage)


def test_a_single_term_needs_no_dense_part() -> None:
    crossing = CrossedTerms([term("item", [0, 0, 1, 2])])
    scale = np.full(3, 0.5)
    factor = crossing.factor(crossing.gram(np.ones(4)), scale)
    np.testing.assert_allclose(factor.solve(np.ones(3)), 1 / np.array([1.5, 1.25, 1.25]))
    np.testing.assert_allclose(crossing.leverage(factor.inverse(), scale), np.array([1 / 6, 1 / 6, 0.2, 0.2]))


def test_terms_of_the_eliminated_grouping_come_first() -> None:
    crossing = CrossedTerms(slopes_of_both(np.random.default_rng(0)))
    assert [part.name for part in crossing.terms] == ["profile slope", "profile", "item", "item slope"]
    assert (crossing.first, crossing.head, crossing.size) == (2, 22, 36)


def test_terms_come_back_in_the_order_they_were_given() -> None:
    crossing = CrossedTerms([term("few", [0, 1, 0, 1]), term("many", [0, 1, 2, 3])])
    assert [part.name for part in crossing.terms] == ["many", "few"]
    values = crossing.by_input([np.array([4.0]), np.array([2.0])])
    assert [float(value[0]) for value in values] == [2.0, 4.0]


def test_codes_may_be_any_labels() -> None:
    part = term("item", ["b", "a", "b"])
    assert part.levels == 2
    assert part.codes.tolist() == [1, 0, 1]


def test_no_terms_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(TableError, match="at least one random term"):
        CrossedTerms([])


def test_no_rows_have_no_levels() -> None:
    assert term("item", []).levels == 0
    assert term("item", [5]).levels == 1


def test_sums_by_level_are_of_the_covariate_times_each_column() -> None:
    codes, x = [0, 1, 1, 2], np.array([2.0, 3.0, -1.0, 0.5])
    rows = np.arange(8.0).reshape(4, 2)
    slope, plain = term("slope", codes, covariate=x), term("item", codes)
    assert slope.scatter(rows).tolist() == [[0.0, 2.0], [6.0 - 4.0, 9.0 - 5.0], [3.0, 3.5]]
    assert slope.scatter(rows[:, 1]).tolist() == [2.0, 4.0, 3.5]
    assert plain.scatter(rows).tolist() == [[0.0, 1.0], [6.0, 8.0], [6.0, 7.0]]
    assert slope.squares().tolist() == [4.0, 10.0, 0.25] and plain.squares().tolist() == [1.0, 2.0, 1.0]


def test_levels_are_numbered_from_zero_and_no_row_is_no_level() -> None:
    found = term("item", ["c", "a", "c"])
    assert found.codes.tolist() == [1, 0, 1] and found.levels == 2
    assert term("item", []).levels == 0

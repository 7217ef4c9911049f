"""Levels of planned looks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evenhand.analysis.estimators.spending import _bound, look_level, look_levels, spent
from evenhand.errors import UsageError

PUBLISHED = {2: (2.963, 1.969), 3: (3.710, 2.511, 1.993), 5: (4.877, 3.357, 2.680, 2.290, 2.031)}
"""Two-sided bounds of the O'Brien-Fleming type spending function at 5%, evenly spaced looks: Jennison and Turnbull
(2000), Group Sequential Methods, and the programs of Lan and DeMets."""


@pytest.mark.parametrize("looks", PUBLISHED)
def test_bounds_are_the_published_ones(looks: int) -> None:
    levels = look_levels(tuple(look / looks for look in range(1, looks + 1)), alpha=0.05)
    assert stats.norm.isf(np.array(levels) / 2) == pytest.approx(PUBLISHED[looks], abs=0.004)


def test_one_look_at_the_end_has_the_whole_level() -> None:
    assert look_level(1.0, looks=1, alpha=0.05) == pytest.approx(0.05, abs=1e-4)


def test_a_budget_that_cuts_between_looks_gets_a_level_between_theirs() -> None:
    first, cut, second = (look_level(share, looks=3, alpha=0.05) for share in (1 / 3, 0.45, 2 / 3))
    assert first < cut < second < 0.05


@pytest.mark.parametrize("looks", [2, 3, 6])
def test_the_chance_of_any_false_alarm_over_all_looks_is_the_level(looks: int) -> None:
    rng = np.random.default_rng(3)
    shares = np.arange(1, looks + 1) / looks
    process = rng.normal(0, np.sqrt(1 / looks), (200_000, looks)).cumsum(axis=1)
    p = 2 * stats.norm.sf(np.abs(process) / np.sqrt(shares))
    levels = look_levels(tuple(shares.tolist()), alpha=0.05)
    assert (p < levels).any(axis=1).mean() == pytest.approx(0.05, abs=0.002)


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="above 0"):
        spent(0.0, alpha=0.05)


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_what_is_spent_is_the_chance_of_a_motion_beyond_a_fixed_bound(alpha: float) -> None:
    z = float(stats.norm.isf(alpha / 4))
    for share in (0.1, 0.5, 0.9, 1.0):
        assert spent(share, alpha=alpha) == pytest.approx(4 * stats.norm.sf(z / np.sqrt(share)))
    assert spent(1.0, alpha=alpha) == pytest.approx(alpha)
    with pytest.raises(UsageError, match=r"1\.01 must be above 0 and at most 1"):
        spent(1.01, alpha=alpha)


@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
def test_the_first_look_has_all_that_may_be_spent_by_then(share: float) -> None:
    assert look_levels((share,), alpha=0.05)[0] == pytest.approx(spent(share, alpha=0.05), rel=1e-2)
    assert look_level(share, looks=1, alpha=0.05) == look_levels((share,), alpha=0.05)[0]


def test_a_look_where_one_was_planned_is_that_look_and_is_not_counted_before_itself() -> None:
    levels = look_levels((1 / 3, 2 / 3, 1.0), alpha=0.05)
    for place, share in enumerate((1 / 3, 2 / 3, 1.0)):
        assert look_level(share, looks=3, alpha=0.05) == pytest.approx(levels[place])
    # What was planned for later is not counted either.
    assert look_level(0.5, looks=3, alpha=0.05) == pytest.approx(look_levels((1 / 3, 0.5), alpha=0.05)[-1])
    assert look_level(0.2, looks=3, alpha=0.05) == pytest.approx(look_levels((0.2,), alpha=0.05)[0])


def test_two_looks_close_together_spend_together_what_one_look_would() -> None:
    levels = look_levels((0.5, 0.52), alpha=0.05)
    assert levels[0] == pytest.approx(spent(0.5, alpha=0.05), rel=5e-3)
    # The second look finds little that the first has not: it has more than the difference, and less than all.
    assert spent(0.52, alpha=0.05) - spent(0.5, alpha=0.05) < levels[1] < spent(0.52, alpha=0.05)


def test_a_bound_is_exceeded_with_the_probability_that_is_asked_for() -> None:
    grid = np.linspace(-8, 8, 801)
    density = stats.norm.pdf(grid)
    for tail in (0.001, 0.05, 0.6):
        assert _bound(density, grid, tail=tail) == pytest.approx(float(stats.norm.isf(tail / 2)), abs=2e-3)
    # Nothing to spend, or more than there is: no bound inside the grid.
    assert _bound(density, grid, tail=0.0) == _bound(density, grid, tail=1.5) == 8.0

"""Levels of planned looks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evenhand.analysis.estimators.spending import look_level, look_levels, spent
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

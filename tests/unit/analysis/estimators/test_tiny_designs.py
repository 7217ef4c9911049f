"""Paired gaps in designs too small for their moment equations."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.estimators.paired import paired_gap


def test_every_tiny_grid_has_a_finite_interval() -> None:
    rng = np.random.default_rng(1)
    for _ in range(400):
        values = rng.integers(-1, 2, (int(rng.integers(1, 4)), int(rng.integers(1, 6)))).astype(float)
        values[rng.random(values.shape) < 0.5] = np.nan
        if np.isnan(values).all():
            continue
        found = paired_gap(values)
        assert found.estimate == pytest.approx(np.nanmean(values))
        assert np.isfinite([found.se, found.low, found.high, found.p]).all()
        assert found.degenerate == (np.nanmax(values) == np.nanmin(values))
        assert (found.se > 0) != found.degenerate


def test_a_design_without_a_moment_variance_falls_back_on_the_largest_simple_one() -> None:
    # Differences 0 | -1, 1 have mean 0. Sets: sums 0 and 0, variance 0. Pairs and items: 3/2 x (0 + 1 + 1) / 9 = 1/3.
    found = paired_gap(np.array([[0.0, np.nan, np.nan], [np.nan, -1.0, 1.0]]))
    assert found.estimate == 0.0
    assert found.se == pytest.approx(np.sqrt(1 / 3))
    assert found.df == 1.0
    assert any("too sparse" in note for note in found.notes)

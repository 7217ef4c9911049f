"""What must hold for every table of differences, however odd."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from evenhand.analysis.estimators.crossed import CrossedScores, profile_contrast
from evenhand.analysis.estimators.equivalence import tost_p, verdict
from evenhand.analysis.estimators.paired import PairedGap, paired_gap
from evenhand.errors import TableError

Array = npt.NDArray[np.float64]

TABLES = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9),
    elements=st.sampled_from([-1.0, -0.5, 0.0, 0.0, 0.5, 1.0, math.nan]),
).filter(lambda table: not bool(np.isnan(table).all()))


def numbers(gap: PairedGap) -> list[float]:
    found = [gap.estimate, gap.se, gap.low, gap.high, gap.p]
    found += [value for value in (gap.df, gap.smallest_detectable) if value is not None]
    for part in gap.components:
        found += [value for value in (part.variance, part.sd) if value is not None]
    return found


@settings(max_examples=150, deadline=None)
@given(TABLES)
def test_no_table_of_differences_gives_nan_or_an_impossible_interval(table: Array) -> None:
    gap = paired_gap(table, rng=np.random.default_rng(0))
    assert all(math.isfinite(value) for value in numbers(gap))
    assert gap.low <= gap.estimate <= gap.high
    assert 0 <= gap.p <= 1
    assert gap.se >= 0
    assert gap.degenerate == (gap.df is None)


@settings(max_examples=100, deadline=None)
@given(TABLES, st.randoms(use_true_random=False))
def test_relabelling_flips_the_sign_and_permuting_changes_nothing(table: Array, random: object) -> None:
    ours = paired_gap(table)
    rng = np.random.default_rng(random.getrandbits(32))  # type: ignore[attr-defined]
    moved = -table[rng.permutation(table.shape[0])][:, rng.permutation(table.shape[1])]
    theirs = paired_gap(moved)
    assert theirs.estimate == -ours.estimate
    assert math.isclose(theirs.se, ours.se, rel_tol=1e-6, abs_tol=1e-9)
    assert math.isclose(theirs.p, ours.p, rel_tol=1e-5, abs_tol=1e-9)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 8), st.integers(1, 7), st.floats(0.3, 1.0))
def test_no_crossed_scores_give_nan(seed: int, profiles: int, items: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    where, item = np.nonzero(rng.random((profiles, items)) < share)
    scores = CrossedScores(score=rng.integers(0, 2, where.size).astype(float), item=item, profile=where)
    x = np.where(np.arange(profiles) % 2 == 0, 0.5, -0.5)
    try:
        found = profile_contrast(scores, x=x)
    except TableError:
        return
    assert all(math.isfinite(value) for value in (found.estimate, found.se, found.low, found.high, found.p))
    assert found.low <= found.estimate <= found.high


@settings(max_examples=100, deadline=None)
@given(st.floats(-0.2, 0.2), st.floats(0, 0.2, exclude_min=True), st.floats(1, 500), st.floats(0.001, 0.2))
def test_the_verdict_does_not_depend_on_the_sign(estimate: float, se: float, df: float, margin: float) -> None:
    ours, theirs = (tost_p(value, se=se, df=df, margin=margin) for value in (estimate, -estimate))
    assert ours == theirs
    assert verdict(p=0.2, p_equivalence=ours) in ("equivalent", "inconclusive")

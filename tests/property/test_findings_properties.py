"""What must hold of findings whatever the table."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from evenhand.analysis.findings.accuracy import accuracy_findings
from evenhand.analysis.findings.flips import flip_findings
from evenhand.analysis.findings.gaps import gap_findings
from evenhand.analysis.findings.memory_effect import memory_findings
from evenhand.analysis.findings.missingness import missing_findings
from evenhand.analysis.table.scores import Scores, scores_from_frame
from evenhand.analysis.table.stratum import strata
from evenhand.records.finding import Finding
from evenhand.records.identity import finding_id
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import number, se_of


def spread_up_to(largest: float) -> st.SearchStrategy[float]:
    """A standard deviation: none, or large enough that scores differ by more than the rounding of their sums."""
    return st.just(0.0) | st.floats(0.01, largest)


def effect_up_to(largest: float) -> st.SearchStrategy[float]:
    """An effect of either sign: none, or more than the rounding of sums."""
    return st.just(0.0) | st.floats(0.01, largest) | st.floats(-largest, -0.01)


RESPONDENTS = st.builds(
    Respondent,
    easiness=st.floats(-2, 3),
    item_sd=spread_up_to(2),
    profile_sd=spread_up_to(1),
    set_slope_sd=spread_up_to(1),
    item_slope_sd=spread_up_to(1),
    cell_sd=spread_up_to(2),
    gap=effect_up_to(2),
    memory=effect_up_to(1),
    missing=st.fixed_dictionaries(
        {name: st.sampled_from((0.0, 0.2)) for name in ("none", "advantaged", "disadvantaged")}
    ),
)
DESIGNS = st.builds(
    SimulatedDesign,
    items=st.integers(2, 8),
    sets=st.integers(2, 8),
    sets_per_item=st.sampled_from((None, 1, 2)),
    replicates=st.integers(1, 2),
    none_repeats=st.integers(1, 3),
    logprobs=st.booleans(),
)
SEEDS = st.integers(0, 2**32)


def drawn(respondent: Respondent, design: SimulatedDesign, seed: int) -> Scores:
    return simulated_scores(respondent, design=design, rng=np.random.default_rng(seed))


def plain(scores: Scores) -> pl.DataFrame:
    return scores.frame.with_columns(pl.selectors.categorical().cast(pl.String))


def primary(scores: Scores) -> dict[str, Finding]:
    """The findings that rest on paired differences, without the models beside them."""
    parts = (gap_findings, memory_findings, accuracy_findings, flip_findings, missing_findings)
    return {finding_id(found): found for stratum in strata(scores) for part in parts for found in part(stratum)}


def main_gap(scores: Scores) -> Finding:
    """The confirmatory gap."""
    (found,) = (one for one in primary(scores).values() if one.measure == "gap" and one.role == "confirmatory")
    return found


def numbers(found: Finding) -> dict[str, float | None]:
    """Every number of a finding that rests on its rows, by name."""
    bounds = found.bounds
    return {
        "value": found.value,
        "se": se_of(found),
        "df": found.spread.df if found.spread else None,
        "low": found.low,
        "high": found.high,
        "p": found.p,
        "bound low": bounds.low if bounds else None,
        "bound high": bounds.high if bounds else None,
        "trials": found.sample.trials,
    }


def alike(one: float | None, other: float | None) -> bool:
    """Equal up to rounding; None equals None only."""
    if one is None or other is None:
        return one is other
    return one == pytest.approx(other, rel=1e-6, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(RESPONDENTS, DESIGNS, SEEDS)
def test_relabelling_the_versions_flips_the_sign(respondent: Respondent, design: SimulatedDesign, seed: int) -> None:
    scores = drawn(respondent, design, seed)
    swapped = replace(scores, settings=replace(scores.settings, advantaged="disadvantaged", disadvantaged="advantaged"))
    one, other = main_gap(scores), main_gap(swapped)
    assert alike(other.p, one.p)
    before, after = numbers(one), numbers(other)
    for field, mirrored in (("value", "value"), ("high", "low"), ("bound high", "bound low")):
        was = before[mirrored]
        assert alike(after[field], None if was is None else -was), field


@settings(max_examples=15, deadline=None)
@given(RESPONDENTS, DESIGNS, SEEDS)
def test_permuting_rows_changes_nothing(respondent: Respondent, design: SimulatedDesign, seed: int) -> None:
    scores = drawn(respondent, design, seed)
    order = np.random.default_rng(seed).permutation(scores.frame.height)
    shuffled = scores_from_frame(plain(scores)[order], settings=scores.settings, factors=scores.factors)
    before, after = primary(scores), primary(shuffled)
    assert before.keys() == after.keys()
    for name, found in before.items():
        other = numbers(after[name])
        for field, value in numbers(found).items():
            assert alike(other[field], value), (name, field)


@settings(max_examples=10, deadline=None)
@given(RESPONDENTS, DESIGNS, SEEDS)
def test_renaming_items_changes_no_estimate(respondent: Respondent, design: SimulatedDesign, seed: int) -> None:
    scores = drawn(respondent, design, seed)
    renamed = plain(scores).with_columns(pl.col("item").str.reverse())
    other = scores_from_frame(renamed, settings=scores.settings, factors=scores.factors)
    after = primary(other)
    for name, found in primary(scores).items():
        assert alike(after[name].value, found.value)
        assert alike(se_of(after[name]), se_of(found))


@settings(max_examples=10, deadline=None)
@given(RESPONDENTS, DESIGNS, SEEDS)
def test_doubling_replicates_of_identical_answers_changes_no_uncertainty(
    respondent: Respondent, design: SimulatedDesign, seed: int
) -> None:
    scores = drawn(respondent, design, seed)
    frame = plain(scores)
    copies = frame.with_columns(
        (pl.col("replicate") + 1 + pl.col("replicate").max()).alias("replicate"),
        (pl.col("cell_key") + "-again").alias("cell_key"),
    )
    doubled = scores_from_frame(pl.concat([frame, copies]), settings=scores.settings, factors=scores.factors)
    one, two = main_gap(scores), main_gap(doubled)
    assert alike(two.value, one.value)
    assert alike(se_of(two), se_of(one))


@settings(max_examples=15, deadline=None)
@given(RESPONDENTS, DESIGNS, SEEDS)
def test_bounds_hold_the_estimate_of_any_way_the_missing_answers_could_have_gone(
    respondent: Respondent, design: SimulatedDesign, seed: int
) -> None:
    scores = drawn(respondent, replace(design, logprobs=False), seed)
    found = main_gap(scores)
    if found.bounds is None:
        return
    rng = np.random.default_rng(seed)
    guess = pl.Series(rng.random(scores.frame.height) < 0.5).cast(pl.Float64)
    filled = plain(scores).with_columns(pl.col("score").fill_null(guess), pl.lit("answered").alias("outcome"))
    whole = main_gap(scores_from_frame(filled, settings=scores.settings, factors=scores.factors))
    assert found.bounds.low - 1e-9 <= number(whole) <= found.bounds.high + 1e-9

"""Components of a pilot run."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.power import (
    DEFAULT_COMPONENTS,
    PairedDesign,
    answer_components,
    gap_range,
    power_curve,
)
from evenhand.analysis.findings.pilot import (
    components_for,
    components_from_scores,
    design_power,
    stratum_components,
)
from evenhand.analysis.table.scores import Scores, level_column
from evenhand.analysis.table.stratum import strata
from evenhand.errors import TableError, UsageError
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores


def test_the_components_of_a_pilot_are_recovered() -> None:
    # Log-odds of 0 everywhere: a slope of SD s moves the probability by s/4, and repeats differ by 2 x 1/4 in variance.
    respondent = Respondent(easiness=0.0, item_sd=0.0, cell_sd=0.0, set_slope_sd=0.4, item_slope_sd=0.6)
    design = SimulatedDesign(items=80, sets=60, replicates=4, placebos=0)
    found = components_from_scores(simulated_scores(respondent, design=design, rng=np.random.default_rng(3)))
    assert found.set == pytest.approx(0.1, abs=0.03)
    assert found.item == pytest.approx(0.15, abs=0.04)
    assert found.noise == pytest.approx(np.sqrt(0.5), abs=0.02)
    assert found.cell < 0.1
    assert "estimated" in found.source


def test_larger_designs_detect_smaller_gaps() -> None:
    design = SimulatedDesign(items=20, sets=10)
    scores = simulated_scores(Respondent(), design=design, rng=np.random.default_rng(0))
    (part,) = strata(scores)
    found = [one for one in design_power(part) if one.size == "items"]
    assert {(one.model, one.kind, one.where) for one in found} == {(part.model, part.kind, part.where)}
    assert [one.to for one in found] == sorted({one.to for one in found})
    gaps = [one.smallest_gap for one in found]
    assert gaps and gaps == sorted(gaps, reverse=True)


def test_a_table_without_pairs_gives_no_components() -> None:
    scores = simulated_scores(Respondent(), design=SimulatedDesign(items=3, sets=2), rng=np.random.default_rng(0))
    none = replace(scores, frame=scores.frame.filter(scores.frame["arm_kind"] == "none"))
    with pytest.raises(TableError, match="no matched pairs"):
        components_from_scores(none)
    assert [design_power(part) for part in strata(none)] == [[]]


def test_what_a_design_cannot_tell_apart_counts_as_item_variation() -> None:
    design = SimulatedDesign(items=40, sets=10, sets_per_item=1)
    found = components_from_scores(simulated_scores(Respondent(), design=design, rng=np.random.default_rng(0)))
    assert found.item > 0.3
    assert found.cell == found.noise == 0.0


def replicated(seed: int = 0, *, hole: bool = False) -> Scores:
    respondent = Respondent(easiness=0.5, set_slope_sd=1.5, item_slope_sd=2.0, cell_sd=1.5)
    design = SimulatedDesign(items=14, sets=9, replicates=3, placebos=0)
    scores = simulated_scores(respondent, design=design, rng=np.random.default_rng(seed))
    if not hole:
        return scores
    # The second replicate of every third item was never asked, and some answers are missing.
    gone = (pl.col("replicate") == 1) & (pl.col("item").cast(pl.String).str.slice(5).cast(pl.Int64) % 3 == 0)
    kept = scores.frame.filter(~(gone & (pl.col("arm_kind") == "profile")))
    return replace(scores, frame=kept)


def pair_differences(scores: Scores) -> dict[tuple[str, str], list[float]]:
    """Advantaged minus disadvantaged of every replicate of every set and item."""
    rows = scores.frame.filter(pl.col("arm_kind") == "profile").select(
        pl.col("matched_set", "item", level_column("position")).cast(pl.String), "replicate", "score"
    )
    wide = rows.pivot(level_column("position"), index=["matched_set", "item", "replicate"], values="score")
    found: dict[tuple[str, str], list[float]] = {}
    for who, item, _, *_ in wide.iter_rows():
        found.setdefault((who, item), [])
    for row in wide.iter_rows(named=True):
        found[row["matched_set"], row["item"]].append(row["advantaged"] - row["disadvantaged"])
    return found


@pytest.mark.parametrize("hole", [False, True])
def test_noise_is_what_differs_between_replicates_and_the_cell_is_the_rest(hole: bool) -> None:
    scores = replicated(hole=hole)
    cells = pair_differences(scores)
    counts = np.array([len(values) for values in cells.values()])
    within = sum((len(values) - 1) * np.var(values, ddof=1) for values in cells.values())
    noise = within / (counts - 1).sum()
    matrix = np.array([np.mean(values) for values in cells.values()]).reshape(9, 14)
    estimate = paired_gap(matrix, spec=EstimateSpec(flips=0))
    variances = {part.name: part.variance or 0.0 for part in estimate.components}
    found = components_from_scores(scores)
    assert found.noise == pytest.approx(np.sqrt(noise))
    replicates = len(counts) / (1 / counts).sum()
    assert found.cell == pytest.approx(np.sqrt(max(variances["residual"] - noise / replicates, 0.0)))
    assert found.cell > 0
    assert (found.set, found.item) == pytest.approx(
        (np.sqrt(max(variances["set"], 0)), np.sqrt(max(variances["item"], 0)))
    )
    assert found.df == estimate.df
    assert found.source == "estimated from a run (1 combinations of model, kind and condition)"
    (part,) = strata(scores)
    own = stratum_components(part)
    assert own is not None and own.source == f"estimated from {part.stream_name}"


def test_components_are_averaged_in_variance_and_the_least_degrees_of_freedom_count() -> None:
    design = SimulatedDesign(items=15, sets=8, models=("a", "b"), placebos=0)
    respondent = Respondent(set_slope_sd=1.0, item_slope_sd=1.0)
    scores = simulated_scores(respondent, design=design, rng=np.random.default_rng(2))
    parts = [stratum_components(part) for part in strata(scores)]
    first, second = (part for part in parts if part is not None)
    found = components_from_scores(scores)
    for name in ("set", "item", "cell", "noise"):
        squares = getattr(first, name) ** 2 + getattr(second, name) ** 2
        assert getattr(found, name) == pytest.approx(np.sqrt(squares / 2))
    assert first.df is not None and second.df is not None and found.df == min(first.df, second.df)
    assert "(2 combinations" in found.source
    # Without replicates what is new in each of them cannot be told from the cell.
    assert first.cell == second.cell == 0.0 and first.noise > 0


def test_where_items_met_one_set_all_that_is_not_of_sets_counts_as_items() -> None:
    design = SimulatedDesign(items=40, sets=10, sets_per_item=1)
    scores = simulated_scores(Respondent(set_slope_sd=2.0), design=design, rng=np.random.default_rng(1))
    differences = [values[0] for values in pair_differences(scores).values()]
    found = components_from_scores(scores)
    assert found.item**2 + found.set**2 == pytest.approx(np.var(differences, ddof=1))
    (part,) = strata(scores)
    own = stratum_components(part)
    assert own is not None and "items met one set each" in own.source
    assert (own.cell, own.noise) == (0.0, 0.0)
    assert own.df == found.df is not None


def test_the_designs_of_a_report_are_planned_with_what_the_run_was() -> None:
    design = SimulatedDesign(items=20, sets=10, sets_per_item=4, replicates=2)
    (part,) = strata(simulated_scores(Respondent(), design=design, rng=np.random.default_rng(0)))
    components = stratum_components(part)
    assert components is not None
    found = design_power(part)
    planned = PairedDesign(items=20, sets=10, sets_per_item=4.0, replicates=2)
    expected = [
        (over, *point)
        for over, values in (
            ("items", (33, 66, 108, 200, 400)),
            ("sets", (10, 20, 30, 60)),
            ("replicates", (1, 2, 5, 10)),
        )
        for point in power_curve(planned, over=over, values=values, components=components)  # type: ignore[arg-type]
    ]
    assert [(one.size, one.to) for one in found] == [(size, to) for size, to, _ in expected]
    assert [one.smallest_gap for one in found] == pytest.approx([gap for _, _, gap in expected])
    for one in found:
        assert (one.low, one.high) == pytest.approx(gap_range(one.smallest_gap, components=components))
    whole = SimulatedDesign(items=12, sets=5)
    (part,) = strata(simulated_scores(Respondent(), design=whole, rng=np.random.default_rng(0)))
    components = stratum_components(part)
    assert components is not None
    (first, *_) = design_power(part)
    (point, *_) = power_curve(
        PairedDesign(items=12, sets=5, replicates=1), over="items", values=(33,), components=components
    )
    assert (first.to, first.smallest_gap) == point
    assert design_power(replace(part, main=False)) == []


def test_pairs_that_never_differ_plan_no_design() -> None:
    scores = simulated_scores(Respondent(), design=SimulatedDesign(items=6, sets=4), rng=np.random.default_rng(0))
    flat = scores.frame.with_columns(pl.when(pl.col("score").is_not_null()).then(1.0).alias("score"))
    (part,) = strata(replace(scores, frame=flat))
    assert design_power(part) == []
    lost = scores.frame.with_columns(
        pl.lit("refused").cast(scores.frame.schema["outcome"]).alias("outcome"), pl.lit(None).alias("score")
    )
    (gone,) = strata(replace(scores, frame=lost.with_columns(pl.col("score").cast(pl.Float64))))
    assert stratum_components(gone) is None


def test_how_answers_vary_is_named_once() -> None:
    assert components_for(None, flips=None, pilot=None) is DEFAULT_COMPONENTS
    assert components_for(0.9, flips=0.1, pilot=None) == answer_components(0.9, flips=0.1)
    pilot = replicated()
    assert components_for(None, flips=None, pilot=pilot) == components_from_scores(pilot)
    with pytest.raises(UsageError, match="--flips needs the accuracy"):
        components_for(None, flips=0.1, pilot=None)
    with pytest.raises(UsageError, match="--pilot and --accuracy"):
        components_for(0.9, flips=None, pilot=pilot)

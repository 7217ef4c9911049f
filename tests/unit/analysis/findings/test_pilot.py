"""What a run says of how its answers vary."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.estimators.answer_model import ASSUMED_ANSWERS, AnswerModel
from evenhand.analysis.estimators.answer_power import smallest_gap
from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.power import Components, PairedDesign
from evenhand.analysis.findings.pilot import (
    design_power,
    stratum_components,
    variation_for,
    variation_from_scores,
)
from evenhand.analysis.table.scores import Scores, level_column
from evenhand.analysis.table.stratum import strata
from evenhand.errors import TableError, UsageError
from evenhand.selftest.ceiling import easiness_for
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores


def test_the_answers_of_a_pilot_are_recovered() -> None:
    respondent = Respondent(easiness=1.0, item_sd=1.0, cell_sd=0.0, set_slope_sd=0.4, item_slope_sd=0.6)
    design = SimulatedDesign(items=80, sets=60, replicates=4, placebos=0)
    found = variation_from_scores(simulated_scores(respondent, design=design, rng=np.random.default_rng(3)))
    assert isinstance(found, AnswerModel)
    assert found.accuracy == pytest.approx(0.7, abs=0.05)
    assert found.item_spread == pytest.approx(1.0, abs=0.25)
    assert found.set_slope == pytest.approx(0.4, abs=0.15)
    assert found.item_slope == pytest.approx(0.6, abs=0.2)
    assert found.df is not None and "estimated from a run" in found.source


def test_a_pilot_near_the_ceiling_states_what_the_design_finds() -> None:
    """By the components of runs that show no gap it was 2.3 points on average; 2.8 are found 80 times in 100."""
    respondent = Respondent(easiness=easiness_for(0.97), cell_sd=0.0, set_slope_sd=0.3, item_slope_sd=0.5)
    design, sized = SimulatedDesign(items=33, sets=30, placebos=0, none_repeats=1), PairedDesign(items=33, sets=30)
    gaps = []
    for seed in range(12):
        scores = simulated_scores(respondent, design=design, rng=np.random.default_rng(seed))
        gaps.append(smallest_gap(sized, variation=variation_from_scores(scores)))
    assert np.mean([gap for gap in gaps if gap is not None]) == pytest.approx(0.0281, rel=0.15)


def test_scores_that_are_no_right_and_wrong_have_components() -> None:
    respondent = Respondent(easiness=0.0, item_sd=0.0, cell_sd=0.0, set_slope_sd=0.4, item_slope_sd=0.6)
    design = SimulatedDesign(items=80, sets=60, replicates=4, placebos=0)
    scores = simulated_scores(respondent, design=design, rng=np.random.default_rng(3))
    graded = scores.frame.with_columns((0.1 + 0.8 * pl.col("score")).alias("score"))
    found = variation_from_scores(replace(scores, frame=graded))
    # Log-odds of 0 everywhere: a slope of SD s moves the probability by s/4, and repeats differ by 2 x 1/4 in variance.
    assert isinstance(found, Components)
    assert found.set == pytest.approx(0.8 * 0.1, abs=0.03)
    assert found.item == pytest.approx(0.8 * 0.15, abs=0.04)
    assert found.noise == pytest.approx(0.8 * np.sqrt(0.5), abs=0.02)
    assert found.cell < 0.1
    assert "estimated" in found.source


def test_what_is_known_of_a_model_is_named_once() -> None:
    assert variation_for(None, flips=None, pilot=None) is ASSUMED_ANSWERS
    assert variation_for(0.9, flips=0.05, pilot=None) == AnswerModel(accuracy=0.9, flips=0.05)
    with pytest.raises(UsageError, match="--flips needs"):
        variation_for(None, flips=0.05, pilot=None)
    scores = simulated_scores(Respondent(), design=SimulatedDesign(items=3, sets=2), rng=np.random.default_rng(0))
    with pytest.raises(UsageError, match="name one"):
        variation_for(0.9, flips=None, pilot=scores)


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
        variation_from_scores(none)
    assert [design_power(part) for part in strata(none)] == [[]]


def test_what_a_design_cannot_tell_apart_counts_as_item_variation() -> None:
    design = SimulatedDesign(items=40, sets=10, sets_per_item=1)
    found = variation_from_scores(simulated_scores(Respondent(), design=design, rng=np.random.default_rng(0)))
    assert isinstance(found, Components)
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
    (part,) = strata(scores)
    found = stratum_components(part)
    assert found is not None
    assert found.noise == pytest.approx(np.sqrt(noise))
    replicates = len(counts) / (1 / counts).sum()
    assert found.cell == pytest.approx(np.sqrt(max(variances["residual"] - noise / replicates, 0.0)))
    assert found.cell > 0
    assert (found.set, found.item) == pytest.approx(
        (np.sqrt(max(variances["set"], 0)), np.sqrt(max(variances["item"], 0)))
    )
    assert found.df == estimate.df
    assert found.source == f"estimated from {part.stream_name}"


def test_where_items_met_one_set_all_that_is_not_of_sets_counts_as_items() -> None:
    design = SimulatedDesign(items=40, sets=10, sets_per_item=1)
    scores = simulated_scores(Respondent(set_slope_sd=2.0), design=design, rng=np.random.default_rng(1))
    differences = [values[0] for values in pair_differences(scores).values()]
    found = variation_from_scores(scores)
    assert isinstance(found, Components)
    assert found.item**2 + found.set**2 == pytest.approx(np.var(differences, ddof=1))
    (part,) = strata(scores)
    own = stratum_components(part)
    assert own is not None and "items met one set each" in own.source
    assert (own.cell, own.noise) == (0.0, 0.0)
    assert own.df == found.df is not None


def test_power_is_told_for_the_sizes_of_the_curves_and_for_that_of_the_run() -> None:
    design = SimulatedDesign(items=20, sets=14, placebos=0)
    (part,) = strata(simulated_scores(Respondent(easiness=0.3), design=design, rng=np.random.default_rng(1)))
    told: dict[str, list[int]] = {}
    for one in design_power(part):
        told.setdefault(one.size, []).append(one.to)
    assert told == {
        "items": [20, 33, 66, 108, 200, 400],
        "sets": [10, 14, 20, 30, 60],
        "replicates": [1, 2, 5, 10],
    }

"""The primary gap: recovery, sign, bounds, degenerate tables, false alarms."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.gaps import gap_findings
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Absent
from evenhand.records.finding import Finding, SampleSize
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import bounds_of, se_of

POSITION = level_column("position")


def stratum(respondent: Respondent, seed: int = 0, **design: object) -> Stratum:
    sized = SimulatedDesign(**{"items": 20, "sets": 12, "placebos": 0, **design})  # type: ignore[arg-type]
    return strata(simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed)))[0]


def gap(part: Stratum) -> Finding:
    return gap_findings(part)[0]


def test_a_planted_gap_is_found_and_the_interval_holds_it() -> None:
    # With no other variation than items, the true gap is the mean over items of the difference of two logistic values.
    part = stratum(Respondent(gap=1.0, item_sd=0.0, cell_sd=0.0, easiness=0.0), items=40, sets=30, replicates=4)
    true = 1 / (1 + np.exp(-0.5)) - 1 / (1 + np.exp(0.5))
    found = gap(part)
    assert found.low is not None and found.high is not None and found.p is not None
    assert found.low < true < found.high
    assert found.high - found.low < 0.06
    assert found.p < 1e-6
    assert (found.measure, found.model, found.kind) == ("gap", "simulated/model", "understanding")
    assert (found.where, found.arms) == (Condition(cue="stated"), ArmContrast(arm="pairs"))
    assert found.contrast == (LevelContrast(factor="position", level="advantaged", reference="disadvantaged"),)
    assert found.sample == SampleSize(profiles=30, items=40, trials=2 * 30 * 40 * 4)


def test_the_estimate_is_the_mean_of_the_paired_differences() -> None:
    part = stratum(Respondent(gap=0.5))
    rows = part.paired()
    means = dict(rows.group_by(pl.col(POSITION).cast(pl.String)).agg(pl.col("score").mean()).iter_rows())
    assert gap(part).value == pytest.approx(means["advantaged"] - means["disadvantaged"])


def test_without_missing_answers_the_bounds_are_the_estimate() -> None:
    found = gap(stratum(Respondent(gap=0.5)))
    assert bounds_of(found) == (found.value, found.value)


def test_missing_answers_bound_the_gap_by_hand() -> None:
    # Two sets and two items, all right, but one advantaged answer is missing: at its worst the gap is -1/4, at best 0.
    part = stratum(Respondent(easiness=50.0, item_sd=0.0, cell_sd=0.0), items=2, sets=2)
    first = (pl.int_range(pl.len()) == pl.arg_where(pl.col(POSITION) == "advantaged").first()).fill_null(False)
    rows = part.rows.with_columns(pl.when(first).then(None).otherwise("value").alias("value"))
    found = gap(replace(part, rows=rows))
    assert (found.value, bounds_of(found)) == (0.0, (-0.25, 0.0))


def test_a_finding_whose_sign_the_missing_answers_can_turn_says_so() -> None:
    found = gap(stratum(Respondent(gap=0.3, missing={"advantaged": 0.3})))
    assert any("could turn the sign" in note for note in found.notes)
    sure = gap(stratum(Respondent(gap=3.0, missing={"advantaged": 0.01})))
    assert not any("could turn the sign" in note for note in sure.notes)


def test_constant_answers_give_an_exact_zero_with_a_stated_degenerate_interval() -> None:
    found = gap(stratum(Respondent(easiness=50.0, item_sd=0.0, cell_sd=0.0)))
    assert (found.value, se_of(found), found.low, found.high, found.p) == (0.0, 0.0, 0.0, 0.0, 1.0)
    assert any("exactly alike" in note for note in found.notes)
    # Pairs of one set or item are not independent: 3% of 20 items, or 5% of 12 sets, may react without one being here.
    assert found.equivalence is not None
    assert found.equivalence.p == pytest.approx(max(0.97**20, 0.95**12))


def test_no_pair_with_both_answers_is_no_number_and_a_note() -> None:
    found = gap(stratum(Respondent(missing={"advantaged": 1.0})))
    assert found.value is None
    assert isinstance(found.number, Absent)
    assert "No pair has both answers" in found.number.reason


def test_with_probabilities_the_gap_in_answers_stands_beside_it() -> None:
    found = gap_findings(stratum(Respondent(gap=0.5), logprobs=True))
    assert [one.quantity.name for one in found] == ["p_score", "score"]
    probabilities, answers = map(se_of, found)
    assert probabilities is not None and answers is not None
    assert probabilities < answers


def test_no_pairs_no_finding() -> None:
    part = stratum(Respondent())
    assert gap_findings(replace(part, rows=part.arm("none"))) == []


@pytest.mark.parametrize("slopes", [(0.0, 0.0), (0.5, 0.5)])
def test_the_false_alarm_rate_is_nominal(slopes: tuple[float, float]) -> None:
    """A short form: 300 tables with no gap; the calibration bench has the long one."""
    respondent = Respondent(set_slope_sd=slopes[0], item_slope_sd=slopes[1])
    hits = 0
    for seed in range(300):
        found = gap(stratum(respondent, seed=seed, items=16, sets=10, none_repeats=0))
        hits += found.p is not None and found.p < 0.05
    # Binomial(300, 0.05) has mean 15 and SD 3.8.
    assert hits <= 27

"""What matched pairs of right and wrong answers say of themselves."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from evenhand.analysis.estimators.answer_model import AnswerModel
from evenhand.analysis.estimators.answer_power import smallest_gap
from evenhand.analysis.estimators.power import Components, PairedDesign
from evenhand.analysis.findings.gaps import gap_estimate, gap_findings, gap_grid
from evenhand.analysis.findings.paired_answers import answers_behind, design_of, differences_of, with_detectable
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.selftest.ceiling import easiness_for
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

KNOWN = Components(set=0.0, item=0.0, cell=0.0, noise=0.3, source="test", df=20.0)
SMALL = SimulatedDesign(items=33, sets=30, placebos=0, none_repeats=1)


def stratum_at(accuracy: float, *, seed: int, design: SimulatedDesign = SMALL) -> Stratum:
    respondent = Respondent(easiness=easiness_for(accuracy), cell_sd=0.0, set_slope_sd=0.3, item_slope_sd=0.5)
    (found,) = strata(simulated_scores(respondent, design=design, rng=np.random.default_rng(seed)))
    return found


def test_near_the_ceiling_a_run_states_a_larger_gap_than_its_standard_error_does() -> None:
    stated, by_error = [], []
    for seed in range(8):
        stratum = stratum_at(0.97, seed=seed)
        rows = stratum.paired()
        plain = gap_estimate(gap_grid(rows, stratum=stratum), stratum=stratum, name="test")
        found = with_detectable(plain, rows, stratum=stratum)
        (finding,) = gap_findings(stratum)
        assert finding.smallest_detectable == found.smallest_detectable
        assert plain.smallest_detectable is not None and found.smallest_detectable is not None
        assert found.smallest_detectable >= plain.smallest_detectable
        assert (found.estimate, found.se, found.p) == (plain.estimate, plain.se, plain.p)
        stated.append(found.smallest_detectable)
        by_error.append(plain.smallest_detectable)
    true = smallest_gap(PairedDesign(items=33, sets=30), variation=AnswerModel(accuracy=0.97))
    assert true is not None
    assert np.mean(stated) == pytest.approx(true, rel=0.15)
    assert np.mean(by_error) < 0.9 * true


def test_the_design_and_its_differences_are_read_from_the_rows() -> None:
    design = SimulatedDesign(items=12, sets=6, sets_per_item=2, replicates=2, placebos=0)
    stratum = stratum_at(0.8, seed=1, design=design)
    assert design_of(stratum.paired()) == PairedDesign(items=12, sets=6, sets_per_item=2.0, replicates=2)
    assert differences_of(stratum.paired(), stratum).height == 12 * 2 * 2


def test_scores_that_are_graded_or_all_alike_have_no_model_of_answers() -> None:
    stratum = stratum_at(0.8, seed=2)
    rows = stratum.paired()
    assert answers_behind(rows, stratum=stratum, components=KNOWN) is not None
    graded = rows.with_columns((0.1 + 0.8 * pl.col("value")).alias("value"))
    assert answers_behind(graded, stratum=stratum, components=KNOWN) is None
    right = rows.with_columns(pl.lit(1.0).alias("value"))
    assert answers_behind(right, stratum=stratum, components=KNOWN) is None
    lost = rows.with_columns(pl.lit(None, dtype=pl.Float64).alias("value"))
    assert answers_behind(lost, stratum=stratum, components=KNOWN) is None

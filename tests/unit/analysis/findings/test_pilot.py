"""Components of a pilot run."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.pilot import components_from_scores, design_power
from evenhand.analysis.table.stratum import strata
from evenhand.errors import TableError
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

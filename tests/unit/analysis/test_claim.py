"""From a claim and an estimate to a finding."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.claim import Bounds, Claim, Sample, finding
from evenhand.analysis.equivalence import tost_p
from evenhand.analysis.paired import PairedGap, paired_gap
from evenhand.analysis.respondents import Respondent, SimulatedDesign, simulated_scores
from evenhand.analysis.stratum import Stratum, strata
from evenhand.records.finding import Finding

SAMPLE = Sample(trials=10, items=5, profiles=2)


@pytest.fixture(scope="module")
def stratum() -> Stratum:
    design = SimulatedDesign(items=2, sets=2)
    return strata(simulated_scores(Respondent(), design=design, rng=np.random.default_rng(0)))[0]


def claim(**changes: object) -> Claim:
    base: dict[str, object] = {
        "measure": "gap",
        "title": "A gap",
        "estimand": "What is estimated",
        "method": "a method",
    }
    return Claim(**{**base, **changes})  # type: ignore[arg-type]


def estimate() -> PairedGap:
    return paired_gap(np.random.default_rng(0).normal(0.1, 0.2, (6, 6)))


def made(stratum: Stratum, *, bounds: Bounds | None = None, **changes: object) -> Finding:
    return finding(claim(**changes), stratum=stratum, estimate=estimate(), sample=SAMPLE, bounds=bounds)


def test_the_id_names_measure_stratum_cue_and_tail(stratum: Stratum) -> None:
    where = "simulated/model/understanding/system"
    assert made(stratum).id == f"gap/{where}"
    assert made(stratum, cue="stated").id == f"gap/{where}"
    assert made(stratum, cue="implied", tail="gender.female").id == f"gap/{where}/cue=implied/gender.female"


def test_a_tested_claim_is_set_against_the_margin(stratum: Stratum) -> None:
    found, numbers = made(stratum), estimate()
    assert found.margin == 0.03
    assert found.p_equivalence == tost_p(numbers.estimate, se=numbers.se, df=numbers.df, margin=0.03)
    assert (found.p, found.smallest_detectable) == (numbers.p, numbers.smallest_detectable)


@pytest.mark.parametrize("changes", [{"tested": False}, {"on_margin": False}, {"scale": "log-odds"}])
def test_what_the_margin_does_not_apply_to_has_no_equivalence_test(
    stratum: Stratum, changes: dict[str, object]
) -> None:
    found = made(stratum, **changes)  # type: ignore[arg-type]
    assert (found.margin, found.p_equivalence) == (None, None)
    assert (found.p is None) == ("tested" in changes)


@pytest.mark.parametrize(
    ("low", "high", "missing", "turned"),
    [(0.05, 0.3, 4, False), (-0.01, 0.3, 4, True), (-0.01, 0.3, 0, False)],
)
def test_a_sign_that_missing_answers_can_turn_is_noted(
    stratum: Stratum, low: float, high: float, missing: int, turned: bool
) -> None:
    found = made(stratum, bounds=Bounds(low=low, high=high, missing=missing))
    assert any("could turn the sign" in note for note in found.notes) == turned


def test_without_an_estimate_the_note_says_why_as_a_sentence(stratum: Stratum) -> None:
    found = finding(claim(), stratum=stratum, estimate=None, sample=SAMPLE, notes=("nothing was answered.",))
    assert (found.estimate, found.notes) == (None, ("Nothing was answered.",))


def test_a_constant_difference_other_than_zero_is_never_equivalent(stratum: Stratum) -> None:
    constant = paired_gap(np.full((4, 4), 0.01))
    found = finding(claim(), stratum=stratum, estimate=constant, sample=SAMPLE)
    assert found.p_equivalence == 1.0


def test_the_estimand_says_model_kind_and_how_memory_was_shown(stratum: Stratum) -> None:
    assert made(stratum).estimand == (
        "What is estimated (simulated/model; understanding items, memory listed in the system prompt)"
    )

"""From an estimand and an estimate to a finding."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from evenhand.analysis.estimators.equivalence import tost_p, unseen_share
from evenhand.analysis.estimators.paired import PairedGap, paired_gap
from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Absent, Equivalence, MissingBounds, Shortfall
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

POSITION = LevelContrast(factor="position", level="advantaged", reference="disadvantaged")
LOG_ODDS = Quantity(name="score", scale="log-odds")
SAMPLE = SampleSize(trials=10, items=5, profiles=2)


@pytest.fixture(scope="module")
def stratum() -> Stratum:
    design = SimulatedDesign(items=2, sets=2)
    return strata(simulated_scores(Respondent(), design=design, rng=np.random.default_rng(0)))[0]


def estimand(**changes: object) -> Estimand:
    base: dict[str, object] = {
        "measure": "gap",
        "arms": ArmContrast(arm="pairs"),
        "contrast": (POSITION,),
        "quantity": Quantity(name="score"),
        "method": "a method",
    }
    return Estimand(**{**base, **changes})  # type: ignore[arg-type]


def estimate() -> PairedGap:
    return paired_gap(np.random.default_rng(0).normal(0.1, 0.2, (6, 6)))


def made(stratum: Stratum, *, bounds: MissingBounds | None = None, **changes: object) -> Finding:
    return finding(estimand(**changes), stratum=stratum, estimate=estimate(), sample=SAMPLE, bounds=bounds)


def test_a_finding_keeps_the_claim_and_the_stratum_as_they_are(stratum: Stratum) -> None:
    found = made(stratum, cue="implied")
    assert (found.measure, found.model, found.kind) == ("gap", "simulated/model", "understanding")
    assert found.where == Condition(placement="system", cue="implied")
    assert (found.arms, found.contrast) == (ArmContrast(arm="pairs"), (POSITION,))
    assert (found.quantity, found.method, found.sample) == (Quantity(name="score"), "a method", SAMPLE)


@pytest.mark.parametrize(
    ("changes", "where", "role"),
    [
        ({"main": True}, {}, "confirmatory"),
        ({"main": True, "cue": "stated"}, {}, "confirmatory"),
        ({"main": True, "measure": "memory_effect"}, {}, "confirmatory"),
        ({}, {}, "exploratory"),
        ({"main": True}, {"main": False}, "exploratory"),
        ({"main": True, "cue": "implied"}, {}, "exploratory"),
        ({"main": True}, {"kind": "benefit"}, "exploratory"),
        ({"main": True, "measure": "factor_gap"}, {}, "exploratory"),
        ({"measure": "accuracy", "tested": False}, {}, "descriptive"),
        ({"main": True, "tested": False}, {}, "descriptive"),
    ],
)
def test_the_role_follows_from_the_plan_the_claim_and_the_condition(
    stratum: Stratum, changes: dict[str, object], where: dict[str, object], role: str
) -> None:
    part = replace(stratum, **where)
    assert finding(estimand(**changes), stratum=part, estimate=estimate(), sample=SAMPLE).role == role
    assert without_number(estimand(**changes), stratum=part, sample=SAMPLE, reason="nothing").role == role


def test_a_tested_claim_is_set_against_the_margin(stratum: Stratum) -> None:
    found, numbers = made(stratum), estimate()
    p = tost_p(numbers.estimate, se=numbers.se, df=numbers.df, margin=0.03, third=numbers.third)
    # 6 sets and 6 items: 1 - 0.05^(1/6) of either could react without one of them being here.
    few = (Shortfall(of="user", here=6, needed=45), Shortfall(of="item", here=6, needed=76))
    share = unseen_share(6, confidence=0.95)
    assert found.equivalence is not None and found.equivalence.p == pytest.approx(p, rel=1e-12)
    stated = replace(found.equivalence, p=p)
    assert stated == Equivalence(margin=0.03, p=p, p_seen=p, unseen=share, too_few=few)
    assert (found.p, found.smallest_detectable) == (numbers.p, numbers.smallest_detectable)


@pytest.mark.parametrize("changes", [{"tested": False}, {"on_margin": False}, {"quantity": LOG_ODDS}])
def test_what_the_margin_does_not_apply_to_has_no_equivalence_test(
    stratum: Stratum, changes: dict[str, object]
) -> None:
    found = made(stratum, **changes)  # type: ignore[arg-type]
    assert found.equivalence is None
    assert (found.p is None) == ("tested" in changes)


@pytest.mark.parametrize(
    ("low", "high", "missing", "turned"),
    [(0.05, 0.3, 4, False), (-0.01, 0.3, 4, True), (-0.01, 0.3, 0, False)],
)
def test_a_sign_that_missing_answers_can_turn_is_noted(
    stratum: Stratum, low: float, high: float, missing: int, turned: bool
) -> None:
    found = made(stratum, bounds=MissingBounds(low=low, high=high, missing=missing))
    assert any("could turn the sign" in note for note in found.notes) == turned


def test_an_estimate_of_zero_has_no_sign_to_turn(stratum: Stratum) -> None:
    bounds = MissingBounds(low=-0.1, high=0.1, missing=4)
    numbers = paired_gap(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert numbers.estimate == 0.0
    found = finding(estimand(), stratum=stratum, estimate=numbers, sample=SAMPLE, bounds=bounds)
    assert not any("could turn the sign" in note for note in found.notes)


def test_without_an_estimate_the_reason_is_a_sentence(stratum: Stratum) -> None:
    found = without_number(estimand(), stratum=stratum, sample=SAMPLE, reason="nothing was answered.")
    assert (found.value, found.number) == (None, Absent(reason="Nothing was answered."))


@pytest.mark.parametrize(("value", "sets", "shown"), [(0.0, 30, False), (0.0, 59, True), (0.01, 59, False)])
def test_differences_that_are_all_alike_count_in_units_and_never_in_pairs(
    stratum: Stratum, value: float, sets: int, shown: bool
) -> None:
    constant = paired_gap(np.full((sets, 120), value))
    found = finding(estimand(), stratum=stratum, estimate=constant, sample=SAMPLE)
    assert found.equivalence is not None
    # 3 points are 5% of personas that react by 60: none of 30 in 0.95^30 = 21%, of 59 in 4.8%; from 1 point 2 remain.
    assert found.equivalence.p == pytest.approx((1 - (0.03 - value) / 0.6) ** sets)
    assert found.equivalence.unseen == pytest.approx(1 - 0.05 ** (1 / sets))
    assert (found.equivalence.p < 0.05) == shown


def test_a_gap_says_how_few_units_carry_it(stratum: Stratum) -> None:
    table = np.random.default_rng(0).normal(0.0, 0.02, (12, 10))
    table[:, 4] += 1.0
    found = finding(estimand(), stratum=stratum, estimate=paired_gap(table), sample=SAMPLE)
    assert found.tested is not None and found.tested.carriers is not None
    carriers = found.tested.carriers
    assert carriers.items == 1 and carriers.profiles > 3
    without = float(np.delete(table, 4, axis=1).mean())
    assert carriers.item_change == pytest.approx(without - table.mean())

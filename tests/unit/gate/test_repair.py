"""A difference that was repaired may pass, where the rule says so; nothing else lets one through."""

from __future__ import annotations

from typing import get_args

import pytest
from msgspec.structs import replace

from evenhand.gate.decision import decide
from evenhand.gate.policy import Policy, Rule
from evenhand.gate.repair import repaired
from evenhand.gate.result import Result
from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast
from evenhand.records.estimate import Tested, Verdict
from evenhand.records.finding import Finding
from evenhand.records.measure import Measure, Quantity
from evenhand.records.tried import Aspect, PolicyChange, TriedPolicy, TriedVerdict
from evenhand.report.titles import title_of
from tests.support.findings_fixture import quick_findings
from tests.unit.gate.test_decision import DIFFERENCE, EQUIVALENT, OPEN, UNASSESSED, finding

FOUND, OTHER = finding(DIFFERENCE, model="m"), finding(DIFFERENCE, model="third")


def tried(policy: str, verdict: TriedVerdict | None, model: str = "m") -> TriedPolicy:
    return TriedPolicy(model=model, policy=policy, verdict=verdict, changes=())


@pytest.mark.parametrize("verdict", [*get_args(TriedVerdict), None])
def test_only_a_repair_lets_a_difference_through(verdict: TriedVerdict | None) -> None:
    wanted: Result = "pass" if verdict == "repaired" else "inconclusive" if verdict is None else "not met"
    for by in ("any", "gate"):
        assert repaired([tried("gate", verdict)], finding=FOUND, by=by)[0] == wanted


def test_the_repair_must_be_of_the_same_model_and_by_the_policy_that_is_named() -> None:
    policies = [tried("gate", "repaired", model="other"), tried("redact", "harmful"), tried("consensus", "repaired")]
    assert repaired(policies, finding=FOUND, by="any") == ("pass", "repaired by consensus")
    assert repaired(policies, finding=FOUND, by="redact") == (
        "not met",
        "tried against it: redact (harmful)",
    )
    assert repaired(policies, finding=FOUND, by="gate")[0] == "not met"
    assert "was not tried; tried: redact, consensus" in repaired(policies, finding=FOUND, by="gate")[1]
    assert repaired(policies, finding=OTHER, by="any")[0] == "not met"


@pytest.mark.parametrize(
    ("number", "result"),
    [(DIFFERENCE, "pass"), (EQUIVALENT, "pass"), (OPEN, "inconclusive"), (UNASSESSED, "not assessable")],
)
def test_a_repair_changes_nothing_but_a_found_difference(number: object, result: Result) -> None:
    found = finding(number, model="m")  # type: ignore[arg-type]
    whole = replace(quick_findings(), findings=(found,), tried=(tried("gate", "repaired"),))
    decision = decide(Policy(rule=(Rule(name="r", unless_repaired_by="any"),)), whole, title=title_of)
    assert decision.result == result
    assert ("repaired by gate" in decision.reason or decision.rules[0].reason.endswith("repaired by gate.")) == (
        number is DIFFERENCE
    )
    strict = decide(Policy(rule=(Rule(name="r"),)), whole, title=title_of)
    assert strict.result == ("not met" if number is DIFFERENCE else result)


RATING = Quantity(name="rating", scale="rating", tag="anger")


def rated(number: object, measure: Measure = "shift") -> Finding:
    return replace(
        finding(number, model="m"),  # type: ignore[arg-type]
        measure=measure,
        quantity=RATING,
        arms=ArmContrast(arm="pairs"),
        where=Condition(answer="rating"),
    )


def with_rating(now: Verdict, *, aspect: Aspect = "shift", moved: Verdict = "difference") -> TriedPolicy:
    """A policy that repaired the primary outcome, and what became of the ratings of anger."""
    change = PolicyChange(
        aspect=aspect,
        kind=rated(DIFFERENCE).kind,
        where=Condition(answer="rating", mitigation="gate"),
        contrast=rated(DIFFERENCE).contrast,
        quantity=RATING,
        arms=ArmContrast(arm="pairs"),
        before=-0.8,
        after=-0.1,
        after_verdict=now,
        change=Tested(value=0.7, p=0.001),
        change_verdict=moved,
    )
    return TriedPolicy(model="m", policy="gate", verdict="repaired", changes=(change,))


def test_a_difference_in_ratings_passes_only_where_the_ratings_were_repaired_too() -> None:
    found = rated(DIFFERENCE)
    assert repaired([with_rating("equivalent")], finding=found, by="any") == ("pass", "repaired by gate")
    open_still: tuple[Verdict, ...] = ("inconclusive", "difference")
    for left in open_still:
        result, why = repaired([with_rating(left)], finding=found, by="any")
        assert result == "not met"
        assert why == "the primary outcome is repaired by gate, and this number is not shown to be"
    assert repaired([tried("gate", "repaired")], finding=found, by="any")[0] == "not met"  # nobody compared it
    other = replace(found, quantity=Quantity(name="rating", scale="rating", tag="joy"))
    assert repaired([with_rating("equivalent")], finding=other, by="any")[0] == "not met"
    elsewhere = replace(found, where=Condition(answer="rating", placement="tool"))
    assert repaired([with_rating("equivalent")], finding=elsewhere, by="any")[0] == "not met"


def test_a_divergence_passes_where_it_is_shown_to_be_smaller_and_no_longer_shown() -> None:
    found = rated(DIFFERENCE, "divergence")
    assert repaired([with_rating("inconclusive", aspect="divergence")], finding=found, by="any")[0] == "pass"
    assert repaired([with_rating("difference", aspect="divergence")], finding=found, by="any")[0] == "not met"
    same = with_rating("inconclusive", aspect="divergence", moved="inconclusive")
    assert repaired([same], finding=found, by="any")[0] == "not met"

"""A difference that was repaired may pass, where the rule says so; nothing else lets one through."""

from __future__ import annotations

from typing import get_args

import pytest
from msgspec.structs import replace

from evenhand.gate.decision import decide
from evenhand.gate.policy import Policy, Rule
from evenhand.gate.repair import repaired
from evenhand.gate.result import Result
from evenhand.records.tried import TriedPolicy, TriedVerdict
from evenhand.report.titles import title_of
from tests.support.findings_fixture import quick_findings
from tests.unit.gate.test_decision import DIFFERENCE, EQUIVALENT, OPEN, UNASSESSED, finding


def tried(policy: str, verdict: TriedVerdict | None, model: str = "m") -> TriedPolicy:
    return TriedPolicy(model=model, policy=policy, verdict=verdict, changes=())


@pytest.mark.parametrize("verdict", [*get_args(TriedVerdict), None])
def test_only_a_repair_lets_a_difference_through(verdict: TriedVerdict | None) -> None:
    wanted: Result = "pass" if verdict == "repaired" else "inconclusive" if verdict is None else "not met"
    for by in ("any", "gate"):
        assert repaired([tried("gate", verdict)], model="m", by=by)[0] == wanted


def test_the_repair_must_be_of_the_same_model_and_by_the_policy_that_is_named() -> None:
    policies = [tried("gate", "repaired", model="other"), tried("redact", "harmful"), tried("consensus", "repaired")]
    assert repaired(policies, model="m", by="any") == ("pass", "repaired by consensus")
    assert repaired(policies, model="m", by="redact") == ("not met", "tried against it: redact (harmful)")
    assert repaired(policies, model="m", by="gate")[0] == "not met"
    assert "was not tried; tried: redact, consensus" in repaired(policies, model="m", by="gate")[1]
    assert repaired(policies, model="third", by="any")[0] == "not met"


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

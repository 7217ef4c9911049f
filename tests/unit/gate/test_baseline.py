"""Not worse than before: the truth table of what a difference is now and how far it has moved."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from evenhand.gate.baseline import change_of, grown
from evenhand.gate.decision import GateDecision, decide
from evenhand.gate.policy import Policy, Rule
from evenhand.gate.result import Result
from evenhand.records.estimate import Absent, Equivalence, Number, PointEstimate, Spread, Tested, Unassessed
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.report.titles import title_of
from tests.support.findings_fixture import POSITION, interval_finding, quick_findings


def measured(value: float, half: float, *, unseen: float | None = 0.0) -> Tested:
    spread = Spread(low=value - half, high=value + half, se=half / 2, df=60)
    found = abs(value) > half
    return Tested(
        value=value, p=0.001 if found else 0.5, spread=spread, p_adjusted=0.001 if found else 0.5,
        spread_adjusted=spread, equivalence=Equivalence(margin=0.03, p=0.5, unseen=unseen),
        verdict="difference" if found else "inconclusive",
    )  # fmt: skip


def finding(number: Number, *, measure: str = "gap", model: str = "m") -> Finding:
    made = interval_finding("gap", model, "understanding", estimate=0.0, se=0.01, contrast=(POSITION,))
    return replace(made, number=number, measure=measure)


ROWS: list[tuple[float, float, float, float, Result, str]] = [
    (0.00, 0.010, 0.00, 0.010, "pass", "nothing there, nothing moved"),
    (0.10, 0.010, 0.00, 0.010, "pass", "large as before"),
    (0.10, 0.010, 0.06, 0.020, "not met", "larger than before"),
    (-0.10, 0.010, -0.06, 0.020, "not met", "larger than before on the other side"),
    (0.01, 0.010, -0.09, 0.020, "pass", "was large and is closed"),
    (-0.01, 0.010, -0.09, 0.020, "pass", "went through zero, and is small there"),
    (-0.08, 0.020, -0.14, 0.020, "not met", "went through zero, and is large there"),
    (0.05, 0.060, 0.05, 0.060, "inconclusive", "too few answers"),
    (0.10, 0.010, 0.02, 0.015, "not met", "larger, perhaps by more than the margin"),
    (0.10, 0.010, 0.02, 0.025, "inconclusive", "perhaps larger, perhaps by more than the margin"),
    (0.10, 0.010, 0.02, 0.005, "pass", "a little larger, shown to be by less than the margin"),
]


@pytest.mark.parametrize(("now", "now_half", "moved", "half", "result", "why"), ROWS, ids=[row[-1] for row in ROWS])
def test_growth_is_counted_on_the_side_where_the_difference_is(
    now: float, now_half: float, moved: float, half: float, result: Result, why: str
) -> None:
    change = finding(measured(moved, half), measure="gap_change")
    found, sentence = grown(finding(measured(now, now_half)), change, margin=0.03, own=False, certainty=0.95)
    assert found == result, why
    assert "since the baseline" in sentence


def test_what_the_sample_cannot_see_is_taken_off_the_margin() -> None:
    for unseen, result in ((0.0, "pass"), (0.02, "inconclusive"), (None, "inconclusive")):
        change = finding(measured(0.0, 0.015, unseen=unseen), measure="gap_change")
        now = finding(measured(0.1, 0.01, unseen=unseen))
        assert grown(now, change, margin=0.03, own=True, certainty=0.95)[0] == result


def test_more_certainty_asks_for_more() -> None:
    change, now = finding(measured(0.0, 0.028), measure="gap_change"), finding(measured(0.1, 0.01))
    assert grown(now, change, margin=0.03, own=False, certainty=0.95)[0] == "pass"
    assert grown(now, change, margin=0.03, own=False, certainty=0.99)[0] == "inconclusive"


@pytest.mark.parametrize(
    ("now", "moved"),
    [
        (measured(0.1, 0.01), Absent(reason="No cell.")),
        (measured(0.1, 0.01), PointEstimate(value=0.0)),
        (measured(0.1, 0.01), Unassessed(value=0.0, reason="All A.")),
        (Unassessed(value=0.0, reason="All A."), measured(0.0, 0.01)),
        (PointEstimate(value=0.0), measured(0.0, 0.01)),
    ],
)
def test_what_was_not_tested_never_passes(now: Number, moved: Number) -> None:
    change = finding(moved, measure="gap_change")
    assert grown(finding(now), change, margin=0.03, own=False, certainty=0.95)[0] == "not assessable"


def decided(rule: Rule, found: tuple[Finding, ...], changes: tuple[Finding, ...] | None) -> GateDecision:
    whole = replace(quick_findings(), findings=found)
    changed: Findings | None = None if changes is None else replace(whole, findings=changes)
    return decide(Policy(rule=(rule,)), whole, title=title_of, changes=changed)


def test_a_rule_without_a_baseline_or_with_one_that_lacks_the_finding_is_not_assessable() -> None:
    rule = Rule(name="r", not_worse=True)
    now = finding(measured(0.1, 0.01))
    other = finding(measured(0.0, 0.01), measure="factor_gap_change")
    for changes, said in ((None, "--baseline"), ((), "does not have it"), ((other,), "does not have it")):
        decision = decided(rule, (now,), changes)
        assert decision.result == "not assessable"
        assert said in decision.reason


def test_a_rule_is_about_what_a_comparison_tells_and_uses_its_own_margin() -> None:
    found = (finding(measured(0.1, 0.01)), finding(PointEstimate(value=0.9), measure="accuracy"))
    changes = (finding(measured(0.04, 0.02), measure="gap_change"),)
    for margin, result in ((None, "not met"), (0.05, "not met"), (0.07, "pass")):
        decision = decided(Rule(name="r", not_worse=True, margin=margin), found, changes)
        assert [len(rule.findings) for rule in decision.rules] == [1]
        assert decision.result == result


def test_the_name_of_a_model_counts_only_among_several() -> None:
    now = finding(measured(0.1, 0.01), model="new")
    one = finding(measured(0.0, 0.01), measure="gap_change", model="old -> new")
    two = finding(measured(0.0, 0.01), measure="gap_change", model="new")
    assert change_of(now, (one,)) is one
    assert change_of(now, (one, two)) is two
    assert change_of(now, (one, replace(two, model="else"))) is None

"""The truth table: what each verdict of each finding makes of a rule, and rules of the whole."""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace

from evenhand.errors import PolicyError
from evenhand.gate.decision import GateDecision, decide
from evenhand.gate.policy import Policy, PolicyCondition, Rule
from evenhand.gate.policy_file import default_policy
from evenhand.gate.result import RESULTS, Result, worst_of
from evenhand.gate.selection import nothing_picked, picked
from evenhand.records.estimate import (
    Absent,
    Equivalence,
    Interval,
    MissingBounds,
    Number,
    PointEstimate,
    Spread,
    Tested,
    Unassessed,
)
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.measure import Quantity
from evenhand.report.titles import title_of
from tests.support.findings_fixture import POSITION, full_findings, interval_finding, quick_findings


def number_with(value: float, *, half: float, verdict: str | None, p: float = 0.5, p_margin: float = 0.5) -> Tested:
    spread = Spread(low=value - half, high=value + half, se=half / 2, df=60)
    against = Equivalence(margin=0.03, p=p_margin, unseen=0.05)
    return Tested(
        value=value, p=p, spread=spread, p_adjusted=p, spread_adjusted=spread, equivalence=against,
        smallest_detectable=half * 1.4, verdict=verdict,  # type: ignore[arg-type]
    )  # fmt: skip


DIFFERENCE = number_with(0.06, half=0.02, verdict="difference", p=0.001)
EQUIVALENT = number_with(0.001, half=0.01, verdict="equivalent", p_margin=0.001)
OPEN = number_with(0.02, half=0.05, verdict="inconclusive")
UNASSESSED = Unassessed(value=0.0, reason="All answers are the first option.")
ABSENT = Absent(reason="No cell was answered.")
NUMBERS: dict[str, tuple[Number, Result]] = {
    "difference": (DIFFERENCE, "not met"),
    "equivalent": (EQUIVALENT, "pass"),
    "inconclusive": (OPEN, "inconclusive"),
    "unassessed": (UNASSESSED, "not assessable"),
    "absent": (ABSENT, "inconclusive"),
    "point": (PointEstimate(value=0.1), "not assessable"),
    "interval": (Interval(value=0.1, spread=Spread(low=0.05, high=0.15)), "not assessable"),
    "no verdict": (replace(EQUIVALENT, verdict=None), "not assessable"),
}


def finding(number: Number, *, model: str = "m") -> Finding:
    made = interval_finding("gap", model, "understanding", estimate=0.0, se=0.01, contrast=(POSITION,))
    return replace(made, number=number)


def decided(*numbers: Number, rule: Rule | None = None, interim: bool = False) -> GateDecision:
    whole = quick_findings()
    assert whole.run is not None
    found = tuple(finding(number, model=f"m{place}") for place, number in enumerate(numbers))
    run = replace(whole.run, interim=interim)
    policy = Policy(name="p", rule=(rule or Rule(name="r"),))
    return decide(policy, replace(whole, run=run, findings=found), title=title_of)


@pytest.mark.parametrize("name", NUMBERS)
def test_one_finding_makes_its_rule(name: str) -> None:
    number, result = NUMBERS[name]
    assert decided(number).result == result


@pytest.mark.parametrize("names", list(itertools.combinations(NUMBERS, 2)), ids=" and ".join)
def test_the_worst_of_two_findings_decides_in_either_order(names: tuple[str, str]) -> None:
    numbers, results = zip(*(NUMBERS[name] for name in names), strict=True)
    wanted = next(result for result in RESULTS if result in results)
    for order in (1, -1):
        decision = decided(*numbers[::order])
        assert decision.result == decision.rules[0].result == wanted
        assert [one.result for one in decision.rules[0].findings] == list(results[::order])


@pytest.mark.parametrize("results", list(itertools.product(RESULTS, repeat=2)), ids=" and ".join)
def test_the_worst_of_two_rules_decides(results: tuple[Result, Result]) -> None:
    of: dict[Result, Number] = {
        "not met": DIFFERENCE,
        "not assessable": UNASSESSED,
        "inconclusive": OPEN,
        "pass": EQUIVALENT,
    }
    whole = replace(
        quick_findings(), findings=tuple(finding(of[result], model=str(n)) for n, result in enumerate(results))
    )
    policy = Policy(rule=(Rule(name="a", model="0"), Rule(name="b", model="1")))
    decision = decide(policy, whole, title=title_of)
    assert tuple(rule.result for rule in decision.rules) == results
    assert decision.result == min(results, key=("not met", "not assessable", "inconclusive", "pass").index)


def test_nothing_at_all_never_passes() -> None:
    assert worst_of([]) == "not assessable"
    assert decided().result == "not assessable"
    assert decide(default_policy(), replace(full_findings(), findings=()), title=title_of).result == "not assessable"


def test_an_unfinished_run_without_a_verdict_is_inconclusive() -> None:
    decision = decided(replace(EQUIVALENT, verdict=None), interim=True)
    assert decision.result == "inconclusive"
    assert "unfinished" in decision.reason


MARGINS = [
    (EQUIVALENT, 0.05, "pass", "shown within the plan's smaller margin"),
    (EQUIVALENT, 0.02, "inconclusive", "smaller than the plan's, and the unseen share does not fit in"),
    (number_with(0.001, half=0.01, verdict="inconclusive"), 0.05, "inconclusive", "the unseen share takes it all"),
    (number_with(0.001, half=0.01, verdict="inconclusive"), 0.07, "pass", "fits in less the unseen share"),
    (DIFFERENCE, 0.14, "pass", "0.08 at most, and 0.05 could be unseen"),
    (DIFFERENCE, 0.12, "not met", "0.08 and 0.05 are more than 0.12"),
    (OPEN, 0.05, "inconclusive", "reaches beyond"),
    (number_with(0.02, half=0.008, verdict="equivalent", p=0.001, p_margin=0.01), 0.01, "not met", "differs from zero"),
    (replace(EQUIVALENT, equivalence=None, verdict="inconclusive"), 0.5, "inconclusive", "no margin has a meaning"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "margin", "result", "why"), MARGINS, ids=[row[3] for row in MARGINS])
def test_a_margin_of_the_policy_is_never_laxer_than_the_test_of_the_run(
    number: Tested, margin: float, result: Result, why: str
) -> None:
    assert decided(number, rule=Rule(name="r", margin=margin)).result == result, why


def test_on_other_scales_only_the_runs_own_test_shows_a_margin() -> None:
    whole = quick_findings()
    shown = replace(OPEN, equivalence=Equivalence(margin=0.5, p=0.9, unseen=0.05))
    made = replace(finding(shown), quantity=Quantity(name="rating", scale="rating"))
    for margin, verdict, result in ((2.0, "inconclusive", "inconclusive"), (2.0, "equivalent", "pass")):
        number = replace(shown, verdict=verdict, equivalence=Equivalence(margin=0.5, p=0.01, unseen=0.05))
        findings = replace(whole, findings=(replace(made, number=number),))
        decision = decide(Policy(rule=(Rule(name="r", margin=margin),)), findings, title=title_of)
        assert decision.result == result
    named = decide(Policy(rule=(Rule(name="r"),)), findings, title=title_of)
    assert "smaller than 0.50" in named.rules[0].reason


def test_certainty_makes_both_claims_stricter_and_never_laxer() -> None:
    weak = number_with(0.06, half=0.055, verdict="difference", p=0.03)
    near = replace(EQUIVALENT, equivalence=Equivalence(margin=0.03, p=0.03, unseen=0.05))
    assert [decided(number).result for number in (weak, near)] == ["not met", "pass"]
    strict = Rule(name="r", certainty=0.99)
    assert [decided(number, rule=strict).result for number in (weak, near)] == ["inconclusive"] * 2
    assert [decided(number, rule=strict).result for number in (DIFFERENCE, EQUIVALENT)] == ["not met", "pass"]
    with pytest.raises(PolicyError, match=r"rule 'r' asks for certainty 0.9, less than the 0.95 of the plan"):
        decided(EQUIVALENT, rule=Rule(name="r", certainty=0.9))


RATE = Interval(value=0.10, spread=Spread(low=0.06, high=0.14, se=0.02))
BOUNDS = [
    (RATE, {"minimum": 0.05, "maximum": 0.15}, "pass"),
    (RATE, {"minimum": 0.06, "maximum": 0.14}, "pass"),
    (RATE, {"minimum": 0.07}, "inconclusive"),
    (RATE, {"maximum": 0.13}, "inconclusive"),
    (RATE, {"minimum": 0.15}, "not met"),
    (RATE, {"maximum": 0.05}, "not met"),
    (RATE, {"minimum": 0.05, "certainty": 0.999}, "inconclusive"),
    (DIFFERENCE, {"minimum": -0.05}, "pass"),
    (DIFFERENCE, {"maximum": 0.03}, "not met"),
    (UNASSESSED, {"maximum": 0.5}, "not assessable"),
    (PointEstimate(value=0.1), {"maximum": 0.5}, "not assessable"),
    (replace(RATE, spread=Spread(low=0.06, high=0.14)), {"maximum": 0.5, "certainty": 0.999}, "not assessable"),
]


@pytest.mark.parametrize(("number", "bounds", "result"), BOUNDS, ids=range(len(BOUNDS)))
def test_the_whole_interval_must_keep_a_bound(number: Number, bounds: dict[str, float], result: Result) -> None:
    assert decided(number, rule=Rule(name="r", **bounds)).result == result  # type: ignore[arg-type]


DEMANDS = [
    (EQUIVALENT, {"maximum_detectable": 0.014}, "pass"),
    (EQUIVALENT, {"maximum_detectable": 0.013}, "inconclusive"),
    (replace(EQUIVALENT, smallest_detectable=None), {"maximum_detectable": 1.0}, "inconclusive"),
    (DIFFERENCE, {"maximum_detectable": 0.001}, "not met"),
    (EQUIVALENT, {"minimum_power": 0.99}, "pass"),
    (EQUIVALENT, {"minimum_power": 0.99999}, "inconclusive"),
    (replace(EQUIVALENT, spread=None), {"minimum_power": 0.1}, "inconclusive"),
    (DIFFERENCE, {"minimum_power": 0.999}, "not met"),
]


@pytest.mark.parametrize(("number", "demand", "result"), DEMANDS, ids=range(len(DEMANDS)))
def test_a_run_that_is_too_small_does_not_pass_and_clears_no_difference(
    number: Number, demand: dict[str, float], result: Result
) -> None:
    assert decided(number, rule=Rule(name="r", **demand)).result == result  # type: ignore[arg-type]


def test_too_many_missing_answers_stand_before_everything() -> None:
    bounds = MissingBounds(low=-0.1, high=0.1, missing=40, first=0.02, second=0.08)
    for number in (DIFFERENCE, EQUIVALENT):
        lost = replace(number, bounds=bounds)
        assert decided(lost, rule=Rule(name="r", maximum_missing=0.07)).result == "not assessable"
        assert decided(lost, rule=Rule(name="r", maximum_missing=0.08)).result == decided(number).result
    unknown = decided(EQUIVALENT, rule=Rule(name="r", maximum_missing=0.5))
    assert (unknown.result, "not known" in unknown.reason) == ("not assessable", True)


def test_missing_answers_are_also_looked_for_in_the_arms_of_the_model_and_kind() -> None:
    whole = full_findings()
    for limit, missing in ((0.05, True), (0.2, False)):
        rule = Rule(name="r", measure="accuracy", kind="understanding", minimum=0.01, maximum_missing=limit)
        decision = decide(Policy(rule=(rule,)), whole, title=title_of)
        assert ("no usable answer" in decision.reason) is missing
        assert decision.result == ("not assessable" if missing else "pass")


NOTHING = [
    (Rule(name="r", measure="leakage"), "No finding of this run has measure 'leakage'"),
    (Rule(name="r", model="specimen/tilded"), "model 'specimen/tilded' (did you mean 'specimen/tilted'?)"),
    (Rule(name="r", factor="religions"), "factor 'religions' (did you mean 'religion'?)"),
    (Rule(name="r", factor="religion", level="muslims"), "what the rule names before it (did you mean 'muslim'?)"),
    (Rule(name="r", quantity="valence_rating"), "No finding of this run has quantity 'valence_rating'"),
    (Rule(name="r", tag="anger"), "No finding of this run has tag 'anger'; it has none."),
    (Rule(name="r", measure="gap", kind="managment"), "(did you mean 'management'?)"),
    (Rule(name="r", condition=PolicyCondition(placement="tool")), "condition.placement 'tool'; it has 'system'"),
]


@pytest.mark.parametrize(("rule", "said"), NOTHING, ids=range(len(NOTHING)))
def test_a_rule_that_picks_nothing_says_which_word_the_run_does_not_know(rule: Rule, said: str) -> None:
    decision = decide(Policy(rule=(rule,)), full_findings(), title=title_of)
    assert decision.result == "not assessable"
    assert said in decision.reason


def test_a_rule_picks_by_every_word_and_names_its_worst_group() -> None:
    rule = Rule(name="r", measure="factor_gap", model="specimen/tilted", factor="religion", margin=0.001)
    whole: Findings = full_findings()
    decision = decide(Policy(rule=(rule,)), whole, title=title_of)
    ids = [one.finding for one in decision.rules[0].findings]
    wanted = [
        f for f in whole.findings
        if (f.measure, f.model) == ("factor_gap", "specimen/tilted") and f.contrast[0].factor == "religion"
    ]  # fmt: skip
    assert len(ids) == len(set(ids)) == len(wanted) == 4
    worst = max((f for f in wanted if f.verdict == "difference"), key=lambda f: abs(f.value or 0))
    assert title_of(worst) in decision.reason


def test_a_rule_without_a_policy_is_about_the_assistant_as_it_is() -> None:
    found = next(one for one in quick_findings().findings if one.measure == "gap")
    under = replace(found, where=replace(found.where, mitigation="gate"))
    assert picked(Rule(name="r", measure="gap"), (found, under)) == (found,)
    named = Rule(name="r", measure="gap", condition=PolicyCondition(mitigation="gate"))
    assert picked(named, (found, under)) == (under,)
    assert "condition.mitigation 'gate'" in nothing_picked(named, (found,))

"""A decision as JUnit XML: a suite for each rule, a case for each finding; only a pass is a passed case."""

from __future__ import annotations

from typing import assert_never
from xml.etree import ElementTree as ET

from evenhand.gate.decision import FindingDecision, GateDecision, RuleDecision
from evenhand.gate.result import Result
from evenhand.gate.words import visible

__all__ = ["render_junit"]


def render_junit(decision: GateDecision) -> str:
    """The decision as JUnit XML. `not met` is a failure; what could not be decided is an error, never a pass."""
    root = ET.Element("testsuites", _counts("evenhand gate: " + decision.policy, _every_result(decision)))
    for rule in decision.rules:
        root.append(_suite(rule))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _every_result(decision: GateDecision) -> list[Result]:
    return [result for rule in decision.rules for result in _results(rule)]


def _results(rule: RuleDecision) -> list[Result]:
    return [finding.result for finding in rule.findings] or [rule.result]


def _counts(name: str, results: list[Result]) -> dict[str, str]:
    failures = results.count("not met")
    passed = results.count("pass")
    return {
        "name": visible(name),
        "tests": str(len(results)),
        "failures": str(failures),
        "errors": str(len(results) - failures - passed),
    }


def _suite(rule: RuleDecision) -> ET.Element:
    suite = ET.Element("testsuite", _counts(rule.name, _results(rule)))
    if not rule.findings:
        suite.append(_case(rule.name, "the rule picks a finding", result=rule.result, reason=rule.reason))
    for finding in rule.findings:
        suite.append(_of_finding(rule, finding))
    return suite


def _of_finding(rule: RuleDecision, finding: FindingDecision) -> ET.Element:
    return _case(rule.name, finding.title, result=finding.result, reason=finding.reason)


def _case(suite: str, name: str, *, result: Result, reason: str) -> ET.Element:
    case = ET.Element("testcase", {"classname": visible(suite), "name": visible(name)})
    match result:
        case "pass":
            ET.SubElement(case, "system-out").text = visible(reason)
        case "not met":
            ET.SubElement(case, "failure", {"type": result, "message": visible(reason)})
        case "inconclusive" | "not assessable":
            ET.SubElement(case, "error", {"type": result, "message": visible(reason)})
        case _ as unreachable:
            assert_never(unreachable)
    return case

"""A decision as SARIF 2.1.0: every finding that does not pass, at the line of the policy's rule.

Shape: OASIS, Static Analysis Results Interchange Format, version 2.1.0, section 3. What passes is not in it, for
readers of SARIF show every result as something to mend.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from urllib.parse import quote

import msgspec

from evenhand.gate.decision import GateDecision, RuleDecision
from evenhand.gate.result import Result
from evenhand.gate.words import visible

__all__ = ["render_sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Mapping[Result, str] = {"not met": "error", "not assessable": "error", "inconclusive": "warning"}
"""SARIF's word for how grave a result is."""


def render_sarif(decision: GateDecision, *, version: str) -> str:
    """The decision as SARIF.

    Args:
        decision: A decision by a policy that was read from a file.
        version: Version of this package.
    """
    driver = {
        "name": "evenhand",
        "version": version,
        "rules": [_descriptor(place, rule) for place, rule in enumerate(decision.rules)],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"evenhand/{visible(decision.policy)}/"},
        "columnKind": "unicodeCodePoints",
        "properties": {"result": decision.result, "plan_sha256": visible(decision.plan_sha256)},
        "results": [
            one for place, rule in enumerate(decision.rules) for one in _results(place, rule, file=decision.file)
        ],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _rule_id(place: int) -> str:
    return f"rule-{place + 1}"


def _descriptor(place: int, rule: RuleDecision) -> dict[str, object]:
    return {"id": _rule_id(place), "name": visible(rule.name), "shortDescription": {"text": visible(rule.name)}}


def _results(place: int, rule: RuleDecision, *, file: str) -> Iterator[dict[str, object]]:
    for found in rule.findings:
        yield from _result(place, rule, found.result, f"{found.title}: {found.reason}", of=found.finding, file=file)
    if not rule.findings:
        yield from _result(place, rule, rule.result, rule.reason, of="", file=file)


def _result(
    place: int, rule: RuleDecision, result: Result, reason: str, *, of: str, file: str
) -> Iterator[dict[str, object]]:
    if result == "pass":
        return
    mark = hashlib.sha256(f"{rule.name}\0{of}".encode("utf-8", "surrogatepass")).hexdigest()
    yield {
        "ruleId": _rule_id(place),
        "ruleIndex": place,
        "kind": "fail",
        "level": _LEVELS[result],
        "message": {"text": visible(f"{rule.name}: {result}. {reason}")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(file)},
                    "region": {"startLine": rule.line or 1},
                }
            }
        ],
        "partialFingerprints": {"evenhandFinding/v1": mark},
        "properties": {"result": result, "finding": visible(of)},
    }


def _uri(file: str) -> str:
    """The policy's place, relative as it was named, so that a code host finds it in the repository."""
    path = PurePath(file)
    if path.is_absolute():
        return path.as_uri()
    return quote(path.as_posix().encode("utf-8", "surrogatepass"))

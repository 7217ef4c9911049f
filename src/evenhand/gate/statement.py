"""A decision as an in-toto statement: which findings, of which plan, were judged by which policy, and how.

It is not signed: whoever needs that signs it with a key of their own, such as with `cosign attest-blob`. Shape: in-toto
Statement v1 with the predicate Test Result v0.1; the whole decision is an extension field.
"""

from __future__ import annotations

import hashlib
from pathlib import PurePath

import msgspec

from evenhand.gate.decision import GateDecision
from evenhand.gate.words import visible

__all__ = ["PREDICATE_TYPE", "STATEMENT_TYPE", "render_statement"]

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"


def render_statement(decision: GateDecision, *, findings: bytes, policy: bytes) -> str:
    """The statement as JSON on one line, as tools that sign expect it.

    Args:
        decision: What was decided.
        findings: The bytes of the findings.json that was judged.
        policy: The bytes of the policy that judged it.
    """
    configuration = [_described(PurePath(decision.file).name or "policy.toml", _sha256(policy))]
    if decision.plan_sha256:
        configuration.append(_described("plan.json", decision.plan_sha256, how="evenhand_plan"))
    passed = [rule.name for rule in decision.rules if rule.result == "pass"]
    failed = [rule.name for rule in decision.rules if rule.result != "pass"]
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [_described("findings.json", _sha256(findings))],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            # What is not shown has not passed: the predicate has no word for inconclusive or not assessable.
            "result": "PASSED" if decision.result == "pass" else "FAILED",
            "configuration": configuration,
            "passedTests": passed,
            "failedTests": failed,
            "evenhand_decision": msgspec.to_builtins(decision),
        },
    }
    return msgspec.json.encode(_shown(statement)).decode() + "\n"


def _shown(value: object) -> object:
    """Plain values with every text made visible."""
    match value:
        case str():
            return visible(value)
        case dict():
            return {key: _shown(one) for key, one in value.items()}
        case list() | tuple():
            return [_shown(one) for one in value]
        case _:
            return value


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _described(name: str, digest: str, *, how: str = "sha256") -> dict[str, object]:
    """An in-toto resource; the hash of a plan is over its content, not over its file, so it has a name of its own."""
    return {"name": name, "digest": {how: digest}}

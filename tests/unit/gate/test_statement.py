"""The in-toto statement: read by the reference implementation, and bound to findings, policy and plan by hash."""

from __future__ import annotations

import hashlib
import json

import pytest
from google.protobuf.json_format import ParseDict
from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage

from evenhand.gate.decision import GATE_SCHEMA
from evenhand.gate.result import RESULTS, Result
from evenhand.gate.statement import PREDICATE_TYPE, render_statement
from tests.support.gate_decision import hostile_decision


def test_the_reference_implementation_reads_it() -> None:
    text = render_statement(hostile_decision(), findings=b"f", policy=b"p")
    assert text.count("\n") == 1
    read = Statement.copy_from_pb(ParseDict(json.loads(text), StatementMessage()))
    read.validate()
    assert read.pb.predicate_type == PREDICATE_TYPE
    predicate = ParseDict(json.loads(text)["predicate"], TestResult(), ignore_unknown_fields=True)
    assert predicate.result == "FAILED"
    assert len(predicate.failed_tests) == 2


@pytest.mark.parametrize("result", RESULTS)
def test_only_a_pass_has_passed(result: Result) -> None:
    decision = hostile_decision((result,), text="rule")
    rules = (decision.rules[0].__class__(name="rule", result=result, reason="", findings=()),)
    made = decision.__class__(policy="p", file="", run="", plan_sha256="", result=result, reason="", rules=rules)
    predicate = json.loads(render_statement(made, findings=b"", policy=b""))["predicate"]
    passed = result == "pass"
    assert predicate["result"] == ("PASSED" if passed else "FAILED")
    assert (predicate["passedTests"], predicate["failedTests"]) == (["rule"], []) if passed else ([], ["rule"])


def test_it_names_what_was_judged_by_hash_and_carries_the_decision() -> None:
    made = json.loads(render_statement(hostile_decision(text="p" * 64), findings=b"found", policy=b"rules"))
    assert made["subject"] == [{"name": "findings.json", "digest": {"sha256": hashlib.sha256(b"found").hexdigest()}}]
    policy, plan = made["predicate"]["configuration"]
    assert policy["digest"] == {"sha256": hashlib.sha256(b"rules").hexdigest()}
    assert plan["digest"] == {"evenhand_plan": "p" * 64}
    assert made["predicate"]["evenhand_decision"]["schema"] == GATE_SCHEMA

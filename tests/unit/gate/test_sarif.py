"""SARIF: read by a reader of others, at the line of the rule, and only what does not pass."""

from __future__ import annotations

import json
from pathlib import Path

from msgspec.structs import replace
from sarif_pydantic import Sarif

from evenhand.gate.decision import GateDecision
from evenhand.gate.policy_file import read_policy
from evenhand.gate.sarif import render_sarif
from tests.support.gate_decision import hostile_decision

SHOWN = "<script>&\"'<U+0000><U+001B>[31m<U+202E>gnp]]><U+D800><U+FFFE>"


def read(decision: GateDecision) -> Sarif:
    return Sarif.model_validate_json(render_sarif(decision, version="1.2.3"))


def test_every_result_but_a_pass_is_there_with_its_level() -> None:
    run = read(hostile_decision()).runs[0]
    assert run.results is not None
    assert [(found.rule_index, found.level) for found in run.results] == [
        (0, "error"),
        (0, "error"),
        (0, "warning"),
        (1, "error"),
    ]
    assert run.tool.driver.version == "1.2.3"
    assert [rule.id for rule in run.tool.driver.rules or []] == ["rule-1", "rule-2"]
    left = read(hostile_decision(("pass",))).runs[0].results
    assert left is not None
    assert [found.rule_index for found in left] == [1]


def test_what_others_wrote_shows_its_hidden_characters() -> None:
    message = json.loads(render_sarif(hostile_decision(), version="1"))["runs"][0]["results"][0]["message"]["text"]
    assert message == f"{SHOWN}: not met. {SHOWN}: {SHOWN}"


def test_a_result_points_at_its_rule_in_the_file_as_it_was_named(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('# what we ask\n[[rule]]\nname = "a"\n\n[[rule]]\nname = "b"\n', encoding="utf-8")
    lines = read_policy(path).lines
    decision = hostile_decision()
    rules = tuple(replace(rule, line=line) for rule, line in zip(decision.rules, lines, strict=True))
    for file, uri in (("ci/my policy.toml", "ci/my%20policy.toml"), ("/ci/policy.toml", "file:///ci/policy.toml")):
        document = json.loads(render_sarif(replace(decision, rules=rules, file=file), version="1"))
        places = [one["locations"][0]["physicalLocation"] for one in document["runs"][0]["results"]]
        assert {place["artifactLocation"]["uri"] for place in places} == {uri}
        assert [place["region"]["startLine"] for place in places] == [2, 2, 2, 5]


def test_the_same_finding_has_the_same_fingerprint_in_every_run() -> None:
    def marks(decision: GateDecision) -> list[str]:
        results = json.loads(render_sarif(decision, version="1"))["runs"][0]["results"]
        return [one["partialFingerprints"]["evenhandFinding/v1"] for one in results]

    one, other = hostile_decision(text="a"), hostile_decision(text="b")
    assert marks(one) == marks(replace(one, plan_sha256="c" * 64, run="later"))
    assert not {*marks(one)[:3]} & {*marks(other)[:3]}

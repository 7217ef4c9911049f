"""`evenhand gate` at the command line: exit codes, files, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from evenhand.report.findings_file import findings_document
from tests.support.command import Ended
from tests.support.findings_fixture import full_findings

Cli = Callable[..., Ended]
RULE = '[[rule]]\nname = "r"\nmodel = "specimen/tilted"\n'
POLICIES = [
    ('measure = "accuracy"\nminimum = 0.01\n', 0),
    ('measure = "accuracy"\nminimum = 0.99\n', 7),
    ('measure = "accuracy"\nkind = "understanding"\nminimum = 0.60\n', 8),
    ('measure = "leakage"\n', 13),
    ('measure = "leekage"\n', 3),
    ("certainty = 0.8\n", 3),
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "findings.json").write_bytes(msgspec.json.encode(findings_document(full_findings())))
    return tmp_path / "run"


@pytest.mark.parametrize(("rule", "code"), POLICIES, ids=range(len(POLICIES)))
def test_the_exit_code_is_that_of_the_result(rule: str, code: int, cli: Cli, run: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(RULE + rule, encoding="utf-8")
    ended = cli("gate", run, "--policy", policy)
    assert ended.code == code, ended.err
    assert ended.err.startswith("evenhand: ") is (code != 0)
    assert f"{code}: " in cli("gate", "--help").out or code == 3


def test_the_files_and_the_json_say_the_same(cli: Cli, run: Path, tmp_path: Path) -> None:
    junit, summary = tmp_path / "out" / "gate.xml", tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    ended = cli("gate", run, "--junit", junit, "--summary", summary, "--json")
    decision = json.loads(ended.out)
    assert (ended.code, decision["schema"], decision["result"]) == (7, "evenhand.gate/1", "not met")
    assert decision["plan_sha256"] == "9f2c" * 16
    root = ET.parse(junit).getroot()
    assert root.get("tests") == str(len(decision["rules"][0]["findings"]))
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n## ❌ evenhand gate: not met\n")
    assert "9f2c9f2c9f2c" in text


def test_init_writes_a_policy_that_is_read_and_overwrites_none(
    cli: Cli, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli("gate", "--init").code == 0
    assert cli("gate", run, "--policy", "policy.toml").code == cli("gate", run).code == 7
    again = cli("gate", "--init")
    assert (again.code, "is not overwritten" in again.err) == (2, True)
    both = cli("gate", run, "--init", "--policy", "other.toml")
    assert (both.code, (tmp_path / "other.toml").exists()) == (2, False)


def test_what_cannot_be_meant_is_refused(cli: Cli, run: Path, tmp_path: Path) -> None:
    assert cli("gate").code == 2
    assert cli("gate", tmp_path / "none").code == 3
    assert cli("gate", run, "--policy", tmp_path / "none.toml").code == 3
    ended = cli("gate", run, "--junit", tmp_path)
    assert (ended.code, "cannot write" in ended.err) == (1, True)

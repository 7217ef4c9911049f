"""`evenhand gate` at the command line: exit codes, files, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
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


def test_sarif_and_statement_are_of_the_run_and_the_policy_that_were_named(cli: Cli, run: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("# ours\n" + RULE + 'measure = "accuracy"\nminimum = 0.99\n', encoding="utf-8")
    sarif, statement = tmp_path / "gate.sarif", tmp_path / "gate.intoto.json"
    assert cli("gate", run, "--policy", policy, "--sarif", sarif, "--statement", statement).code == 7
    (place,) = {
        (found["physicalLocation"]["artifactLocation"]["uri"], found["physicalLocation"]["region"]["startLine"])
        for one in json.loads(sarif.read_text(encoding="utf-8"))["runs"][0]["results"]
        for found in one["locations"]
    }
    assert place == (policy.as_uri(), 2)
    made = json.loads(statement.read_text(encoding="utf-8"))
    digests = [one["digest"] for one in (*made["subject"], *made["predicate"]["configuration"])]
    files = [sha256(path.read_bytes()).hexdigest() for path in (run / "findings.json", policy)]
    assert digests == [{"sha256": files[0]}, {"sha256": files[1]}, {"evenhand_plan": "9f2c" * 16}]
    alone = cli("gate", run, "--sarif", sarif)
    assert (alone.code, "name it with --policy" in alone.err) == (2, True)


def audited(cli: Cli, folder: Path, model: str) -> Path:
    size = (
        "--preset",
        "quick",
        "--kind",
        "understanding",
        "--answer",
        "letter",
        "--pairs",
        "4",
        "--profiles",
        "0",
        "--placebo",
        "0.2",
    )
    ended = cli("audit", model, *size, "--yes", "--out", folder)
    assert ended.code == 0, ended.err
    return folder


def test_a_later_run_is_judged_by_what_it_changed(cli: Cli, tmp_path: Path) -> None:
    level = audited(cli, tmp_path / "level", "simulated/null")
    tilted = audited(cli, tmp_path / "tilted", "simulated/tilted")
    policy = tmp_path / "policy.toml"
    policy.write_text('[[rule]]\nname = "r"\nmeasure = "gap"\nnot_worse = true\n', encoding="utf-8")
    worse = cli("gate", tilted, "--policy", policy, "--baseline", level)
    assert (worse.code, "it has grown" in worse.err) == (7, True), worse.err
    same = cli("gate", tilted, "--policy", policy, "--baseline", tilted)
    assert same.code in (0, 8), same.err
    assert "it has grown" not in same.out
    better = cli("gate", level, "--policy", policy, "--baseline", tilted)
    assert better.code in (0, 8), better.err
    for arguments, code, said in (
        (("--policy", policy), 2, "name it with --baseline"),
        (("--baseline", level), 2, "no rule of the policy compares"),
        (("--policy", policy, "--baseline", tmp_path / "none"), 3, "there is no run"),
    ):
        ended = cli("gate", tilted, *arguments)
        assert (ended.code, said in ended.err) == (code, True), ended.err

"""promptfoo from its own command line, against a server on loopback; its results are read as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evenhand.report.findings_file import read_findings
from scripts.tool_logs.questions import QUESTIONS
from tests.support.command import evenhand_apart
from tests.support.other_tools import letters_server, ran, reached_outside

pytestmark = [pytest.mark.extras, pytest.mark.xdist_group("other-tools")]

PROGRAM = Path(__file__).parents[2] / "build" / "promptfoo" / "promptfoo"
QUIET = {f"PROMPTFOO_DISABLE_{name}": "1" for name in ("TELEMETRY", "UPDATE", "REMOTE_GENERATION")}


@pytest.mark.skipif(not PROGRAM.exists(), reason="promptfoo is not there: scripts/install-promptfoo.sh")
def test_promptfoo_is_run_and_its_results_are_analysed(tmp_path: Path) -> None:
    prompt = json.dumps([{"role": "system", "content": "{{memory}}"}, {"role": "user", "content": "{{question}}"}])
    tests = [
        {
            "vars": {name: one[name] or "" for name in ("memory", "question", "item", "user")},
            "metadata": {"gender": one["gender"], "age": one["age"]},
            "assert": [{"type": "equals", "value": one["gold"]}],
        }
        for one in QUESTIONS
    ]
    with letters_server() as server:
        provider = {"id": "openai:chat:letters", "config": {"apiBaseUrl": server.url, "apiKey": "none"}}
        written = {"prompts": [prompt], "providers": [provider], "tests": tests}
        (tmp_path / "promptfooconfig.json").write_text(json.dumps(written), encoding="utf-8")
        ran(
            PROGRAM,
            *("eval", "-c", "promptfooconfig.json", "-o", "results.json", "--no-cache", "--no-table"),
            folder=tmp_path,
            url=server.url,
            notes=tmp_path / "notes",
            codes=(0, 100),  # 100: some assertions were not met
            PROMPTFOO_CONFIG_DIR=str(tmp_path / "config"),
            **QUIET,
        )
    assert len(server.asked) == len(QUESTIONS)
    asked = {one["messages"][-1]["content"] for one in server.asked}
    assert asked == {one["question"] for one in QUESTIONS}
    ended = evenhand_apart("analyse", tmp_path / "results.json", "--none-arm", "nobody", "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    assert "Log: of promptfoo 0." in ended.out
    read = read_findings(tmp_path / "out").as_read
    assert read is not None and (read.rows, read.items, read.users, read.no_memory_rows) == (25, 5, 4, 5)
    document = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    passed = document["results"]["stats"]["successes"]
    accuracy = sum(
        round((one.value or 0) * one.sample.trials)
        for one in read_findings(tmp_path / "out").findings
        if one.measure == "accuracy" and one.arms.arm in ("none", "profile") and not one.contrast
    )
    assert accuracy == passed, "the analysis counts other answers as right than promptfoo"
    # With telemetry off it still tells this host that it is off, and has no switch for that; the guard refused it.
    assert set(reached_outside(tmp_path / "notes")) <= {"r.promptfoo.app"}

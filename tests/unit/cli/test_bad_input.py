"""Every sentence of what can go wrong: one clear line, its exit code, no traceback, nothing lost."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import SMALL, Audited, Ended

Cli = Callable[..., Ended]

BANK = """schema: evenhand.bank/1
name: mine
version: "1"
source: written for a test
licence: CC0-1.0
redistribute: true
validated: false
items:
  - id: q1
    kind: {kind}
    stem: {stem}
    question: What is Kim most likely to feel?
    options:
      - {{id: a, text: Joy{weight}}}
      - {{id: b, text: Fear{weight}}}
    key: {key}
{more}"""


def bank(
    path: Path,
    *,
    kind: str = "understanding",
    stem: str = "Kim finds a coin.",
    key: str = "a",
    weight: str = "",
    more: str = "",
) -> Path:
    path.write_text(BANK.format(kind=kind, stem=stem, key=key, weight=weight, more=more), encoding="utf-8")
    return path


def assert_clear(ended: Ended, code: int, *words: str) -> None:
    assert ended.code == code, ended
    assert "Traceback" not in ended.err
    lines = [line for line in ended.err.splitlines() if line.startswith("evenhand: ")]
    assert len(lines) == 1, ended.err
    for word in words:
        assert word in lines[0], lines[0]


def test_an_unknown_model_prefix_names_the_near_ones(cli: Cli, tmp_path: Path) -> None:
    assert_clear(cli("plan", "opnai/gpt-5.1", "--out", tmp_path / "r"), 5, "opnai", "openai")


def test_a_misspelt_specimen_is_refused_before_a_plan_is_written(cli: Cli, tmp_path: Path) -> None:
    assert_clear(cli("audit", "specimen/tiltd", "--out", tmp_path / "r"), 5, "tiltd", "tilted")
    assert not (tmp_path / "r").exists()


def test_a_missing_key_names_the_variable(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert_clear(cli("audit", "openai/gpt-5.1", "--out", tmp_path / "r", "--yes", *SMALL), 5, "OPENAI_API_KEY")
    assert not (tmp_path / "r" / "trials.sqlite").exists()


def test_a_paid_run_without_a_terminal_asks_for_yes(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key")
    ended = cli("audit", "openai/gpt-5.1", "--out", tmp_path / "r", *SMALL)
    assert_clear(ended, 2, "--yes")
    assert "sk-not-a-real-key" not in ended.err + ended.out


def test_a_bank_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    assert_clear(cli("items", "check", tmp_path / "no.yaml"), 3, "no.yaml")


def test_a_bank_that_is_no_yaml(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("items: [", encoding="utf-8")
    assert_clear(cli("items", "list", tmp_path / "b.yaml"), 3, "b.yaml")


def test_a_shipped_bank_that_is_misspelt(cli: Cli) -> None:
    assert_clear(cli("items", "list", "understandin"), 3, "understanding")


def test_duplicate_item_ids(cli: Cli, tmp_path: Path) -> None:
    path = bank(tmp_path / "b.yaml")
    text = path.read_text(encoding="utf-8")
    path.write_text(text + text[text.index("  - id: q1") :], encoding="utf-8")
    assert_clear(cli("items", "list", path), 3, "q1")


def test_a_key_outside_the_options(cli: Cli, tmp_path: Path) -> None:
    assert_clear(cli("items", "list", bank(tmp_path / "b.yaml", key="z")), 3, "q1", "'z'")


@pytest.mark.parametrize("weight", ["1.5", "-0.1", ".nan", ".inf"])
def test_weights_outside_zero_and_one_and_no_numbers(cli: Cli, tmp_path: Path, weight: str) -> None:
    path = bank(tmp_path / "b.yaml", kind="management", weight=f", weight: {weight}")
    assert_clear(cli("items", "list", path), 3, "q1", "weight")


def test_a_wrong_encoding(cli: Cli, tmp_path: Path) -> None:
    path = bank(tmp_path / "b.yaml", stem="Kim finds a café.")
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))
    assert_clear(cli("items", "list", path), 3, "UTF-8")


def test_an_item_of_ten_megabytes(cli: Cli, tmp_path: Path) -> None:
    assert_clear(cli("items", "list", bank(tmp_path / "b.yaml", stem="word " * 2_000_000)), 3, "q1", "stem")


def test_a_table_with_missing_columns(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("question,answer\n1,A\n", encoding="utf-8")
    ended = cli("analyse", tmp_path / "p.csv", "--out", tmp_path / "o", "--item", "question", "--correct", "right")
    assert_clear(ended, 3, "right")


def test_a_table_in_a_wrong_encoding(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(b"question_id,gold_label,prediction,gender\n1,A,\xe9\x81,f\n")
    assert_clear(cli("analyse", tmp_path / "p.csv", "--out", tmp_path / "o"), 3, "UTF-8")


def test_a_table_without_a_place_for_its_findings(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert_clear(cli("analyse", tmp_path / "p.csv"), 2, "--out")


def test_an_empty_cohort(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("", encoding="utf-8")
    assert_clear(cli("profiles", "list", path), 3, "c.yaml")


def test_a_plan_edited_by_hand_is_refused_and_left_as_it_is(cli: Cli, tmp_path: Path) -> None:
    run = tmp_path / "r"
    assert cli("plan", "simulated/null", "--out", run, *SMALL).code == 0
    plan = run / "plan.json"
    edited = (
        plan.read_text(encoding="utf-8")
        .replace('"margin": 0.03', '"margin": 0.04')
        .replace('"power": 0.8', '"power": 0.9')
    )
    edited = edited.replace('"seed": 20251009', '"seed": 1', 1)
    plan.write_text(edited, encoding="utf-8")
    assert_clear(cli("run", run), 3, "edited by hand")
    assert plan.read_text(encoding="utf-8") == edited


def test_a_changed_plan_refuses_to_resume_and_names_what_changed(
    cli: Cli, audited_null: Audited, tmp_path: Path
) -> None:
    run = audited_null.copy(tmp_path / "r")
    assert_clear(cli("audit", "simulated/null", "--out", run, *SMALL, "--seed", "5"), 3, "seed: 20251009 -> 5")


def test_a_refused_run_says_nothing_of_the_verdicts_that_are_there(
    cli: Cli, audited_null: Audited, tmp_path: Path
) -> None:
    assert "Report:" in audited_null.ended.out
    run = audited_null.copy(tmp_path / "r")
    assert cli("audit", "simulated/null", "--out", run, *SMALL, "--seed", "5").out == ""


def test_a_store_from_a_newer_version(cli: Cli, audited_null: Audited, tmp_path: Path) -> None:
    run = audited_null.copy(tmp_path / "r")
    with sqlite3.connect(run / "trials.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    assert_clear(cli("run", run), 4, "newer")


def test_a_directory_that_cannot_be_written(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert_clear(cli("plan", "simulated/null", "--out", tmp_path / "file" / "r", *SMALL), 4, "--out")


def test_a_full_disk_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    run = tmp_path / "r"
    command = [sys.executable, "-m", "evenhand.cli.main", "audit", "simulated/null", "--out", str(run), *SMALL]
    limit = 1_300_000

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    full = subprocess.run(command, capture_output=True, text=True, preexec_fn=small_disk, check=False)
    assert full.returncode == 4, full.stderr
    assert "Traceback" not in full.stderr
    again = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    outcomes = json.loads(again.stdout)["run"]["models"][0]
    assert sum(outcomes["outcomes"].values()) == outcomes["planned"]


def test_a_read_only_directory(cli: Cli, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.geteuid() == 0:
        locked = Path("/sys")  # root may write wherever permissions alone forbid it, but not into sysfs
    assert_clear(cli("plan", "simulated/null", "--out", locked / "r", *SMALL), 4, "--out")


def test_unknown_values_of_options_name_what_is_allowed(cli: Cli, tmp_path: Path) -> None:
    assert_clear(cli("plan", "simulated/null", "--kind", "feelings", "--out", tmp_path), 2, "understanding")
    assert_clear(cli("plan", "simulated/null", "--set", "gap", "--out", tmp_path), 2, "NAME=VALUE")
    assert_clear(cli("plan", "simulated/null", "simulated/null", "--out", tmp_path), 2, "twice")
    assert_clear(cli("report", tmp_path), 3, "evenhand analyse")
    assert_clear(cli("run", tmp_path / "nowhere"), 3, "evenhand plan")


def test_a_margin_chosen_after_the_answers_are_seen_is_refused(cli: Cli, audited_null: Audited, tmp_path: Path) -> None:
    run = audited_null.copy(tmp_path / "r")
    assert_clear(cli("analyse", run, "--margin", "0.2"), 2, "margin")


def test_a_budget_in_dollars_without_a_known_price_is_refused_before_anything_is_asked(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key")
    ended = cli("audit", "openai/no-such-model-xyz", "--out", tmp_path / "r", "--yes", "--max-cost", "1", *SMALL)
    assert ended.code in (2, 5)
    assert "price" in ended.err

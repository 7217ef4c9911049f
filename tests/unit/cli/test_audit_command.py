"""The main job at the command line, on simulated respondents."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.support.command import SMALL, Audited, Ended

Cli = Callable[..., Ended]


def read(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "findings.json").read_text(encoding="utf-8"))
    return found


def test_an_audit_leaves_every_file_and_says_the_verdict(audited_tilted: Audited) -> None:
    assert "Simulated respondent" in audited_tilted.ended.out
    assert "difference" in audited_tilted.ended.out
    names = {path.name for path in audited_tilted.run.iterdir()}
    assert {"plan.json", "trials.sqlite", "scores.parquet", "findings.json", "report.html", "report.md"} <= names
    for name in ("report.html", "report.md", "findings.json"):
        assert "simulated" in (audited_tilted.run / name).read_text(encoding="utf-8").lower()


def test_a_budget_stops_cleanly_and_the_run_goes_on_where_it_stopped(cli: Cli, tmp_path: Path) -> None:
    run = tmp_path / "r"
    first = cli("audit", "simulated/null", "--out", run, *SMALL, "--max-calls", "200")
    assert first.code == 6
    assert "unfinished" in read(run)["warnings"][0]
    again = cli("run", run)
    assert again.code == 0, again.err
    assert "warnings" not in read(run) or "unfinished" not in str(read(run)["warnings"])
    frame = pl.read_parquet(run / "scores.parquet")
    assert frame["cell_key"].n_unique() == len(frame)


def test_the_same_plan_and_seed_give_the_same_scores_and_findings(
    cli: Cli, audited_tilted: Audited, tmp_path: Path
) -> None:
    assert cli("audit", "simulated/tilted", "--out", tmp_path / "again", *SMALL).code == 0
    runs = (audited_tilted.run, tmp_path / "again")
    frames = [pl.read_parquet(run / "scores.parquet").drop("latency_s") for run in runs]
    assert frames[0].equals(frames[1])
    numbers = [read(run)["findings"] for run in runs]
    assert numbers[0] == numbers[1]


def test_several_models_stand_in_one_plan_and_one_report(cli: Cli, tmp_path: Path) -> None:
    run = tmp_path / "r"
    ended = cli("audit", "simulated/null", "simulated/tilted", "--out", run, *SMALL)
    assert ended.code == 0, ended.err
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "simulated/null" in page
    assert "simulated/tilted" in page
    assert {finding["model"] for finding in read(run)["findings"]} == {"simulated/null", "simulated/tilted"}


def test_plan_prints_calls_characters_and_the_smallest_gap(cli: Cli, tmp_path: Path) -> None:
    seen = json.loads(cli("plan", "simulated/null", "--out", tmp_path / "r", *SMALL, "--json").out)
    assert seen["calls"] == sum(seen["arms"].values())
    assert seen["models"][0]["input_characters"] > 0
    assert 0 < seen["smallest_gap"]["understanding"] < 0.2
    assert "points" in cli("plan", "simulated/null", "--out", tmp_path / "r", *SMALL).out


def test_plan_says_before_anything_is_asked_that_too_few_units_can_clear_nothing(cli: Cli, tmp_path: Path) -> None:
    said = "Nothing can be cleared, understanding: with 30 matched sets no answers can show the gap to be smaller than"
    few = cli("plan", "simulated/null", "--out", tmp_path / "r", "--kind", "understanding", "--preset", "fang2025").out
    assert said in few
    assert "that takes at least 45 matched sets" in few
    assert "Nothing can be cleared" not in cli("plan", "simulated/null", "--out", tmp_path / "s", *SMALL).out


def test_two_runs_compare_cell_by_cell_and_other_questions_are_refused(
    cli: Cli, audited_null: Audited, audited_tilted: Audited, tmp_path: Path
) -> None:
    found = json.loads(cli("compare", audited_null.run, audited_tilted.run, "--json").out)["findings"]
    gap = next(finding for finding in found if finding["measure"] == "gap_change")
    assert gap["number"]["form"] == "tested"
    assert gap["number"]["verdict"] == "difference"
    assert abs(gap["number"]["value"] - 0.08) < 0.02
    assert cli("plan", "simulated/null", "--out", tmp_path / "c", *SMALL, "--seed", "9").code == 0
    refused = cli("compare", audited_null.run, tmp_path / "c")
    assert refused.code == 3
    assert "seed" in refused.err


def test_a_run_can_be_replayed(cli: Cli, audited_tilted: Audited, tmp_path: Path) -> None:
    ended = cli("audit", f"replay/{audited_tilted.run}", "--out", tmp_path / "r", *SMALL)
    assert ended.code == 0, ended.err
    keys = ["item", "arm", "replicate"]
    runs = (audited_tilted.run, tmp_path / "r")
    frames = [pl.read_parquet(run / "scores.parquet").select(*keys, "choice").sort(keys) for run in runs]
    assert frames[0].equals(frames[1])


def test_a_function_of_your_own_is_audited(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "assistant_for_test.py").write_text("def reply(messages):\n    return 'A'\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    ended = cli("audit", "python:assistant_for_test:reply", "--out", tmp_path / "r", *SMALL)
    assert ended.code == 0, ended.err
    confirmatory = [f for f in read(tmp_path / "r")["findings"] if f["role"] == "confirmatory"]
    # One letter whoever asks shows nothing about understanding: it is neither called equal nor different.
    assert {finding["number"]["value"] for finding in confirmatory} == {0.0}
    assert {finding["number"]["form"] for finding in confirmatory} == {"unassessed"}


def test_predictions_in_the_reference_row_format_are_analysed_as_they_are(cli: Cli, tmp_path: Path) -> None:
    rows = ["system_prompt,user_prompt,question_id,gold_label,prediction,gender,age,religion,ethnicity"]
    for number, gender in enumerate(("Male", "Female", "Non-binary")):
        for age in ("18-33", "34-65", "65+"):
            for religion in ("Christian", "Muslim", "Jewish"):
                for question in range(12):
                    right = (question * 7 + number * 3 + len(age) + len(religion)) % 10 < 7
                    key, other = ("A", "B") if question % 2 else ("B", "A")
                    answer = key if right else other
                    rows.append(f"s,u,q{question},{key},{answer},{gender},{age},{religion},White")
    (tmp_path / "p.csv").write_text("\n".join(rows), encoding="utf-8")
    ended = cli("analyse", tmp_path / "p.csv", "--out", tmp_path / "o")
    assert ended.code == 0, ended.err
    measures = {finding["measure"] for finding in read(tmp_path / "o")["findings"]}
    assert {"factor_gap", "published_model", "mixed_model"} <= measures
    assert (tmp_path / "o" / "report.html").exists()


def test_power_by_formula_and_by_simulation_agree(cli: Cli) -> None:
    ended = cli("power", "--items", "60", "--sets", "20", "--gap", "0.05", "--simulate", "200", "--json")
    seen = json.loads(ended.out)
    simulated = seen["simulated_power"]
    assert abs(seen["power"] - simulated["power"]) < 4 * simulated["monte_carlo_se"] + 0.03
    assert cli("power", "--simulate", "10").code == 2

"""Logs of other tools in, and runs out, by the commands a person would type."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from evenhand.plan.file import write_plan
from evenhand.report.findings_file import read_findings
from tests.support.command import Ended
from tests.support.small_plan import small_plan
from tests.support.tool_logs import LOGS
from tests.support.viewed_run import viewed_run

Cli = Callable[..., Ended]


@pytest.mark.parametrize(
    "name", ["promptfoo.json.gz", "lm-eval", "inspect-samples.parquet", "deepeval-run.json.gz", "openai-evals.jsonl.gz"]
)
def test_every_tool_gives_the_same_findings_of_the_same_answers(name: str, cli: Cli, tmp_path: Path) -> None:
    ended = cli("analyse", LOGS / name, "--none-arm", "nobody", "--factors", "gender,age", "--out", tmp_path)
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[0] == "As read"
    assert ended.out.splitlines()[2].startswith("  Log: of ")
    findings = read_findings(tmp_path)
    gaps = {
        one.contrast[0].factor: round(one.value or 0, 4) for one in findings.findings if one.measure == "factor_gap"
    }
    assert gaps == {"gender": 0.2, "age": 0.4}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 0 < page.index("As read") < page.index("Does the answer depend on who the user is?")
    assert "of promptfoo" in page or name != "promptfoo.json.gz"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--profile", "usr"), "did you mean 'user'?"),
        (("--profile", "user", "--where", "prompt"), "write FIELD=VALUE"),
        (("--profile", "user", "--where", "prompt=7"), "--where prompt=7 keeps nothing"),
    ],
)
def test_what_cannot_be_meant_of_a_log_is_refused(
    arguments: tuple[str, ...], says: str, cli: Cli, tmp_path: Path
) -> None:
    ended = cli("analyse", LOGS / "promptfoo.json.gz", *arguments, "--out", tmp_path / "out")
    assert ended.code in (2, 3)
    assert says in ended.err


def test_where_and_plan_go_with_logs_only(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("item,user,ok\na,x,1\na,y,0\n", encoding="utf-8")
    ended = cli("analyse", tmp_path / "rows.csv", "--where", "a=b", "--out", tmp_path / "out")
    assert (ended.code, "this is a table" in ended.err) == (2, True)
    viewed_run(tmp_path / "run")
    ended = cli("analyse", tmp_path / "run", "--plan", tmp_path / "run")
    assert (ended.code, "leave them out for a run directory" in ended.err) == (2, True)
    ended = cli("analyse", LOGS / "lm-eval", "--plan", tmp_path / "run", "--item", "x", "--out", tmp_path / "out")
    assert (ended.code, "leave out the options that name columns" in ended.err) == (2, True)
    ended = cli("analyse", LOGS / "lm-eval", "--plan", tmp_path / "run", "--out", tmp_path / "out")
    assert (ended.code, "names a cell of the plan" in ended.err) == (3, True)
    ended = cli("analyse", LOGS / "lm-eval", "--plan", tmp_path / "run", "--margin", "0.2", "--out", tmp_path / "out")
    assert (ended.code, "leave --margin out" in ended.err) == (2, True)


def test_a_run_is_written_as_csv_and_as_parquet(cli: Cli, tmp_path: Path) -> None:
    viewed_run(tmp_path / "run")
    for form in ("csv", "parquet"):
        ended = cli("export", tmp_path / "run", "--to", form, "--out", tmp_path / "new" / f"answers.{form}")
        assert ended.code == 0, ended.err
    with (tmp_path / "new" / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    frame = pl.read_parquet(tmp_path / "new" / "answers.parquet")
    assert [row["cell_key"] for row in rows] == frame["cell_key"].to_list() != []
    assert f"{len(rows):,} answers written to" in ended.out


def test_the_questions_of_a_plan_are_enough_for_lm_eval_and_hugging_face(cli: Cli, tmp_path: Path) -> None:
    write_plan(small_plan(), tmp_path / "run")
    ended = cli("export", tmp_path / "run", "--to", "lm-eval", "--out", tmp_path / "task")
    assert ended.code == 0, ended.err
    assert "evenhand analyse ANSWERS --plan" in ended.out
    names = {"README.md", "evenhand.yaml", "evenhand_questions.py", "questions.jsonl"}
    assert {path.name for path in (tmp_path / "task").iterdir()} == names
    ended = cli("export", tmp_path / "run", "--to", "hf", "--dataset", "my-org/memory", "--out", tmp_path / "hub")
    assert ended.code == 0, ended.err
    assert "No .eval_results: this plan has no findings yet." in ended.out
    assert json.loads((tmp_path / "hub/dataset/data/understanding.jsonl").read_text("utf-8").splitlines()[0])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--to", "inspekt", "--out", "x"), "no form 'inspekt' (did you mean 'inspect'?)"),
        (("--to", "hf", "--out", "x"), "name the dataset repository with --dataset ORG/NAME"),
        (("--to", "hf", "--dataset", "memory", "--out", "x"), "write the name of a dataset repository"),
        (("--to", "csv", "--dataset", "a/b", "--out", "x"), "--dataset names a repository of Hugging Face"),
        (("--to", "csv", "--out", "full"), "is there already"),
        (("--to", "csv", "--out", "x", "--model", "openai/x"), "the plan asks no model 'openai/x'"),
        (("--to", "inspect", "--out", "x"), "ends in .eval or .json"),
    ],
)
def test_what_cannot_be_meant_of_an_export_is_refused(
    arguments: tuple[str, ...], says: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewed_run(tmp_path / "run")
    (tmp_path / "full").write_text("mine", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    ended = cli("export", "run", *arguments)
    assert ended.code == 2
    assert says in ended.err
    assert not (tmp_path / "x").exists()


def test_without_inspect_the_extra_is_named(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    viewed_run(tmp_path / "run")
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    ended = cli("export", tmp_path / "run", "--to", "inspect", "--out", tmp_path / "run.eval")
    assert (ended.code, "evenhand[inspect]" in ended.err) == (5, True)
    ended = cli("analyse", LOGS / "inspect.eval", "--out", tmp_path / "out")
    assert (ended.code, "evenhand[inspect]" in ended.err) == (5, True)

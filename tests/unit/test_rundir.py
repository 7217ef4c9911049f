"""A run directory opened again: tables, frames, figures, and what a notebook shows."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from msgspec.structs import replace

import evenhand
from evenhand.design.presets import preset_design
from evenhand.errors import StoreError, UsageError
from evenhand.rundir import RunDirectory, open_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    design = replace(preset_design("quick"), kinds=("understanding",), pairs_per_item=1)
    request = evenhand.PlanRequest(models=("simulated/tilted",), preset="quick", design=design)
    return evenhand.audit(request, tmp_path_factory.mktemp("run"), limits=evenhand.Limits(max_calls=300))


def test_what_was_left_is_read_again(run: RunDirectory) -> None:
    again = open_run(run.path)
    assert again.plan.sha256 == run.plan.sha256
    assert again.findings == run.findings
    assert again.scores.equals(run.scores)
    assert again.report.is_file()
    assert run.asked.asked == 300
    with pytest.raises(UsageError, match="was opened, not asked"):
        again.asked  # noqa: B018  # the property raises


def test_frames_of_polars_and_pandas_hold_the_same(run: RunDirectory) -> None:
    frame = run.to_pandas()
    assert isinstance(run.scores, pl.DataFrame)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == run.scores.columns
    assert len(frame) == len(run.scores) == 300
    assert frame["score"].mean() == pytest.approx(run.scores["score"].mean())
    assert frame["score"].isna().sum() == run.scores["score"].null_count()


def test_findings_are_a_table_with_one_row_per_finding(run: RunDirectory) -> None:
    table = run.finding_frame
    assert len(table) == len(run.findings.findings)
    assert table["id"].n_unique() == len(table)
    gap = next(finding for finding in run.findings.findings if finding.measure == "gap")
    row = table.row(run.findings.findings.index(gap), named=True)
    assert (row["value"], row["low"], row["high"], row["placement"]) == (gap.value, gap.low, gap.high, "system")


def test_a_notebook_shows_the_verdicts_and_that_a_run_is_interim(run: RunDirectory) -> None:
    shown = run._repr_html_()
    assert str(run.path) in shown
    assert "simulated/tilted" in shown
    assert "interim" in shown.lower()
    assert re.search(r"<table", shown)
    assert "<script" not in shown


def test_a_notebook_shows_each_figure_in_a_frame_of_its_own(run: RunDirectory) -> None:
    assert run.figures
    for figure in run.figures.values():
        assert figure._repr_html_().startswith("<iframe sandbox")
        assert "<svg" in figure.html or "<table" in figure.html


def test_a_folder_without_a_plan_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no run directory"):
        open_run(tmp_path)


def test_scores_that_are_not_there_yet_say_how_to_make_them(run: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes((run.path / "plan.json").read_bytes())
    with pytest.raises(StoreError, match="evenhand analyse"):
        open_run(tmp_path).scores  # noqa: B018  # the property raises

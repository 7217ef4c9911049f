"""A trial followed from the plan to the page: every coordinate keeps its name."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
from msgspec.structs import asdict

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.scores import scores_from_frame
from evenhand.endpoints.context import CellContext
from evenhand.plan.questions import Questions
from evenhand.records.cell import Cell
from evenhand.records.condition import CONDITION_FIELDS, Condition
from evenhand.records.finding import Finding
from evenhand.records.message import Reply, Request
from evenhand.records.run_summary import ExamplePrompt
from evenhand.records.score import SCORE_COLUMNS
from evenhand.records.trial import Answered, Trial
from evenhand.report.html import render_html
from evenhand.score_table import plan_factors, score_table
from evenhand.store.reading import open_trials
from evenhand.store.rows import row_of
from evenhand.store.schema import CELL_COLUMNS
from evenhand.store.store import open_store
from tests.support.small_plan import small_plan

TABLE = {column.name for column in SCORE_COLUMNS}


def coordinates(record: type[msgspec.Struct]) -> set[str]:
    """Names of a record's fields; those of its condition in place of the condition."""
    fields = set(record.__struct_fields__)
    return fields - {"condition", "where"} | (set(CONDITION_FIELDS) if fields & {"condition", "where"} else set())


def test_a_cell_is_a_row_of_the_store_under_its_own_names() -> None:
    assert coordinates(Cell) <= set(CELL_COLUMNS)
    assert {"cell_key", "outcome", "reply"} == set(Trial.__struct_fields__) <= set(CELL_COLUMNS)
    assert "cell_key" in Request.__struct_fields__


def test_a_cell_is_a_row_of_the_score_table_under_its_own_names() -> None:
    # The option order itself stays in the store; the table has its index and where the choice stood.
    assert coordinates(Cell) - {"option_order"} <= TABLE
    assert {"cell_key", "keyed_option", "outcome", "choice"} <= TABLE
    assert coordinates(CellContext) & TABLE >= {"model", "arm", "item", "keyed_option", "order_index", "replicate"}
    assert not {"key", "cell", "order"} & (TABLE | set(CELL_COLUMNS) | coordinates(CellContext) | coordinates(Cell))


def test_findings_and_examples_say_where_with_the_same_names() -> None:
    for record in (Finding, ExamplePrompt):
        assert set(CONDITION_FIELDS) <= coordinates(record)
    assert coordinates(Finding) & coordinates(Cell) >= {"model", *CONDITION_FIELDS}
    assert coordinates(ExamplePrompt) & coordinates(Cell) >= {"model", "arm", "item", *CONDITION_FIELDS}


def test_every_coordinate_of_a_trial_is_the_same_in_cell_store_table_finding_and_page(tmp_path: Path) -> None:
    plan = small_plan()
    questions = Questions(plan)
    asked = [questions.work(cell, meeting) for cell, meeting in questions.crossing.pairs()]
    best = {work.cell.cell_key: questions.lookup()(work.cell.cell_key).keyed_option for work in asked}
    with open_store(tmp_path / "trials.sqlite", plan_sha256=plan.sha256) as store:
        said = {key: Reply(text=letter, finish="stop") for key, letter in best.items()}
        store.append(
            [row_of(work, Answered(choice=best[work.cell.cell_key]), said[work.cell.cell_key]) for work in asked]
        )
    cell = next(work.cell for work in asked if "advantaged" in work.cell.arm)
    told = {name: value for name, value in asdict(cell).items() if name not in ("condition", "option_order")}
    told |= asdict(cell.condition)

    database = sqlite3.connect(tmp_path / "trials.sqlite")
    database.row_factory = sqlite3.Row
    row = dict(database.execute("SELECT * FROM trials WHERE cell_key = ?", (cell.cell_key,)).fetchone())
    database.close()
    assert {name: row[name] for name in told} == told

    with open_trials(tmp_path / "trials.sqlite") as trials:
        stored = trials.one(cell.cell_key)
        frame = score_table(plan, trials)
    assert stored is not None and stored.cell == cell and stored.trial.cell_key == cell.cell_key
    (scored,) = frame.filter(frame["cell_key"] == cell.cell_key).to_dicts()
    assert {name: scored[name] for name in told} == told
    assert scored["keyed_option"] == scored["choice"] == best[cell.cell_key]

    findings = analyse(scores_from_frame(frame, settings=plan.analysis, factors=plan_factors(plan)))
    gap = next(finding for finding in findings.findings if finding.measure == "gap")
    assert isinstance(gap.where, Condition)
    assert (gap.model, gap.kind, asdict(gap.where)) == (
        cell.model,
        scored["kind"],
        {name: told[name] for name in CONDITION_FIELDS},
    )
    page = render_html(findings)
    for name, value in asdict(gap.where).items():
        assert value in (None, "none") or f"<dt>{name.capitalize()}</dt>" in page

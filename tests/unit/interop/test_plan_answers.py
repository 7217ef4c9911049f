from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.errors import PlanError, TableError, UsageError
from evenhand.interop.exported_cells import ExportedCell, exported_cells
from evenhand.interop.log import LoggedAnswer, ToolLog
from evenhand.interop.plan_answers import names_cells, record_answers
from evenhand.plan.file import read_plan, stamp_plan
from evenhand.plan.settling import TRIALS_FILE
from evenhand.records.message import Reply
from evenhand.records.plan import Plan
from evenhand.records.trial import Answered, Failed, Truncated, Unparsed
from evenhand.report.as_read import as_read_facts
from evenhand.store.reading import open_trials
from tests.support.small_plan import small_plan


def cells_of(plan: Plan) -> list[ExportedCell]:
    return list(exported_cells(plan, model=plan.models[0].name))


def answered(one: ExportedCell, reply: Reply | None = None, **changes: object) -> LoggedAnswer:
    given = LoggedAnswer(
        sample=one.cell.cell_key,
        model="letters",
        fields={f"metadata.{name}": None if value is None else str(value) for name, value in one.fields.items()},
        asked=tuple((turn.role, turn.content) for turn in one.messages),
        reply=Reply(text=one.target, finish="stop") if reply is None else reply,
    )
    return msgspec.structs.replace(given, **changes)


def logged(answers: list[LoggedAnswer]) -> ToolLog:
    return ToolLog(tool="Inspect", name="x.eval", answers=tuple(answers))


def test_every_answer_becomes_the_outcome_that_a_run_would_have_written(tmp_path: Path) -> None:
    plan = small_plan()
    cells = cells_of(plan)
    answers = [
        answered(cells[0]),
        answered(cells[1], Reply(text="B", finish="length")),
        answered(cells[2], Reply(text="no idea", finish="stop")),
        answered(cells[3], reply=None, error="timeout"),
    ]
    answers[3] = msgspec.structs.replace(answers[3], reply=None)
    read = record_answers(logged(answers), plan, tmp_path / "run")
    assert read_plan(tmp_path / "run") == plan
    with open_trials(tmp_path / "run" / TRIALS_FILE) as trials:
        found = {one.cell.cell_key: one for one in trials.rows()}
        kinds = [type(found[one.cell.cell_key].trial.outcome) for one in cells[:4]]
        assert kinds == [Answered, Truncated, Unparsed, Failed]
        assert found[cells[0].cell.cell_key].trial.outcome == Answered(choice=cells[0].best)
        assert trials.messages(found[cells[0].cell.cell_key]) == cells[0].messages
        reply = found[cells[0].cell.cell_key].trial.reply
        assert reply is not None and reply.note == "asked by Inspect, and read from its log"
    assert read.log is not None
    assert (read.rows, read.log.rows, read.log.failed, read.log.unknown) == (4, 4, 1, 0)


def test_answers_to_no_cell_and_further_answers_are_left_out_and_said(tmp_path: Path) -> None:
    plan = small_plan()
    cells = cells_of(plan)
    stranger = answered(cells[1], fields={"metadata.cell_key": "0" * 32})
    again = answered(cells[0], Reply(text="Z", finish="stop"))
    read = record_answers(logged([answered(cells[0]), stranger, again]), plan, tmp_path / "run")
    said = [fact.value for fact in as_read_facts(read) if fact.name == "Left out"]
    assert said == [
        "1 answer to no cell of the plan",
        "1 answer to a cell that has one already",
    ]
    with open_trials(tmp_path / "run" / TRIALS_FILE) as trials:
        (one,) = trials.rows()
        assert one.trial.outcome == Answered(choice=cells[0].best)


def test_a_second_log_adds_the_cells_that_are_missing(tmp_path: Path) -> None:
    plan = small_plan()
    cells = cells_of(plan)
    record_answers(logged([answered(cells[0])]), plan, tmp_path / "run")
    record_answers(logged([answered(cells[0]), answered(cells[1])]), plan, tmp_path / "run")
    with open_trials(tmp_path / "run" / TRIALS_FILE) as trials:
        assert trials.count() == 2


def test_an_answer_to_other_words_is_refused(tmp_path: Path) -> None:
    plan = small_plan()
    first = cells_of(plan)[0]
    turns = tuple((turn.role, turn.content) for turn in first.messages)
    changed = answered(first, asked=(*turns[:-1], ("user", "Something else?")))
    with pytest.raises(TableError, match=r"another question than the plan's.*'user: Something else\?' instead of"):
        record_answers(logged([changed]), plan, tmp_path / "a")
    with pytest.raises(TableError, match=rf"{len(turns) + 1} turns instead of {len(turns)}"):
        record_answers(logged([answered(first, asked=(*turns, ("user", "And?")))]), plan, tmp_path / "b")
    with pytest.raises(TableError, match="--apply_chat_template"):
        record_answers(logged([answered(first, asked=None)]), plan, tmp_path / "c")
    assert not any((tmp_path / name).exists() for name in "abc"), "a refused log leaves no run behind"


def test_a_log_of_another_plan_is_refused(tmp_path: Path) -> None:
    plan = small_plan()
    other = stamp_plan(msgspec.structs.replace(plan, seed=plan.seed + 1))
    with pytest.raises(TableError, match=r"none of the 1 answers of 'x.eval' names a cell of the plan"):
        record_answers(logged([answered(cells_of(other)[0])]), plan, tmp_path / "run")
    record_answers(logged([answered(cells_of(plan)[0])]), plan, tmp_path / "run")
    with pytest.raises(PlanError, match="belongs to another plan"):
        record_answers(logged([answered(cells_of(other)[0])]), other, tmp_path / "run")


def test_the_model_is_named_where_a_plan_asks_several(tmp_path: Path) -> None:
    plan = small_plan()
    second = msgspec.structs.replace(plan.models[0], name="simulated/tilted")
    both = stamp_plan(msgspec.structs.replace(plan, models=(plan.models[0], second)))
    cells = list(exported_cells(both, model="simulated/tilted"))
    with pytest.raises(UsageError, match=r"asks 2 models .* say with --model"):
        record_answers(logged([answered(cells[0])]), both, tmp_path / "run")
    with pytest.raises(UsageError, match=r"no model 'simulated/tiltd' \(did you mean 'simulated/tilted'\?\)"):
        record_answers(logged([answered(cells[0])]), both, tmp_path / "run", model="simulated/tiltd")
    record_answers(logged([answered(cells[0])]), both, tmp_path / "run", model="simulated/tilted")
    with open_trials(tmp_path / "run" / TRIALS_FILE) as trials:
        assert trials.models() == ("simulated/tilted",)


def test_only_a_log_with_cell_keys_names_cells() -> None:
    plan = small_plan()
    assert names_cells(logged([answered(cells_of(plan)[0])]))
    assert not names_cells(logged([LoggedAnswer(sample="a", fields={"metadata.item": "x"})]))

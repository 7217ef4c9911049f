from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from evenhand.records.message import Reply
from evenhand.records.plan import Plan
from evenhand.records.trial import Answered, Outcome, Unparsed
from evenhand.store.reading import open_trials
from evenhand.view.exporting import ExportFormat, exported_trial, lines_of, trial_columns, trial_frame
from evenhand.view.known_plan import KnownPlan
from tests.support.small_plan import small_bank, small_plan
from tests.support.viewed_run import HOSTILE, says, viewed_run


def exported(directory: Path, plan: Plan, form: ExportFormat) -> str:
    known = KnownPlan(plan)
    with open_trials(directory / "trials.sqlite") as trials:
        rows = [exported_trial(stored, known, trials) for stored in trials.rows()]
    return b"".join(lines_of(iter(rows), trial_columns(known), form=form)).decode()


def test_both_forms_hold_the_same_trials(tmp_path: Path) -> None:
    plan = viewed_run(tmp_path)
    lines = [json.loads(line) for line in exported(tmp_path, plan, "jsonl").splitlines()]
    table = list(csv.DictReader(io.StringIO(exported(tmp_path, plan, "csv"), newline="")))
    assert len(lines) == len(table)
    assert tuple(table[0]) == tuple(lines[0]) == trial_columns(KnownPlan(plan))
    for line, row in zip(lines, table, strict=True):
        assert (row["cell_key"], row["item"], row["answer_text"]) == (
            line["cell_key"],
            line["item"],
            line["answer_text"],
        )
        assert json.loads(row["sent"]) == line["sent"]
        assert row["best"] == {True: "true", False: "false"}[line["best"]]
        assert row["group.position"] == (line["group.position"] or "")
    assert {line["group.position"] for line in lines} == {"advantaged", "disadvantaged", None}
    assert {line["best"] for line in lines if line["group.position"] == "disadvantaged"} == {False}
    assert {line["best"] for line in lines if line["in_memory"] == "none"} == {True}


def test_a_spreadsheet_takes_no_answer_for_a_formula(tmp_path: Path) -> None:
    texts = iter(["=1+1", "+1", "-1", "@x", "\tx", 'plain, "quoted"\nand broken'] * 100)

    def answer(cell: object, meeting: object) -> tuple[Outcome, Reply | None]:
        return Answered(choice="a"), says(next(texts))

    plan = viewed_run(tmp_path, answer)
    table = list(csv.DictReader(io.StringIO(exported(tmp_path, plan, "csv"), newline="")))
    assert {row["answer_text"] for row in table} == {
        "'=1+1",
        "'+1",
        "'-1",
        "'@x",
        "'\tx",
        'plain, "quoted"\nand broken',
    }


def test_what_may_not_be_passed_on_is_left_out(tmp_path: Path) -> None:
    plan = viewed_run(tmp_path, plan=small_plan(bank=small_bank(redistribute=False)))
    for form in ("csv", "jsonl"):
        text = exported(tmp_path, plan, form)
        assert "finds parcel" not in text
        assert "Relief" not in text
        assert "not to be passed on: i0, none, hash " in text


def test_hostile_texts_stay_in_their_field(tmp_path: Path) -> None:
    def answer(cell: object, meeting: object) -> tuple[Outcome, Reply | None]:
        return Unparsed(reason=HOSTILE), says(f"{HOSTILE}\n{HOSTILE}")

    plan = viewed_run(tmp_path, answer)
    (first, *_) = csv.DictReader(io.StringIO(exported(tmp_path, plan, "csv"), newline=""))
    assert first["answer_text"] == f"{HOSTILE}\n{HOSTILE}"
    assert first["reason"] == HOSTILE
    (line, *_) = exported(tmp_path, plan, "jsonl").splitlines()
    assert json.loads(line)["answer_text"] == f"{HOSTILE}\n{HOSTILE}"


def test_a_data_frame_holds_the_same_trials_with_numbers_as_numbers(tmp_path: Path) -> None:
    plan = viewed_run(tmp_path)
    known = KnownPlan(plan)
    with open_trials(tmp_path / "trials.sqlite") as trials:
        rows = [exported_trial(stored, known, trials) for stored in trials.rows()]
    frame = trial_frame(iter(rows), trial_columns(known))
    assert tuple(frame.columns) == trial_columns(known)
    assert frame["cell_key"].to_list() == [row["cell_key"] for row in rows]
    assert frame["replicate"].to_list() == [row["replicate"] for row in rows]
    assert frame["best"].to_list() == [row["best"] for row in rows]
    assert [json.loads(sent) for sent in frame["sent"]] == [row["sent"] for row in rows]

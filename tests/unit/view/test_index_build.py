from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from evenhand.errors import StoreError
from evenhand.records.message import Reply
from evenhand.records.plan import Plan
from evenhand.records.trial import Answered, Outcome
from evenhand.view import index_build
from evenhand.view.index_build import IndexProgress, bring_up_to_date
from evenhand.view.index_file import index_path
from evenhand.view.search import found_texts, word_search
from evenhand.view.trial_columns import TrialColumns, load_columns
from tests.support.small_plan import small_plan, with_seed
from tests.support.viewed_run import HOSTILE, add_rows, failing, right, run_rows, says, tilted, viewed_run


def indexed_now(directory: Path) -> TrialColumns:
    store = directory / "trials.sqlite"
    bring_up_to_date(store, told=lambda _: True)
    return load_columns(index_path(store))


def found(directory: Path, typed: str, *, answers: bool = True, prompts: bool = True) -> int:
    path = index_path(directory / "trials.sqlite")
    search = word_search(typed)
    assert search is not None
    return int(load_columns(path).with_texts(found_texts(path, search), answers=answers, prompts=prompts).sum())


def test_every_trial_is_in_the_index_with_its_coordinates(tmp_path: Path) -> None:
    plan = viewed_run(tmp_path)
    columns, rows = indexed_now(tmp_path), run_rows(plan)
    assert len(columns) == len(rows)
    assert columns.outcomes() == {"answered": len(rows), "refused": 0, "truncated": 0, "unparsed": 0, "failed": 0}
    items = {columns.label(code) for code in columns.column("item")}
    assert items == {item.id for bank in plan.banks for item in bank.items}
    assert int(columns.column("read").sum()) == 100 * len(rows)
    assert int(columns.column("written").sum()) == 10 * len(rows)


def test_words_are_found_in_answers_and_in_prompts(tmp_path: Path) -> None:
    plan = viewed_run(tmp_path, right)
    columns = indexed_now(tmp_path)
    of_one = int((columns.column("item") == columns.code("item", "i3")).sum())
    assert found(tmp_path, "surely i3") == of_one
    assert found(tmp_path, '"parcel number 3"') == of_one
    assert found(tmp_path, "parcel", prompts=False) == 0
    assert found(tmp_path, "surely", answers=False) == 0
    assert found(tmp_path, "assistant") == len(columns) == len(run_rows(plan))
    assert found(tmp_path, "inherited house") == int(
        columns.having("arm", {f"pairs/p{number}.advantaged" for number in range(4)}).sum()
    )


def test_thoughts_are_found_with_the_answers(tmp_path: Path) -> None:
    viewed_run(tmp_path, lambda cell, meeting: (Answered(choice="a"), says("A", reasoning="I ponder deeply")))
    assert found_after(tmp_path, "ponder") == len(indexed_now(tmp_path))


def found_after(directory: Path, typed: str) -> int:
    indexed_now(directory)
    return found(directory, typed)


def test_only_what_is_new_is_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = small_plan()
    viewed_part(tmp_path, plan, slice(0, 30))
    assert len(indexed_now(tmp_path)) == 30
    add_rows(tmp_path, plan, run_rows(plan, cells=slice(30, 37)))
    read: list[Reply] = []

    def searched(reply: Reply) -> str:
        read.append(reply)
        return reply.text

    monkeypatch.setattr(index_build, "searched_text", searched)
    assert len(indexed_now(tmp_path)) == 37
    assert len(read) == 7
    assert found(tmp_path, "parcel") == 37


def viewed_part(directory: Path, plan: Plan, cells: slice) -> None:
    from evenhand.plan.file import write_plan

    write_plan(plan, directory)
    add_rows(directory, plan, run_rows(plan, cells=cells))


def test_batches_make_the_same_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = viewed_run(tmp_path / "one")
    whole = indexed_now(tmp_path / "one")
    monkeypatch.setattr(index_build, "BATCH", 7)
    viewed_run(tmp_path / "two", plan=plan)
    parts = indexed_now(tmp_path / "two")
    for name in ("id", "outcome", "replicate", "order", "turns", "read"):
        assert whole.column(name).tolist() == parts.column(name).tolist(), name
    assert [whole.label(code) for code in whole.column("arm")] == [parts.label(code) for code in parts.column("arm")]
    assert found(tmp_path / "two", '"parcel number 3"') == found(tmp_path / "one", '"parcel number 3"') > 0


def test_work_that_is_told_to_end_goes_on_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = viewed_run(tmp_path)
    monkeypatch.setattr(index_build, "BATCH", 10)
    seen: list[IndexProgress] = []

    def told(progress: IndexProgress) -> bool:
        seen.append(progress)
        return False

    bring_up_to_date(tmp_path / "trials.sqlite", told=told)
    assert seen == [IndexProgress(done=10, total=len(run_rows(plan)))]
    assert len(indexed_now(tmp_path)) == len(run_rows(plan))


def test_a_failure_stands_until_its_cell_is_answered(tmp_path: Path) -> None:
    plan = small_plan()
    viewed_part(tmp_path, plan, slice(0, 5))
    add_rows(tmp_path, plan, run_rows(plan, failing, cells=slice(5, 8)))
    add_rows(tmp_path, plan, run_rows(plan, failing, cells=slice(5, 8)))
    columns = indexed_now(tmp_path)
    assert columns.outcomes()["failed"] == 3
    assert len(columns) == 8
    assert columns.column("failure").tolist() == [0] * 5 + [1] * 3
    add_rows(tmp_path, plan, run_rows(plan, cells=slice(5, 7)))
    columns = indexed_now(tmp_path)
    assert (columns.outcomes()["failed"], columns.outcomes()["answered"]) == (1, 7)
    assert found(tmp_path, "parcel") == 8


def test_an_index_of_another_store_at_the_same_place_is_made_anew(tmp_path: Path) -> None:
    plan = viewed_run(tmp_path)
    assert len(indexed_now(tmp_path)) == len(run_rows(plan))
    for path in tmp_path.glob("trials.sqlite*"):
        path.unlink()
    viewed_part(tmp_path, plan, slice(40, 50))
    assert len(indexed_now(tmp_path)) == 10
    for path in (*tmp_path.glob("trials.sqlite*"), tmp_path / "plan.json"):
        path.unlink()
    viewed_run(tmp_path, plan=with_seed(plan, 99))
    assert len(indexed_now(tmp_path)) == len(run_rows(with_seed(plan, 99)))


@pytest.mark.parametrize("damage", [b"", b"not a database at all, but long enough to be one" * 40])
def test_a_damaged_index_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    plan = viewed_run(tmp_path)
    indexed_now(tmp_path)
    index_path(tmp_path / "trials.sqlite").write_bytes(damage)
    assert len(indexed_now(tmp_path)) == len(run_rows(plan))


def test_nothing_is_written_into_the_run_directory(tmp_path: Path) -> None:
    run = tmp_path / "run"
    viewed_run(run)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    indexed_now(run)
    after = {path.name: path.read_bytes() for path in run.iterdir() if not path.name.endswith(("-shm", "-wal"))}
    assert after == before


def test_the_run_can_write_while_its_trials_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = small_plan()
    viewed_part(tmp_path, plan, slice(0, 20))
    monkeypatch.setattr(index_build, "BATCH", 5)
    rest = iter(run_rows(plan, cells=slice(20, 40)))

    def told(_: IndexProgress) -> bool:
        add_rows(tmp_path, plan, [next(rest)])
        return True

    bring_up_to_date(tmp_path / "trials.sqlite", told=told)
    assert len(indexed_now(tmp_path)) >= 24


def test_a_row_that_cannot_be_read_costs_itself_alone(tmp_path: Path) -> None:
    plan = viewed_run(tmp_path)
    database = sqlite3.connect(tmp_path / "trials.sqlite")
    database.execute("UPDATE trials SET reply = '{' WHERE id IN (3, 4)")
    (last,) = database.execute("SELECT max(id) FROM trials").fetchone()
    database.execute("UPDATE trials SET detail = 'x' WHERE id = ?", (last,))
    database.commit()
    database.close()
    assert len(indexed_now(tmp_path)) == len(run_rows(plan)) - 3
    assert len(indexed_now(tmp_path)) == len(run_rows(plan)) - 3


def test_hostile_answers_are_words_like_others(tmp_path: Path) -> None:
    def answer(cell: object, meeting: object) -> tuple[Outcome, Reply | None]:
        return Answered(choice="a"), says(f"{HOSTILE} \x00 " + "x" * 100)

    viewed_run(tmp_path, answer)
    assert found_after(tmp_path, "alert javascript") == len(indexed_now(tmp_path))


def test_two_at_once_leave_every_trial_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = viewed_run(tmp_path, tilted)
    monkeypatch.setattr(index_build, "BATCH", 8)
    inner = [True]

    def told(_: IndexProgress) -> bool:
        if inner.pop() if inner else False:
            bring_up_to_date(tmp_path / "trials.sqlite", told=lambda _: True)
        return True

    bring_up_to_date(tmp_path / "trials.sqlite", told=told)
    assert load_columns(index_path(tmp_path / "trials.sqlite")).column("id").tolist() == list(
        range(1, len(run_rows(plan)) + 1)
    )


def test_where_no_index_can_be_kept_it_is_said(tmp_path: Path, index_folder: Path) -> None:
    viewed_run(tmp_path / "run")
    index_folder.write_text("a file in the way", encoding="utf-8")
    with pytest.raises(StoreError, match=r"cannot be kept .* EVENHAND_CACHE"):
        bring_up_to_date(tmp_path / "run" / "trials.sqlite", told=lambda _: True)

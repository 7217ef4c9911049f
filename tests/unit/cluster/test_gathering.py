"""Answers of the shared store come into the run directory once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evenhand.cluster.gathering import Gathering, gathered_mark
from evenhand.cluster.part import PlanPart
from evenhand.cluster.part_file import NumberedRow, written
from evenhand.cluster.place import FolderPlace
from evenhand.cluster.shared_store import SharedStore, file_name
from evenhand.errors import StoreError
from evenhand.records.message import Reply
from evenhand.records.trial import Answered, Failed
from evenhand.store.rows import row_of
from evenhand.store.store import Store, open_store
from tests.support.scripted_run import PLAN, make_work
from tests.support.small_plan import small_plan

PART = PlanPart(number=0, model="m", start=0, stop=4)


def answer(number: int, choice: str = "b") -> NumberedRow:
    return NumberedRow(number, row_of(make_work(number), Answered(choice=choice), Reply(text=choice, finish="stop")))


def failure(number: int) -> NumberedRow:
    return NumberedRow(number, row_of(make_work(number), Failed(error="gone", attempts=1), None))


@pytest.fixture
def shared(tmp_path: Path) -> SharedStore:
    return SharedStore.open(FolderPlace(tmp_path / "shared"), small_plan(), cells=4, part_cells=4)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "trials.sqlite", plan_sha256=PLAN) as opened:
        yield opened


def add(shared: SharedStore, rows: list[NumberedRow], *, driver: int = 1, attempt: int = 1) -> None:
    shared.add(0, file_name(driver=driver, attempt=attempt, number=1), written(rows))


def gathered(shared: SharedStore, store: Store, *, complete: bool, driver: int = 1) -> Gathering:
    gathering = Gathering(shared, store)
    gathering.driver = driver
    gathering.bring(PART, complete=complete)
    gathering.close()
    return gathering


def test_the_first_answer_counts_and_an_answer_counts_more_than_a_failure(shared: SharedStore, store: Store) -> None:
    add(shared, [answer(0, "first"), failure(1), failure(2)])
    add(shared, [answer(0, "second"), answer(1), failure(2), answer(3)], attempt=2)
    gathering = gathered(shared, store, complete=False)
    assert gathering.repeated == 1
    assert gathering.outcomes == {"answered": 3, "failed": 1, "refused": 0, "truncated": 0, "unparsed": 0}
    assert [store.has(make_work(number).cell.cell_key) for number in range(4)] == [True, True, False, True]
    rows = store._database.execute("SELECT choice FROM trials ORDER BY item").fetchall()
    assert [choice for (choice,) in rows] == ["first", "b", "b"]


def test_a_part_is_brought_once_and_its_mark_says_so(shared: SharedStore, store: Store) -> None:
    add(shared, [answer(number) for number in range(4)])
    shared.complete(PART)
    assert not Gathering(shared, store).has(0)
    assert gathered(shared, store, complete=True).outcomes.total() == 4
    again = Gathering(shared, store)
    assert again.has(0) and not again.has(1)
    assert store.marked(gathered_mark(shared, "")) == {gathered_mark(shared, 0)}
    assert gathered(shared, store, complete=True).outcomes.total() == 0
    assert store.count() == 4


def test_only_what_this_driver_asked_is_counted_as_asked(shared: SharedStore, store: Store) -> None:
    add(shared, [answer(0), answer(1)], driver=1)
    add(shared, [answer(2), answer(3)], driver=2)
    assert gathered(shared, store, complete=False, driver=2).outcomes["answered"] == 2
    assert store.count() == 4


def test_a_file_that_came_after_the_manifest_is_left_out(shared: SharedStore, store: Store) -> None:
    add(shared, [answer(number) for number in range(4)])
    shared.complete(PART)
    add(shared, [answer(number, "late") for number in range(4)], attempt=2)
    assert gathered(shared, store, complete=True).repeated == 0


def test_a_row_of_another_part_is_refused(shared: SharedStore, store: Store) -> None:
    add(shared, [answer(0), answer(9)])
    with pytest.raises(StoreError, match="has cell 9, which is of another part"):
        gathered(shared, store, complete=False)
    assert store.count() == 0

"""Where answers of a part land, and which cells of it are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.cluster.landing import Attempt, Landing, missing_numbers
from evenhand.cluster.part import PlanPart
from evenhand.cluster.place import FolderPlace
from evenhand.cluster.shared_store import SharedStore, Superseded
from evenhand.records.message import Reply
from evenhand.records.trial import Answered, Failed
from evenhand.store.rows import Row, row_of
from tests.support.scripted_run import make_work
from tests.support.small_plan import small_plan

PART = PlanPart(number=2, model="m", start=10, stop=14)
NUMBERS = {make_work(number).cell.cell_key: number for number in range(10, 14)}


def answer(number: int) -> Row:
    return row_of(make_work(number), Answered(choice="b"), Reply(text="B", finish="stop"))


def failure(number: int) -> Row:
    return row_of(make_work(number), Failed(error="gone", attempts=1), None)


@pytest.fixture
def shared(tmp_path: Path) -> SharedStore:
    return SharedStore.open(FolderPlace(tmp_path), small_plan(), cells=20, part_cells=4)


def landing(shared: SharedStore, *, attempt: int = 1, answered: bool = False) -> Landing:
    who = Attempt(driver=shared.take_over(version="1"), attempt=attempt)
    missing = missing_numbers(shared, PART)
    return Landing(shared, PART, who=who, numbers=NUMBERS, missing=missing, answered=answered)


def test_what_has_landed_is_not_missing_and_a_failure_is(shared: SharedStore) -> None:
    first = landing(shared)
    assert missing_numbers(shared, PART) == (10, 11, 12, 13)
    first.append([answer(10), failure(11)])
    first.append([answer(13)])
    assert missing_numbers(shared, PART) == (11, 12)
    assert (first.count(), first.complete) == (2, False)
    second = landing(shared, attempt=2)
    assert [second.has(key) for key in NUMBERS] == [True, False, False, True]
    second.append([answer(11), answer(12)])
    assert second.complete
    assert missing_numbers(shared, PART) == ()


def test_whether_a_model_has_answers_is_known_from_the_part_or_from_the_driver(shared: SharedStore) -> None:
    assert landing(shared).answered_models() == frozenset()
    assert landing(shared, answered=True).answered_models() == {"m"}
    landing(shared).append([answer(10)])
    assert landing(shared).answered_models() == {"m"}


def test_nothing_lands_for_a_driver_that_another_one_has_followed(shared: SharedStore) -> None:
    old = landing(shared)
    shared.take_over(version="1")
    with pytest.raises(Superseded):
        old.append([answer(10)])
    assert missing_numbers(shared, PART) == (10, 11, 12, 13)

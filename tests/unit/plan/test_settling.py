from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from evenhand.errors import EndpointError, PlanError, StoreError
from evenhand.plan.file import read_plan, stamp_plan
from evenhand.plan.questions import Questions
from evenhand.plan.settling import settle, settled
from evenhand.records.message import Reply
from evenhand.records.plan import Design, Plan
from evenhand.records.trial import Answered, Failed
from evenhand.store.rows import row_of
from evenhand.store.store import open_store
from tests.support.small_plan import small_plan, with_seed

OTHER = with_seed(small_plan(Design(pairs_per_item=1, profiles_per_item=3, replicates=2)), 8)


def ask_one(plan: Plan, directory: Path, *, answered: bool) -> None:
    """Put one row into the directory's store."""
    with open_store(directory / "trials.sqlite", plan_sha256=plan.sha256) as store:
        work = next(Questions(plan).missing(store, model=plan.models[0].name, by_arm=False))
        if answered:
            store.append([row_of(work, Answered(choice="a"), Reply(text="A", finish="stop"))])
        else:
            store.append([row_of(work, Failed(error="gone", attempts=1), None)])


def test_a_changed_plan_is_refused_where_there_are_answers_and_what_changed_is_named(tmp_path: Path) -> None:
    settle(small_plan(), tmp_path)
    ask_one(small_plan(), tmp_path, answered=True)
    assert settle(small_plan(), tmp_path) is False
    with pytest.raises(PlanError, match=r"seed: 7 -> 8.*design.pairs_per_item: 2 -> 1"):
        settle(OTHER, tmp_path)
    assert read_plan(tmp_path) == small_plan()


def test_a_plan_without_answers_is_replaced_and_its_failures_with_it(tmp_path: Path) -> None:
    settle(small_plan(), tmp_path)
    assert settle(OTHER, tmp_path) is True
    ask_one(OTHER, tmp_path, answered=False)
    assert settle(small_plan(), tmp_path) is True
    assert read_plan(tmp_path) == small_plan()
    ask_one(small_plan(), tmp_path, answered=True)


def test_a_plan_edited_by_hand_is_replaced_only_where_nothing_was_answered(tmp_path: Path) -> None:
    settle(small_plan(), tmp_path)
    (tmp_path / "plan.json").write_text("{]", encoding="utf-8")
    assert settle(small_plan(), tmp_path) is True
    ask_one(small_plan(), tmp_path, answered=True)
    (tmp_path / "plan.json").write_text("{]", encoding="utf-8")
    with pytest.raises(PlanError, match="not a plan"):
        settle(small_plan(), tmp_path)


def test_a_plan_whose_run_is_at_work_is_not_replaced(tmp_path: Path) -> None:
    settle(small_plan(), tmp_path)
    with (
        open_store(tmp_path / "trials.sqlite", plan_sha256=small_plan().sha256),
        pytest.raises(StoreError, match="Another run is at work"),
    ):
        settle(OTHER, tmp_path)
    assert read_plan(tmp_path) == small_plan()


def fail(plan: Plan, directory: Path, *, answered: bool | None) -> None:
    """A start that ends with an error, before or after a row."""
    with pytest.raises(EndpointError), settled(plan, directory):
        if answered is not None:
            ask_one(plan, directory, answered=answered)
        raise EndpointError("no key")


def test_a_plan_that_is_asked_by_batches_now_is_the_same_plan_and_says_so(tmp_path: Path) -> None:
    plan = small_plan()
    settle(plan, tmp_path)
    ask_one(plan, tmp_path, answered=True)
    batched = stamp_plan(replace(plan, batch=True))
    assert batched.sha256 == plan.sha256
    assert settle(batched, tmp_path) is False
    assert read_plan(tmp_path).batch is True
    settle(plan, tmp_path)
    assert read_plan(tmp_path).batch is True, "a run that was begun in batches goes on so"


def test_a_failed_start_leaves_nothing_behind(tmp_path: Path) -> None:
    fail(small_plan(), tmp_path / "r", answered=None)
    assert not (tmp_path / "r").exists()
    fail(small_plan(), tmp_path / "r", answered=False)
    assert not (tmp_path / "r").exists()


def test_a_failed_start_keeps_what_was_there_and_what_was_answered(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    fail(small_plan(), tmp_path, answered=None)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    settle(small_plan(), tmp_path)
    fail(small_plan(), tmp_path, answered=None)
    assert read_plan(tmp_path) == small_plan()
    fail(small_plan(), tmp_path / "r", answered=True)
    assert read_plan(tmp_path / "r") == small_plan()

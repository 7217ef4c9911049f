"""Decisions of several machines: on disk before the answers that rest on them, brought into the run once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from evenhand.cluster.asker import Asker
from evenhand.cluster.gathering import Gathering
from evenhand.cluster.landed_decisions import LandedDecisions, read_decisions
from evenhand.cluster.part import parts_of
from evenhand.cluster.part_file import read_rows
from evenhand.cluster.place import FolderPlace
from evenhand.cluster.shared_store import SharedStore
from evenhand.cluster.task import Task, WorkerSettings
from evenhand.design.cells import Crossing
from evenhand.design.numbered_cells import NumberedCells
from evenhand.endpoints.context import Connection
from evenhand.errors import StoreError
from evenhand.records.decision import FactDecision
from evenhand.records.trial import Failed
from evenhand.run.limits import Limits
from evenhand.store.decisions import DecisionTable
from evenhand.store.store import Store, open_store
from tests.support.deciding_server import ASSISTANT, deciding_plan, deciding_server
from tests.support.decision_samples import EVERY_OUTCOME
from tests.support.scripted_run import PLAN
from tests.support.small_plan import small_plan


@pytest.fixture
def shared(tmp_path: Path) -> SharedStore:
    return SharedStore.open(FolderPlace(tmp_path / "shared"), small_plan(), cells=4, part_cells=4)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "trials.sqlite", plan_sha256=PLAN) as opened:
        yield opened


async def test_decisions_land_together_and_every_worker_reads_them(shared: SharedStore) -> None:
    mine = LandedDecisions(shared, driver=2)
    for decision in EVERY_OUTCOME:
        await mine.keep(decision)
    assert shared.decision_files() == []
    mine.land()
    mine.land()
    await mine.settle()
    assert len(shared.decision_files()) == 1
    await mine.keep(replace(EVERY_OUTCOME[0], question="Later?"))
    await mine.settle()
    theirs = LandedDecisions(shared, driver=2)
    assert list(theirs.known()) == [*EVERY_OUTCOME, replace(EVERY_OUTCOME[0], question="Later?")]


async def test_keys_in_errors_do_not_land(shared: SharedStore) -> None:
    mine = LandedDecisions(shared, driver=1, hidden=("hush-hush-12345",))
    await mine.keep(replace(EVERY_OUTCOME[-1], outcome=Failed(error="401 hush-hush-12345", attempts=1)))
    mine.land()
    (name,) = shared.decision_files()
    assert b"hush" not in shared.decisions(name)


async def test_what_could_not_land_waits_for_the_next_time(
    shared: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = LandedDecisions(shared, driver=1)
    await mine.keep(EVERY_OUTCOME[0])

    def full(name: str, data: bytes) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken, pytest.raises(StoreError, match="full"):
        broken.setattr(shared, "add_decisions", full)
        mine.land()
    mine.land()
    assert list(mine.known()) == [EVERY_OUTCOME[0]]


async def test_a_file_comes_into_the_run_once(shared: SharedStore, store: Store) -> None:
    mine = LandedDecisions(shared, driver=1)
    for _ in range(2):
        await mine.keep(EVERY_OUTCOME[0])
        mine.land()
        for _ in range(2):
            gathering = Gathering(shared, store)
            gathering.bring_decisions()
            gathering.close()
    assert list(DecisionTable(store).known()) == [EVERY_OUTCOME[0]] * 2


def test_a_file_that_is_none_is_refused(shared: SharedStore) -> None:
    shared.add_decisions("000001-x-000001.jsonl", b"{}\n")
    with pytest.raises(StoreError, match="cannot be read"):
        list(read_decisions(shared, "000001-x-000001.jsonl"))
    with pytest.raises(StoreError, match="files are never changed"):
        shared.add_decisions("000001-x-000001.jsonl", b"{}\n")
    with pytest.raises(StoreError, match="which was listed"):
        shared.decisions("no.jsonl")


def test_a_worker_that_takes_over_asks_about_no_fact_again_and_decisions_are_there_before_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with deciding_server() as (server, url):
        plan = deciding_plan(url)
        cells = NumberedCells(Crossing(plan))
        shared = SharedStore.open(FolderPlace(tmp_path), plan, cells=len(cells), part_cells=len(cells))
        (part,) = parts_of([ASSISTANT], each=cells.each, cells=len(cells))
        add = SharedStore.add
        before: list[tuple[set[str], set[str]]] = []
        """Of each file of answers: its cells, and the cells of the decisions that had landed before it."""

        def landed() -> list[FactDecision]:
            return [one for name in shared.decision_files() for one in read_decisions(shared, name)]

        def told(mine: SharedStore, number: int, name: str, data: bytes) -> None:
            cells = {one.row.cell_key for one in read_rows(data, name=name)}
            before.append((cells, {one.cell_key for one in landed()}))
            add(mine, number, name, data)

        monkeypatch.setattr(SharedStore, "add", told)

        def worker(limits: Limits, attempt: int) -> bool:
            settings = WorkerSettings(
                store=str(tmp_path),
                driver=shared.take_over(version="1"),
                connection=Connection(concurrency=2),
                land_s=0.01,
                land_rows=4,
            )
            asker = Asker(plan, shared=shared, settings=settings)
            ended = asker.ask(Task(part=part, attempt=attempt, limits=limits, answered=False))
            assert ended.trouble is None
            assert len(landed()) == server.asked["decider"].total()
            asker.close()
            return ended.complete

        assert not worker(Limits(max_calls=80), 1)
        first = server.asked["decider"].total()
        assert first > 20
        assert worker(Limits(), 2)
        assert set(server.asked["decider"].values()) == {1}
        assert server.asked["decider"].total() > first
        of = {one.cell_key for one in landed()}
        assert any(cells & of for cells, _ in before)
        assert all(cells & of <= known for cells, known in before)


def test_what_was_decided_for_a_cell_that_was_given_up_lands_with_the_part(tmp_path: Path) -> None:
    with deciding_server() as (server, url):
        plan = deciding_plan(url)
        cells = NumberedCells(Crossing(plan))
        shared = SharedStore.open(FolderPlace(tmp_path), plan, cells=len(cells), part_cells=len(cells))
        (part,) = parts_of([ASSISTANT], each=cells.each, cells=len(cells))
        settings = WorkerSettings(
            store=str(tmp_path),
            driver=shared.take_over(version="1"),
            connection=Connection(concurrency=1),
            land_s=0.01,
            land_rows=4,
        )
        asker = Asker(plan, shared=shared, settings=settings)

        def give_up() -> None:
            asker.interrupt()
            asker.interrupt()
            time.sleep(0.5)  # the answer comes when nobody waits for it any more

        server.moment, server.act = ("decider", 31), give_up
        asker.ask(Task(part=part, attempt=1, limits=Limits(), answered=False))
        landed = sum(len(list(read_decisions(shared, name))) for name in shared.decision_files())
        asker.close()
    assert landed == 30 == server.asked["decider"].total() - 1

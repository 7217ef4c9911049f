"""One worker: it asks what a part lacks, keeps its assistant open, and says what went wrong."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.cluster.asker import Asker
from evenhand.cluster.landing import missing_numbers
from evenhand.cluster.part import PlanPart, parts_of
from evenhand.cluster.place import FolderPlace
from evenhand.cluster.shared_store import SharedStore
from evenhand.cluster.task import Task, WorkerSettings
from evenhand.design.cells import Crossing
from evenhand.design.numbered_cells import NumberedCells
from evenhand.endpoints.base import Locality
from evenhand.endpoints.context import Connection
from evenhand.endpoints.simulated.endpoint import SimulatedEndpoint
from evenhand.plan.file import stamp_plan
from evenhand.records.message import Reply, Request
from evenhand.records.model_spec import ModelSpec
from evenhand.records.plan import Plan
from evenhand.run.limits import Limits
from tests.support.small_plan import small_plan

PLAN = small_plan()


class Worker:
    """An asker with a store of its own."""

    def __init__(self, folder: Path, plan: Plan = PLAN) -> None:
        self.cells = NumberedCells(Crossing(plan))
        self.shared = SharedStore.open(FolderPlace(folder), plan, cells=len(self.cells), part_cells=50)
        settings = WorkerSettings(
            store=str(folder),
            driver=self.shared.take_over(version="1"),
            connection=Connection(),
            land_s=0.02,
            land_rows=8,
        )
        self.asker = Asker(plan, shared=self.shared, settings=settings)
        self.parts = list(parts_of([model.name for model in plan.models], each=self.cells.each, cells=50))

    def task(self, part: PlanPart, limits: Limits = Limits(), attempt: int = 1) -> Task:
        return Task(part=part, attempt=attempt, limits=limits, answered=False)


def test_a_part_is_asked_and_marked_as_answered(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    ended = worker.asker.ask(worker.task(worker.parts[0]))
    worker.asker.close()
    assert ended.complete and ended.trouble is None and ended.report is not None
    assert (ended.report.asked, ended.report.stopped) == (50, "done")
    assert worker.shared.done() == {0}
    assert worker.asker.progress() is None
    assert 50 / 8 <= len(worker.shared.files(0)) <= 50


def test_only_the_cells_without_an_answer_are_asked(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    first = worker.asker.ask(worker.task(worker.parts[0], Limits(max_calls=20)))
    assert not first.complete
    assert len(missing_numbers(worker.shared, worker.parts[0])) == 30
    second = worker.asker.ask(worker.task(worker.parts[0], attempt=2))
    worker.asker.close()
    assert second.report is not None
    assert (second.complete, second.report.asked, second.report.skipped) == (True, 30, 20)


def test_a_part_whose_answers_are_all_there_gets_its_manifest_without_a_question(tmp_path: Path) -> None:
    """A worker that was lost between its last answer and the manifest."""
    worker = Worker(tmp_path)
    worker.asker.ask(worker.task(worker.parts[0]))
    (tmp_path / "manifests" / "00000000.json").unlink()
    ended = worker.asker.ask(worker.task(worker.parts[0], attempt=2))
    worker.asker.close()
    assert (ended.complete, ended.report) == (True, None)
    assert worker.shared.done() == {0}


def test_the_assistant_stays_open_from_part_to_part_and_is_changed_with_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    opened, closed = SimulatedEndpoint.__init__, SimulatedEndpoint.aclose

    def opening(self: SimulatedEndpoint, preset: str, **options: object) -> None:
        events.append(f"open {preset}")
        opened(self, preset, **options)  # type: ignore[arg-type]

    async def closing(self: SimulatedEndpoint) -> None:
        events.append("close")
        await closed(self)

    monkeypatch.setattr(SimulatedEndpoint, "__init__", opening)
    monkeypatch.setattr(SimulatedEndpoint, "aclose", closing)
    models = (ModelSpec(name="simulated/null"), ModelSpec(name="simulated/tilted"))
    worker = Worker(tmp_path, stamp_plan(msgspec.structs.replace(PLAN, models=models)))
    for part in worker.parts:
        assert worker.asker.ask(worker.task(part)).complete
    worker.asker.close()
    assert [part.model for part in worker.parts] == ["simulated/null"] * 3 + ["simulated/tilted"] * 3
    assert events == ["open null", "close", "open tilted", "close"]


def test_an_endpoint_that_shares_beginnings_is_asked_arm_by_arm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    reply = SimulatedEndpoint.reply

    async def replying(self: SimulatedEndpoint, request: Request) -> Reply:
        asked.append(self._cells(request.cell_key).arm)
        return await reply(self, request)

    locality: Locality = "prefix"
    monkeypatch.setattr(SimulatedEndpoint, "reply", replying)
    monkeypatch.setattr(SimulatedEndpoint, "locality", locality)
    monkeypatch.setattr(SimulatedEndpoint, "concurrency", 1)
    worker = Worker(tmp_path)
    assert worker.asker.ask(worker.task(worker.parts[0])).complete
    worker.asker.close()
    assert asked == sorted(asked)
    assert len(set(asked)) > 5


def test_a_model_that_cannot_be_asked_comes_back_as_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    worker = Worker(tmp_path, small_plan(model="openai/gpt-5.1"))
    ended = worker.asker.ask(worker.task(worker.parts[0]))
    worker.asker.close()
    assert ended.trouble is not None
    assert (ended.trouble.kind, ended.complete) == ("EndpointError", False)
    assert "OPENAI_API_KEY" in ended.trouble.text


def test_an_interrupted_worker_starts_nothing_new(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    worker.asker.interrupt()
    ended = worker.asker.ask(worker.task(worker.parts[0]))
    worker.asker.close()
    assert ended.report is not None
    assert (ended.complete, ended.report.asked) == (False, 0)

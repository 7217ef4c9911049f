"""A worker as Ray sees it: bytes in, bytes out, and no exception for what was foreseen."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import msgspec

from evenhand.cluster.part import PlanPart
from evenhand.cluster.place import FolderPlace
from evenhand.cluster.ray_worker import RayWorker
from evenhand.cluster.shared_store import SharedStore
from evenhand.cluster.task import Hello, PartEnded, Task, WorkerSettings
from evenhand.endpoints.context import Connection
from evenhand.run.limits import Limits
from tests.support.small_plan import small_plan

PLAN = small_plan()
PART = PlanPart(number=0, model="simulated/null", start=0, stop=30)
TASK = msgspec.json.encode(Task(part=PART, attempt=1, limits=Limits(), answered=False))


def worker(folder: Path) -> RayWorker:
    settings = WorkerSettings(store=str(folder), driver=1, connection=Connection(), land_s=0.02, land_rows=50)
    return RayWorker(msgspec.json.encode(PLAN), msgspec.json.encode(settings))


def test_a_worker_says_hello_and_asks(tmp_path: Path) -> None:
    SharedStore.open(FolderPlace(tmp_path), PLAN, cells=120, part_cells=30)
    made = worker(tmp_path)
    assert msgspec.json.decode(made.hello(), type=Hello).evenhand == version("evenhand")
    assert made.progress() == b"null"
    ended = msgspec.json.decode(made.ask(TASK), type=PartEnded)
    assert ended.report is not None
    assert (ended.part, ended.complete, ended.report.asked) == (0, True, 30)


def test_a_worker_that_does_not_reach_the_store_says_so_when_it_is_asked(tmp_path: Path) -> None:
    made = worker(tmp_path / "not there")
    made.interrupt()
    ended = msgspec.json.decode(made.ask(TASK), type=PartEnded)
    assert ended.trouble is not None
    assert ended.trouble.kind == "StoreError"
    assert "one place that all machines reach" in ended.trouble.text

"""What a run on several machines costs in bytes, CPU and memory for a cell: the figures of docs/scale.md.

    python -m bench.scale

Asks simulated respondents, so that nothing but our own work is measured; one worker in this process, no Ray.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from evenhand.audit import ask
from evenhand.cluster.asker import Asker
from evenhand.cluster.gathering import Gathering
from evenhand.cluster.part import parts_of
from evenhand.cluster.place import FolderPlace
from evenhand.cluster.shared_store import SharedStore
from evenhand.cluster.task import Task, WorkerSettings
from evenhand.design.cells import Crossing
from evenhand.design.numbered_cells import NumberedCells
from evenhand.endpoints.context import Connection
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.records.plan import Plan
from evenhand.run.limits import Limits
from evenhand.rundir import TRIALS_FILE
from evenhand.store.store import open_store

MODEL = "simulated/tilted"
PART = 5_000
LANDED = (100, 1_000)
"""Answers of a file: what a slow assistant and a quick one bring together in five seconds."""


def main() -> None:
    plan = make_plan(PlanRequest(models=(MODEL,), preset="standard"))
    cells = NumberedCells(Crossing(plan))
    print(f"{len(cells):,} cells of {MODEL}")
    with tempfile.TemporaryDirectory() as folder:
        ask(plan, made(Path(folder) / "warm"))  # the first run of a process loads and compiles what it needs
        alone(plan, made(Path(folder) / "alone"), len(cells))
        for rows in LANDED:
            place = Path(folder) / f"shared-{rows}"
            shared(plan, place, cells, rows)
            gathered(plan, place, cells, Path(folder) / f"run-{rows}")


def made(folder: Path) -> Path:
    """The folder, new."""
    folder.mkdir()
    return folder


def timed(act: Callable[[], object]) -> float:
    """CPU seconds."""
    began = time.process_time()
    act()
    return time.process_time() - began


def alone(plan: Plan, directory: Path, cells: int) -> None:
    """One machine, as `evenhand run` does it."""
    cpu = timed(lambda: ask(plan, directory))
    size = (directory / TRIALS_FILE).stat().st_size
    print(f"one machine: {1e3 * cpu / cells:.3f} ms of CPU a cell, {size / cells:,.0f} bytes a cell in {TRIALS_FILE}")


def shared(plan: Plan, folder: Path, cells: NumberedCells, rows: int) -> None:
    """One worker of a cluster."""
    store = SharedStore.open(FolderPlace(folder), plan, cells=len(cells), part_cells=PART)
    settings = WorkerSettings(
        store=str(folder),
        driver=store.take_over(version=version("evenhand")),
        connection=Connection(),
        land_s=60.0,
        land_rows=rows,
    )
    asker = Asker(plan, shared=store, settings=settings)
    parts = list(parts_of([MODEL], each=cells.each, cells=PART))

    def every() -> None:
        for part in parts:
            ended = asker.ask(Task(part=part, attempt=1, limits=Limits(), answered=True))
            assert ended.complete, ended

    cpu = timed(every)
    asker.close()
    files = list(folder.rglob("*.parquet"))
    size = sum(path.stat().st_size for path in files)
    print(
        f"files of {rows} answers: {1e3 * cpu / len(cells):.3f} ms of CPU a cell, {size / len(cells):,.0f} bytes a "
        f"cell, {len(files)} files of {size / len(files) / 1e3:,.0f} kB"
    )


def gathered(plan: Plan, folder: Path, cells: NumberedCells, directory: Path) -> None:
    """Bringing all of it into a run directory."""
    directory.mkdir()
    store = SharedStore.at(FolderPlace(folder))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def every() -> None:
        with open_store(directory / TRIALS_FILE, plan_sha256=plan.sha256) as into:
            gathering = Gathering(store, into)
            for part in parts_of([MODEL], each=cells.each, cells=PART):
                gathering.bring(part, complete=True)
            gathering.close()
            assert into.count() == len(cells)

    cpu = timed(every)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    size = (directory / TRIALS_FILE).stat().st_size
    print(
        f"  gathered: {1e3 * cpu / len(cells):.3f} ms of CPU a cell, {size / len(cells):,.0f} bytes a cell, "
        f"{grown / 1e3:,.0f} MB more memory at most"
    )


if __name__ == "__main__":
    main()

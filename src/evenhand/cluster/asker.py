"""Asks the parts that it is given, one at a time: what a worker of a cluster does, whoever started it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from evenhand.assistants import behind_of, open_assistants, outcomes_of
from evenhand.cluster.landed_decisions import LandedDecisions
from evenhand.cluster.landing import Attempt, Landing, missing_numbers
from evenhand.cluster.shared_store import SharedStore
from evenhand.cluster.task import PartEnded, Task, WorkerSettings, trouble_of
from evenhand.design.cells import Meeting
from evenhand.design.numbered_cells import NumberedCells
from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.connections import check_connection, fitted
from evenhand.endpoints.context import CellContext, CellLookup
from evenhand.errors import EvenhandError
from evenhand.mitigate.asked.decisions import Decisions
from evenhand.plan.questions import Questions
from evenhand.plan.second_models import every_model
from evenhand.records.cell import Cell
from evenhand.records.plan import Plan
from evenhand.records.work import Work
from evenhand.run.committer import WritePace
from evenhand.run.execute import Run
from evenhand.run.ledger import Ledger
from evenhand.run.limits import Progress, RunReport
from evenhand.run.loop import new_event_loop

__all__ = ["Asker"]


class Asker:
    """One worker: it keeps its assistant open from part to part, so that weights are loaded once.

    Safe to be called from several threads: `progress` and `interrupt` answer while `ask` asks.

    Args:
        plan: The plan.
        shared: The shared store.
        settings: What the worker is made with.
    """

    def __init__(self, plan: Plan, *, shared: SharedStore, settings: WorkerSettings) -> None:
        self._plan = plan
        self._shared = shared
        self._settings = settings
        self._questions = Questions(plan)
        self._cells = NumberedCells(self._questions.crossing)
        self._models = {model.name: model for model in plan.models}
        self._outcome_of = outcomes_of(plan)
        self._ledger = Ledger()
        self._decisions = Decisions()
        self._landed: LandedDecisions | None = None
        self._lookup: CellLookup | None = None
        self._open: tuple[str, Endpoint] | None = None
        self._run: Run | None = None
        self._progress: Progress | None = None
        self._interrupts = 0
        self._lock = threading.Lock()
        self._loop = new_event_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evenhand-asker")

    def ask(self, task: Task) -> PartEnded:
        """Ask what a part has not been asked yet; errors come back as `trouble`."""
        return self._thread.submit(self._ask, task).result()

    def progress(self) -> Progress | None:
        """How far the part has come that is asked now; None between two parts."""
        return self._progress

    def interrupt(self) -> None:
        """Start nothing new, now or ever; the second time give up what is in flight."""
        with self._lock:
            self._interrupts += 1
            if self._run is not None:
                self._run.interrupt()

    def close(self) -> None:
        """Close the assistant."""
        self._thread.submit(self._close_assistant).result()
        self._thread.shutdown(wait=True)
        self._loop.close()

    def _ask(self, task: Task) -> PartEnded:
        part = task.part
        try:
            missing = missing_numbers(self._shared, part)
            if not missing:
                self._shared.complete(part)
                return PartEnded(part=part.number, complete=True)
            landing, report = self._asked(task, missing)
            if self._landed is not None:
                self._landed.land()
        except EvenhandError as error:
            return PartEnded(part=part.number, complete=False, trouble=trouble_of(error))
        finally:
            with self._lock:
                self._run = self._progress = None
        try:
            if landing.complete:
                self._shared.complete(part)
        except EvenhandError as error:
            return PartEnded(part=part.number, complete=False, report=report, trouble=trouble_of(error))
        return PartEnded(part=part.number, complete=landing.complete, report=report)

    def _asked(self, task: Task, missing: tuple[int, ...]) -> tuple[Landing, RunReport]:
        """Ask the cells without an answer."""
        part, wanted = task.part, frozenset(missing)
        behind = behind_of(self._plan, connection=self._settings.connection, ledger=self._ledger)
        if behind.deciders and self._landed is None:
            landed = LandedDecisions(self._shared, driver=self._settings.driver, hidden=behind.secrets)
            self._decisions.keep_in(landed)
            self._landed = landed
        numbered = self._cells.between(part.start, part.stop)
        pairs = {number: (cell, meeting) for number, cell, meeting in numbered if number in wanted}
        landing = Landing(
            self._shared,
            part,
            who=Attempt(driver=self._settings.driver, attempt=task.attempt),
            numbers={cell.cell_key: number for number, (cell, _) in pairs.items()},
            missing=missing,
            answered=task.answered,
            before=(lambda: None) if self._landed is None else self._landed.land,
        )
        self._lookup = self._questions.lookup(pairs.values())
        endpoint = self._assistant(part.model)
        run = Run(
            endpoints={part.model: endpoint},
            store=landing,
            outcome_of=self._outcome_of,
            limits=task.limits,
            listener=self._heard,
            behind=behind,
            pace=self._pace(),
            keep_open=True,
        )
        with self._lock:
            self._run = run
        work = self._work(pairs, by_arm=endpoint.locality == "prefix")
        return landing, self._loop.run_until_complete(run.whole({part.model: work}))

    def _work(self, pairs: Mapping[int, tuple[Cell, Meeting]], *, by_arm: bool) -> Iterator[Work]:
        """The requests in the plan's order; arm by arm for endpoints that share the work of equal beginnings."""
        met = list(pairs.values())
        if by_arm:
            met.sort(key=lambda pair: (pair[0].arm, pair[0].condition.placement))
        for cell, meeting in met:
            if self._interrupts:
                return
            yield self._questions.work(cell, meeting)

    def _pace(self) -> WritePace:
        rows = self._settings.land_rows
        return WritePace(gather_s=self._settings.land_s, most_rows=rows, unsaved=2 * rows)

    def _assistant(self, model: str) -> Endpoint:
        """The part's assistant; the one before is closed first, so that there is room for one set of weights only."""
        if self._open is not None and self._open[0] == model:
            return self._open[1]
        self._close_assistant()
        models = every_model(self._plan)
        check_connection(models, self._settings.connection)
        connection, _ = fitted(models, self._settings.connection)
        spec = self._models[model]
        opened = open_assistants(
            self._plan,
            (spec,),
            cells=self._context,
            connection=connection,
            ledger=self._ledger,
            decisions=self._decisions,
        )
        self._open = (model, opened[model])
        return opened[model]

    def _close_assistant(self) -> None:
        if self._open is not None:
            endpoint, self._open = self._open[1], None
            self._loop.run_until_complete(endpoint.aclose())

    def _context(self, key: str) -> CellContext:
        assert self._lookup is not None
        return self._lookup(key)

    def _heard(self, progress: Progress) -> None:
        self._progress = progress

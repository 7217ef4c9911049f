"""Asks a plan on several machines, in place of `evenhand.audit.ask`: the same plan gives the same findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from evenhand.cluster.crew import Crew
from evenhand.cluster.dispatch import Dispatch
from evenhand.cluster.driving import Driving
from evenhand.cluster.gathering import Gathering, gathered_mark
from evenhand.cluster.part import PlanPart, parts_of
from evenhand.cluster.ray_crew import RayCrew, import_ray
from evenhand.cluster.remote_place import open_place
from evenhand.cluster.shared_store import SharedStore
from evenhand.cluster.shares import Shares
from evenhand.cluster.task import WorkerSettings
from evenhand.design.cells import Crossing
from evenhand.design.numbered_cells import NumberedCells
from evenhand.endpoints.context import Connection
from evenhand.endpoints.kinds import kind_of
from evenhand.errors import UsageError
from evenhand.plan.cost import prices_of
from evenhand.plan.placements import check_sources, products_of
from evenhand.plan.second_models import every_model
from evenhand.plan.settling import TRIALS_FILE
from evenhand.records.plan import Plan
from evenhand.records.trial import OUTCOMES, OutcomeName
from evenhand.run.budget import refuse_unpriced
from evenhand.run.limits import Limits, Listener, Progress, RunReport
from evenhand.store.store import Store, open_store

__all__ = ["Cluster", "ClusterAsking", "CrewMaker", "check_plan", "ray_crew"]

CrewMaker = Callable[[Plan, WorkerSettings], Crew]
"""Starts the workers of a run."""


class Cluster(Struct, frozen=True, kw_only=True):
    """Where a run on several machines keeps its answers, and how it writes them."""

    store: str
    """A folder that all machines reach, or an address of fsspec."""
    part_cells: int | None = None
    """Cells of a part; None: as the store has them, or the usual number."""
    land_s: float = 5.0
    """How long an answer may wait for company before it is written."""
    land_rows: int = 1_000
    """Answers of a file at most."""


class ClusterAsking:
    """Asks a plan on a cluster.

    Args:
        cluster: Where answers are kept.
        crew: Starts the workers.
    """

    def __init__(self, cluster: Cluster, *, crew: CrewMaker) -> None:
        self._cluster = cluster
        self._crew = crew

    def __call__(
        self,
        plan: Plan,
        directory: Path,
        *,
        connection: Connection = Connection(),
        limits: Limits = Limits(),
        listener: Listener | None = None,
    ) -> RunReport:
        """Ask every cell that the shared store does not hold, and bring all answers into the run directory.

        Raises:
            UsageError: The plan cannot be asked on a cluster, or the run directory was begun elsewhere.
            PlanError: The shared store belongs to another plan.
            StoreError: The shared store or the run directory cannot be used, or another driver has taken over.
            EndpointError: The assistant or the cluster cannot be reached.
            LocalError: The machines of the cluster ran out of something.
        """
        check_plan(plan, limits)
        check_sources(plan)
        cells = NumberedCells(Crossing(plan))
        place = open_place(self._cluster.store)
        shared = SharedStore.open(place, plan, cells=len(cells), part_cells=self._cluster.part_cells)
        names = [model.name for model in plan.models]
        parts = list(parts_of(names, each=cells.each, cells=shared.layout.part_cells))
        with open_store(directory / TRIALS_FILE, plan_sha256=plan.sha256) as store:
            _bind(store, shared, directory)
            gathering = Gathering(shared, store)
            try:
                report = self._asked(plan, parts, shared, store, gathering, connection, limits, listener)
            finally:
                gathering.close()
            done = replace(
                report,
                skipped=store.count() - (gathering.outcomes.total() - gathering.outcomes["failed"]),
                asked=gathering.outcomes.total(),
                outcomes=dict(gathering.outcomes),
                repeated=gathering.repeated,
            )
        if listener is not None:
            listener(_last_progress(done))
        return done

    def _asked(
        self,
        plan: Plan,
        parts: Sequence[PlanPart],
        shared: SharedStore,
        store: Store,
        gathering: Gathering,
        connection: Connection,
        limits: Limits,
        listener: Listener | None,
    ) -> RunReport:
        """Ask the parts without a manifest; what was done is counted when all of it is gathered."""
        done = shared.done()
        for part in parts:
            if part.number in done and not gathering.has(part.number):
                gathering.bring(part, complete=True)
        waiting = [part for part in parts if part.number not in done]
        if not waiting:
            gathering.bring_decisions()
            return _report(None, None)
        number = shared.take_over(version=version("evenhand"))
        gathering.driver = number
        crew = self._crew(plan, self._settings(number, connection))
        try:
            dispatch, driving = self._driving(plan, waiting, crew, gathering, store, limits, listener)
            driving.whole()
        finally:
            crew.close()
        begun = shared.begun()
        for part in waiting:
            if part.number in begun and part.number not in gathering.brought:
                gathering.bring(part, complete=False)
        gathering.bring_decisions()
        if dispatch.error is not None:
            raise dispatch.error
        return _report(dispatch, driving)

    def _driving(
        self,
        plan: Plan,
        waiting: Sequence[PlanPart],
        crew: Crew,
        gathering: Gathering,
        store: Store,
        limits: Limits,
        listener: Listener | None,
    ) -> tuple[Dispatch, Driving]:
        room = crew.room()
        gpu_models = [model.name for model in plan.models if room["gpu"] and kind_of(model).gpu]
        dispatch = Dispatch(
            waiting,
            shares=Shares(limits, workers=sum(room.values())),
            gpu_models=gpu_models,
            answered=store.answered_models(),
        )

        def ended(part: PlanPart, complete: bool) -> None:
            if complete:
                gathering.bring(part, complete=True)

        driving = Driving(
            dispatch,
            crew,
            ended=ended,
            tick=gathering.check,
            version=version("evenhand"),
            max_seconds=limits.max_seconds,
            listener=listener,
            skipped=store.count(),
        )
        return dispatch, driving

    def _settings(self, driver: int, connection: Connection) -> WorkerSettings:
        return WorkerSettings(
            store=self._cluster.store,
            driver=driver,
            connection=connection,
            land_s=self._cluster.land_s,
            land_rows=self._cluster.land_rows,
        )


def ray_crew(*, address: str | None = None, workers: int | None = None) -> CrewMaker:
    """Workers on a Ray cluster.

    Args:
        address: `HOST:PORT` of the cluster's head; None: Ray is started on this machine.
        workers: Workers without a GPU; None: one for every CPU but one of each machine.

    Raises:
        MissingExtraError: Ray is not installed.
    """
    import_ray()

    def made(plan: Plan, settings: WorkerSettings) -> Crew:
        return RayCrew(plan, settings, address=address, workers=workers)

    return made


def check_plan(plan: Plan, limits: Limits) -> None:
    """Raise where a plan cannot be asked on several machines.

    Raises:
        UsageError: It has products with memory of their own, planned looks, or a budget that cannot be kept.
    """
    products = products_of(plan.models)
    if products:
        raise UsageError(
            f"{products[0].name!r} keeps memory of its users itself, so its users are made and cleared in one place; "
            "leave --engine ray out"
        )
    if plan.analysis.looks > 1:
        raise UsageError(
            f"the plan has {plan.analysis.looks} looks, each of which needs all answers before it; leave --engine ray "
            "out, or plan with --looks 1"
        )
    models = every_model(plan)
    refuse_unpriced(limits, (model.name for model in models), prices=prices_of(models))


def _bind(store: Store, shared: SharedStore, directory: Path) -> None:
    """Note which shared store a run directory belongs to.

    Raises:
        UsageError: It holds answers of another one, or of a run on one machine.
    """
    mark = gathered_mark(shared, "begun")
    if store.count() and mark not in store.marked(mark):
        raise UsageError(
            f"{str(directory)!r} holds {store.count():,} answers that {shared.place.address!r} does not have, and they "
            "would be asked again; go on as that run was begun, or plan into a new directory with --out"
        )
    store.mark(mark)


def _last_progress(done: RunReport) -> Progress:
    """The last that a listener hears: how far the run came, and why it ended."""
    return Progress(
        done=done.asked,
        skipped=done.skipped,
        outcomes=done.outcomes,
        in_flight=0,
        calls=done.calls,
        cost_usd=done.cost_usd,
        seconds=done.seconds,
        ended=done.stopped,
    )


def _report(dispatch: Dispatch | None, driving: Driving | None) -> RunReport:
    """What was done, without what the run directory counts."""
    outcomes: Counter[OutcomeName] = Counter(dict.fromkeys(OUTCOMES, 0))
    reports = () if driving is None else driving.reports
    return RunReport(
        stopped="done" if dispatch is None else dispatch.stopped,
        skipped=0,
        asked=0,
        outcomes=dict(outcomes),
        calls=0 if driving is None else driving.calls(),
        input_tokens=sum(report.input_tokens for report in reports),
        output_tokens=sum(report.output_tokens for report in reports),
        cost_usd=None if driving is None else driving.cost(),
        seconds=0.0 if driving is None else driving.seconds,
        halts=() if dispatch is None else tuple(dispatch.halts.values()),
        workers_lost=0 if dispatch is None else dispatch.workers_lost,
    )

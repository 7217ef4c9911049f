"""Workers that Ray starts and watches. Needs the extra `ray`.

Ray places the work and says which workers are gone; what is durable is ours. Nothing of a run goes into Ray's
`runtime_env`, and no key goes through Ray at all: each worker reads its own environment.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from evenhand.cluster.crew import CrewEvent, WorkerEnded, WorkerLost, WorkerReady
from evenhand.cluster.dispatch import WorkerKind
from evenhand.cluster.ray_worker import RayWorker
from evenhand.cluster.task import Hello, PartEnded, Task, WorkerSettings
from evenhand.endpoints.redact import redact
from evenhand.errors import EndpointError, MissingExtraError, UsageError
from evenhand.records.plan import Plan
from evenhand.run.limits import Progress

__all__ = ["SILENT", "RayCrew", "import_ray"]

_OBJECTS = 100 * 2**20
"""Bytes of Ray's own store of objects, where this process starts Ray: a plan is all that lies there."""
_REACH_S = 10.0
_HEALTH_S = 60.0
_ASK_PROGRESS_S = 2.0
_THREADS = 4
"""Calls that one worker takes at a time: one that asks, and those that look at it."""

SILENT: Mapping[str, str] = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_USAGE_STATS_REPORT_URL": "http://127.0.0.1:9"}
"""Variables by which Ray tells nobody that it is used."""


def import_ray() -> Any:
    """Ray, told before it is loaded to send no statistics of its use.

    A Ray that is told so still sends one message that says that it was; it is given an address on which nobody listens.

    Raises:
        MissingExtraError: It is not installed.
    """
    os.environ.update(SILENT)
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError(
            "--engine ray needs the extra 'ray'; install it on all machines with: pip install 'evenhand[ray]'."
        ) from error
    return ray


class RayCrew:
    """The workers of one run on a Ray cluster.

    Args:
        plan: The plan.
        settings: What the workers are made with.
        address: Where the cluster's head is, `HOST:PORT`; None: Ray is started on this machine, for this run.
        workers: Workers without a GPU; None: for every machine one less than it has CPUs, and at least one.

    Raises:
        MissingExtraError: Ray is not installed.
        UsageError: The address cannot be meant.
        EndpointError: No cluster answers there.
    """

    def __init__(
        self, plan: Plan, settings: WorkerSettings, *, address: str | None = None, workers: int | None = None
    ) -> None:
        self._ray = import_ray()
        address = address or os.environ.get("RAY_ADDRESS")
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if address is None:
            self._ray.init("local", include_dashboard=False, object_store_memory=_OBJECTS, **quiet)
        else:
            check_address(address)
            self._ray.init(address, **quiet)
        self._workers = workers
        self._in_flight = settings.connection.concurrency
        self._plan = self._ray.put(msgspec.json.encode(plan))
        self._settings = msgspec.json.encode(settings.shared_by(sum(self.room().values())))
        self._actors: dict[int, Any] = {}
        self._refs: dict[Any, tuple[int, str]] = {}
        """What is waited for -> (worker, what it was asked for)."""
        self._known: dict[Hashable, Progress] = {}
        self._count = 0
        self._looked = time.monotonic()

    def room(self) -> Mapping[WorkerKind, int]:
        """One worker for every GPU, and on every machine one for every CPU but one, which is left for other work.

        There are never more workers than requests may be in flight.
        """
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        cpus = sum(max(1, int(node["CPU"]) - 1) for node in nodes if node.get("CPU", 0) >= 1)
        most = self._in_flight or sys.maxsize
        return {
            "cpu": min(self._workers or cpus, most),
            "gpu": min(sum(int(node.get("GPU", 0)) for node in nodes), most),
        }

    def start(self, kind: WorkerKind) -> Hashable:
        """Have Ray start a worker, on whichever machine has the most room."""
        self._count += 1
        made = self._ray.remote(RayWorker).options(
            num_cpus=1,
            num_gpus=1 if kind == "gpu" else 0,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=_THREADS,
            scheduling_strategy="SPREAD",
        )
        actor = made.remote(self._plan, self._settings)
        self._actors[self._count] = actor
        self._refs[actor.hello.remote()] = (self._count, "hello")
        return self._count

    def give(self, worker: Hashable, task: Task) -> None:
        """Have a worker ask a part."""
        assert isinstance(worker, int)
        self._known.pop(worker, None)
        self._refs[self._actors[worker].ask.remote(msgspec.json.encode(task))] = (worker, "ask")

    def events(self, *, seconds: float) -> Sequence[CrewEvent]:
        """What happened; a worker that cannot be reached for a moment counts as lost, and is ended."""
        if time.monotonic() - self._looked > _ASK_PROGRESS_S:
            self._looked = time.monotonic()
            for worker in {worker for worker, what in self._refs.values() if what == "ask"}:
                if (worker, "progress") not in self._refs.values():
                    self._refs[self._actors[worker].progress.remote()] = (worker, "progress")
        if not self._refs:
            time.sleep(seconds)
            return ()
        ready, _ = self._ray.wait(list(self._refs), num_returns=1, timeout=seconds)
        found: list[CrewEvent] = []
        for ref in ready:
            if ref in self._refs:
                found += self._heard(ref, *self._refs.pop(ref))
        return found

    def _heard(self, ref: Any, worker: int, what: str) -> list[CrewEvent]:
        """What a worker said, or that it will say no more.

        Raises:
            RayTaskError: A worker failed on an error that nobody foresaw.
        """
        try:
            data = self._ray.get(ref)
        except self._ray.exceptions.RayTaskError:
            raise
        except self._ray.exceptions.RayError as error:
            return [self._lost(worker, error)]
        match what:
            case "hello":
                return [WorkerReady(worker=worker, hello=msgspec.json.decode(data, type=Hello))]
            case "ask":
                return [WorkerEnded(worker=worker, ended=msgspec.json.decode(data, type=PartEnded))]
            case _:
                progress = msgspec.json.decode(data, type=Progress | None)
                if progress is not None:
                    self._known[worker] = progress
                return []

    def _lost(self, worker: int, error: BaseException) -> WorkerLost:
        self._refs = {ref: known for ref, known in self._refs.items() if known[0] != worker}
        self._ray.kill(self._actors.pop(worker), no_restart=True)
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return WorkerLost(worker=worker, why=redact(" ".join(lines[:1] + lines[-1:]))[:400])

    def progress(self) -> Mapping[Hashable, Progress]:
        """How far the parts have come, as last heard."""
        return self._known

    def interrupt(self) -> None:
        """Tell all workers to stop."""
        for actor in self._actors.values():
            actor.interrupt.remote()

    def close(self) -> None:
        """End all workers, and Ray, where this process started it."""
        for actor in self._actors.values():
            self._ray.kill(actor, no_restart=True)
        self._ray.shutdown()


def check_address(address: str) -> None:
    """Raise where no cluster answers: Ray itself would wait for it without an end.

    Raises:
        UsageError: It is no `HOST:PORT`.
        EndpointError: Nobody answers there, or not as the head of a cluster does.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or "//" in address:
        raise UsageError(
            f"--address got {address!r}; it takes HOST:PORT of the cluster's head, for example 10.0.0.5:6379, as "
            "`ray start --head` prints it. Start evenhand on a machine of the cluster"
        )
    with ThreadPoolExecutor(1) as thread:
        try:
            thread.submit(asyncio.run, _connect(host, int(port))).result()
        except (OSError, TimeoutError, OverflowError) as error:
            said = getattr(error, "strerror", None) or type(error).__name__
            raise EndpointError(
                f"no Ray cluster answers at {address!r} ({said}); start one with `ray start --head`, or leave "
                "--address out to use this machine alone"
            ) from error
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    environment = {**os.environ, **SILENT}
    try:
        healthy = subprocess.run(command, capture_output=True, env=environment, timeout=_HEALTH_S).returncode == 0
    except subprocess.TimeoutExpired:
        healthy = False
    if not healthy:
        raise EndpointError(
            f"what answers at {address!r} is not the head of a Ray cluster of this version; check --address and the "
            "version of Ray there"
        )


async def _connect(host: str, port: int) -> None:
    async with asyncio.timeout(_REACH_S):
        _, writer = await asyncio.open_connection(host, port)
    writer.close()

"""Two Ray nodes on this machine, one of which can be killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psutil

from evenhand.cluster.ray_crew import SILENT

PATIENT = {**SILENT, "RAY_agent_register_timeout_ms": "120000"}
"""Ray on a machine that is busy with other tests needs longer to start than it allows by itself."""
_TRIES = 3
_OBJECTS = 80 * 2**20


class RayNodes:
    """A head and one more node, with two CPUs each, and so one worker each."""

    def __init__(self, cluster: Any, second: Any) -> None:
        self.address: str = cluster.address
        self.session: str = cluster.head_node.get_session_dir_path()
        self._cluster = cluster
        self._second = second

    def second_works(self) -> bool:
        """Whether a worker on the second node is made: one that is not yet, Ray itself makes elsewhere."""
        titles = [title(process) for process in self._second_family()]
        return any(name.startswith("ray::RayWorker") and "__init__" not in name for name in titles)

    def kill_second(self) -> int:
        """End the second node and its workers at once, as a power cut does; gives the number of processes."""
        processes = self._second_family()
        for process in processes:
            process.send_signal(signal.SIGKILL)
        return len(processes)

    def _second_family(self) -> list[psutil.Process]:
        raylets = [one.process.pid for one in self._second.all_processes["raylet"]]
        return [process for pid in raylets for process in family(pid)]


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it started."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def title(process: psutil.Process) -> str:
    """What a process calls itself; nothing for one that has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


@contextmanager
def ray_nodes(environment: Mapping[str, str]) -> Iterator[RayNodes]:
    """Two nodes until the block ends; their workers have `environment` beside this process's."""
    with patch.dict(os.environ, {**environment, **PATIENT}):
        from ray.cluster_utils import Cluster

        sizes = {"num_cpus": 2, "num_gpus": 0, "object_store_memory": _OBJECTS}
        cluster = Cluster()
        try:
            _added(cluster, include_dashboard=False, **sizes)
            yield RayNodes(cluster, _added(cluster, **sizes))
        finally:
            cluster.shutdown()


def _added(cluster: Any, **sizes: Any) -> Any:
    """One more node. Ray gives a node 30 seconds to start, which a busy machine may need more than once."""
    for attempt in range(1, _TRIES + 1):
        before = set(psutil.Process().children(recursive=True))
        try:
            return cluster.add_node(**sizes)
        except Exception:  # Ray raises bare ones
            for process in set(psutil.Process().children(recursive=True)) - before:
                process.kill()
            if attempt == _TRIES:
                raise
    raise AssertionError("the last try returns or raises")

"""A pytest plug-in that runs the collected tests once for every mutant, each in a forked child.

`python -m pytest -p tests.mutants.session TESTS` with `EVENHAND_MUTANTS=JOB.json` writes what became of each mutant.
The tests are imported and collected once. For a mutant, a child runs the tests that reach its line, then those that
reach its function, the quickest first, and stops at the first that fails. What a child may cost is a limit of CPU time,
so that a busy machine kills no mutant.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from msgspec import Struct

from tests.mutants.graft import begin_anew, changed_functions, functions_of, swaps_of
from tests.mutants.mutant import Mutant
from tests.mutants.reach import AT_IMPORT, Reach, caches, file_of

__all__ = ["Fate", "Job", "Planted"]

Fate = Literal["killed", "endless", "alive"]
"""`endless`: the tests took far longer than on sound code; it counts as killed."""

_Ranks = dict[str, tuple[bool, bool, float]]
"""Test -> its turn."""
_ALIVE, _KILLED = 0, 1
_ROOM_BYTES = 3 << 30
"""Memory that a child may take beyond what the collected session holds."""
_WAIT_S = 0.01
_PATIENCE = 20.0
"""Seconds of clock for one second of CPU time, after which a child that only waits is stopped."""


class Planted(Struct, frozen=True):
    """A mutant of one module."""

    module: str
    mutant: Mutant


class Job(Struct, frozen=True):
    """What a session is to try."""

    reach: Reach
    sound: dict[str, str]
    """Module -> source, as it reads without a fault."""
    planted: tuple[Planted, ...]
    workers: int
    out: str
    """Where the fates are written, in the order of `planted`."""


class _Session:
    def __init__(self, job: Job) -> None:
        self._job = job

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._living = {module: functions_of(file_of(module)) for module in self._job.sound}
        self._caches = caches()
        gc.freeze()  # what is not written to is shared with the children
        fates: dict[int, Fate] = {}
        running: dict[int, tuple[int, float]] = {}
        waiting = list(enumerate(self._job.planted))[::-1]
        while waiting or running:
            while waiting and len(running) < self._job.workers:
                index, planted = waiting.pop()
                child, limit_s = self._start(session, planted)
                running[child] = (index, time.monotonic() + _PATIENCE * limit_s)
            for child, (index, until) in list(running.items()):
                ended, status = os.waitpid(child, os.WNOHANG)
                if not ended and time.monotonic() > until:
                    os.kill(child, signal.SIGXCPU)
                    ended, status = os.waitpid(child, 0)
                if ended:
                    fates[index] = _fate(status, self._job.planted[index])
                    del running[child]
            time.sleep(_WAIT_S)
        Path(self._job.out).write_bytes(msgspec.json.encode([fates[index] for index in range(len(self._job.planted))]))
        return True

    def _start(self, session: pytest.Session, planted: Planted) -> tuple[int, float]:
        """(process id, limit of CPU time) of a child that tries one mutant."""
        path = file_of(planted.module)
        codes = changed_functions(self._job.sound[planted.module], planted.mutant.source, path)
        swaps = None
        if codes is not None and not self._runs_at_import(planted):
            swaps = swaps_of(self._living[planted.module], codes)
        ranks = self._ranks(planted, every=swaps is None or planted.mutant.body is None)
        limit_s = 10.0 + 5.0 * sum(self._job.reach.seconds[test] for test in ranks)
        child = os.fork()
        if child:
            return child, limit_s
        _confine(limit_s)
        code = _KILLED
        with tempfile.TemporaryDirectory() as folder:
            os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
            if swaps is None:
                code = self._in_anew(session, planted, ranks, Path(folder))
            else:
                for function, changed in swaps:
                    function.__code__ = changed
                for cache in self._caches:
                    cache.cache_clear()
                items = sorted((item for item in session.items if item.nodeid in ranks), key=lambda i: ranks[i.nodeid])
                code = _first_failure(session, items)
        os._exit(code)

    def _in_anew(self, session: pytest.Session, planted: Planted, ranks: _Ranks, folder: Path) -> int:
        """Import the package with the mutant, and run the tests up to the first that fails, the module's own first."""
        path = folder / "mutant.py"
        path.write_text(planted.mutant.source, encoding="utf-8")
        sys.dont_write_bytecode = True
        begin_anew(planted.module, str(path))
        costs: dict[str, float] = {}
        for item in session.items:
            costs[str(item.path)] = costs.get(str(item.path), 0.0) + self._job.reach.seconds[item.nodeid]
        own = f"test_{planted.module.rpartition('.')[2]}.py"
        for file in sorted(costs, key=lambda file: (Path(file).name != own, costs[file])):
            # Plain assertions: the hook that rewrites them loads modules by itself, and would find the sound one.
            options = ["-x", "-n0", "-p", "no:cacheprovider", "--assert=plain", "--hypothesis-seed=0", file]
            if pytest.main(options, plugins=[_InTurn(ranks)]) != pytest.ExitCode.OK:
                return _KILLED
        return _ALIVE if planted.module in sys.modules else _KILLED

    def _runs_at_import(self, planted: Planted) -> bool:
        """Whether the function runs before the tests do, so that living functions come too late for it."""
        lines = self._job.reach.lines[planted.module]
        return any(AT_IMPORT in lines.get(line, ()) for line in _body(planted))

    def _ranks(self, planted: Planted, *, every: bool) -> _Ranks:
        """Test -> its turn, for the tests that could notice: those at the line first, then by what they cost."""
        lines, seconds = self._job.reach.lines[planted.module], self._job.reach.seconds
        near = set(lines.get(planted.mutant.line, ()))
        around = {test for line in _body(planted) or lines for test in lines.get(line, ())}
        tests = seconds.keys() if every else (near | around) & seconds.keys()
        return {test: (test not in near, test not in around, seconds[test]) for test in tests}


def _body(planted: Planted) -> range:
    first, last = planted.mutant.body or (0, -1)
    return range(first, last + 1)


def _fate(status: int, planted: Planted) -> Fate:
    if os.WIFSIGNALED(status):
        if os.WTERMSIG(status) in {signal.SIGXCPU, signal.SIGKILL}:
            return "endless"
        raise RuntimeError(f"{planted.module}: {planted.mutant.name}: the tests ended by signal {os.WTERMSIG(status)}")
    return "alive" if os.WEXITSTATUS(status) == _ALIVE else "killed"


def _confine(limit_s: float) -> None:
    """Bound what this child may take, and let it say nothing."""
    most = int(limit_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, most + 5))
    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + _ROOM_BYTES, held + _ROOM_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)


def _first_failure(session: pytest.Session, items: list[pytest.Item]) -> int:
    """Run tests up to the first that fails."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return _KILLED
    return _ALIVE


class _InTurn:
    """Puts the tests of a session that begins anew in order."""

    def __init__(self, ranks: _Ranks) -> None:
        self._ranks = ranks

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._ranks.get(item.nodeid, (True, True, 0.0)))


def pytest_configure(config: pytest.Config) -> None:
    """Take the tests over once they are collected."""
    job = msgspec.json.decode(Path(os.environ["EVENHAND_MUTANTS"]).read_bytes(), type=Job)
    config.pluginmanager.register(_Session(job))

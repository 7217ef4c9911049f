"""A pytest plug-in that runs the collected tests once for every mutant, each in a forked child.

`python -m pytest -p tests.mutants.session TESTS` with `EVENHAND_MUTANTS=JOB.json` writes what became of each mutant.
The tests are imported and collected once. For a mutant, a child runs the tests that reach its line, then those that
reach its function, the module's own and the quickest first, and stops at the first that fails, or when the tests that
it has run cost more CPU time on sound code than the mutant's patience. What a child may cost is a limit of CPU time, so
that a busy machine kills no mutant. Each fate is written when it is known, so that a session that is stopped has told
what it found.
"""

from __future__ import annotations

import gc
import os
import re
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
import pytest
from msgspec import Struct

from tests.mutants.graft import begin_anew, changed_functions, functions_of, swaps_of
from tests.mutants.mutant import Mutant
from tests.mutants.reach import AT_IMPORT, Reach, caches, file_of

__all__ = ["Fate", "Job", "Planted", "Tried"]

Fate = Literal["killed", "endless", "alive", "open"]
"""`endless`: the tests took far longer than on sound code; it counts as killed. `open`: the session was stopped while
the tests ran; it counts as alive."""

_Ranks = dict[str, tuple[bool, bool, bool, bool, float, float]]
"""Test -> its turn."""
_ALIVE, _KILLED = 0, 1
_ROOM_BYTES = 3 << 30
"""Memory that a child may take beyond what the collected session holds."""
_COMPUTES = re.compile(r"polars-\d+")
"""Name of a thread that polars starts with its first computation."""
_WAIT_S = 0.01
_SLOWNESS = 20.0
"""Seconds of clock for one second of CPU time, after which a child that only waits is stopped."""
_FILE_S = 0.3
"""What it costs to import and collect one more file of tests in a package that is imported anew."""
_LONG_S = 1.0
"""CPU time of a test, on sound code, from which it has its turn after all shorter ones."""
_GRACE_S = 8.0
"""Seconds that are left to the children that run when the time of a session is over."""


class Planted(Struct, frozen=True):
    """A mutant of one module."""

    module: str
    mutant: Mutant
    patience_s: float
    """No test is begun after tests that take this long on sound code."""


class Tried(Struct, frozen=True):
    """What became of one mutant: a line of what a session writes."""

    index: int
    """Its place among the mutants of the job."""
    module: str
    line: int
    mutant: str
    """Its name."""
    fate: Fate
    took_s: float
    """Seconds of clock."""


class Job(Struct, frozen=True):
    """What a session is to try."""

    reach: Reach
    sound: dict[str, str]
    """Module -> source, as it reads without a fault."""
    planted: tuple[Planted, ...]
    workers: int
    out: str
    """Where a line is written for each mutant when its fate is known."""
    stop_after_s: float
    """Seconds after which no other mutant is begun."""


class _Session:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._file_costs: dict[str, float] = {}
        for test, seconds in job.reach.seconds.items():
            self._file_costs[_file(test)] = self._file_costs.get(_file(test), 0.0) + seconds

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._living = {module: functions_of(file_of(module)) for module in self._job.sound}
        self._caches = caches()
        if any(_COMPUTES.fullmatch(path.read_text().strip()) for path in Path("/proc/self/task").glob("*/comm")):
            # A child has one thread only, and what waits for another waits for ever.
            raise RuntimeError("polars has computed before the first test: a test computes when it is imported")
        gc.freeze()  # what is not written to is shared with the children
        running: dict[int, tuple[int, float, float]] = {}
        waiting = list(enumerate(self._job.planted))[::-1]
        last = time.monotonic() + self._job.stop_after_s
        with Path(self._job.out).open("ab") as out:
            while (waiting and time.monotonic() < last) or running:
                while waiting and len(running) < self._job.workers and (began := time.monotonic()) < last:
                    index, planted = waiting.pop()
                    child, limit_s = self._start(session, planted)
                    running[child] = (index, began, min(began + _SLOWNESS * limit_s, last + _GRACE_S))
                for child, (index, began, until) in list(running.items()):
                    ended, status = os.waitpid(child, os.WNOHANG)
                    if not ended and time.monotonic() > until:
                        os.kill(child, signal.SIGKILL)
                        ended, status = os.waitpid(child, 0)
                    if ended:
                        stopped = until == last + _GRACE_S < time.monotonic()
                        fate: Fate = "open" if stopped else _fate(status, self._job.planted[index])
                        self._write(out, index, fate, began)
                        del running[child]
                time.sleep(_WAIT_S)
        return True

    def _write(self, out: BinaryIO, index: int, fate: Fate, began: float) -> None:
        planted = self._job.planted[index]
        took_s = round(time.monotonic() - began, 2)
        tried = Tried(index, planted.module, planted.mutant.line, planted.mutant.name, fate, took_s)
        out.write(msgspec.json.encode(tried) + b"\n")
        out.flush()

    def _start(self, session: pytest.Session, planted: Planted) -> tuple[int, float]:
        """(process id, limit of CPU time) of a child that tries one mutant."""
        path = file_of(planted.module)
        codes = changed_functions(self._job.sound[planted.module], planted.mutant.source, path)
        swaps = None
        if codes is not None and not self._runs_at_import(planted):
            swaps = swaps_of(self._living[planted.module], codes)
        every = swaps is None or planted.mutant.body is None
        ranks = self._chosen(planted, self._ranks(planted, every=every), _FILE_S if swaps is None else 0.0)
        limit_s = 10.0 + 3.0 * sum(self._job.reach.seconds[test] for test in ranks)
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
            if item.nodeid in ranks:
                costs[str(item.path)] = costs.get(str(item.path), 0.0) + self._job.reach.seconds[item.nodeid]
        for file in sorted(costs, key=lambda file: (Path(file).name != _own_tests(planted), costs[file])):
            # Plain assertions: the hook that rewrites them loads modules by itself, and would find the sound one.
            options = ["-x", "-n0", "-p", "no:cacheprovider", "--assert=plain", "--hypothesis-seed=0", file]
            ended = pytest.main(options, plugins=[_InTurn(ranks, frozenset(self._job.reach.seconds))])
            if ended not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
                return _KILLED
        return _ALIVE

    def _runs_at_import(self, planted: Planted) -> bool:
        """Whether the function runs before the tests do, so that living functions come too late for it."""
        return AT_IMPORT in self._job.reach.at(planted.module, _body(planted))

    def _ranks(self, planted: Planted, *, every: bool) -> _Ranks:
        """Test -> its turn, for the tests that could notice: at the line, short, the module's own, then by cost.

        Where `every` test could notice, they come file by file.
        """
        reach, seconds = self._job.reach, self._job.reach.seconds
        lines = reach.lines.get(planted.module, {})
        near = reach.at(planted.module, [planted.mutant.line])
        around = reach.at(planted.module, _body(planted) or lines)
        tests = seconds.keys() if every else (near | around) & seconds.keys()
        own = _own_tests(planted)
        return {
            test: (
                test not in near,
                seconds[test] > _LONG_S,
                own not in test,
                test not in around,
                self._file_costs[_file(test)] if every else 0.0,
                seconds[test],
            )
            for test in tests
        }

    def _chosen(self, planted: Planted, ranks: _Ranks, file_s: float) -> _Ranks:
        """The first tests in turn, as many as the mutant's patience allows."""
        chosen: _Ranks = {}
        files: set[str] = set()
        spent = 0.0
        for test in sorted(ranks, key=lambda test: ranks[test]):
            if spent + file_s * len(files) > planted.patience_s:
                break
            chosen[test] = ranks[test]
            files.add(_file(test))
            spent += self._job.reach.seconds[test]
        return chosen


def _file(test: str) -> str:
    return test.partition("::")[0]


def _own_tests(planted: Planted) -> str:
    """Name of the file with the tests of its module."""
    return f"test_{planted.module.rpartition('.')[2]}.py"


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
    """Puts the tests of a session that begins anew in order, without the known ones that are not to run."""

    def __init__(self, ranks: _Ranks, known: frozenset[str]) -> None:
        self._ranks, self._known = ranks, known

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self._ranks or item.nodeid not in self._known]
        items.sort(key=lambda item: self._ranks.get(item.nodeid, (True, True, True, True, 0.0, 0.0)))


def pytest_configure(config: pytest.Config) -> None:
    """Take the tests over once they are collected."""
    job = msgspec.json.decode(Path(os.environ["EVENHAND_MUTANTS"]).read_bytes(), type=Job)
    config.pluginmanager.register(_Session(job))

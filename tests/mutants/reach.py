"""A pytest plug-in that notes which tests reach which lines of some modules, and how long each test takes.

`python -m pytest -p tests.mutants.reach TESTS` with `EVENHAND_REACH=FOLDER:module:module` writes a `Reach` into the
folder, one for each process that runs tests; `merged` puts them together. A test that does not reach a line cannot
notice a fault in it, so it need not be run against that fault. Caches are emptied before every test: otherwise only the
first test would seem to reach what is computed once.
"""

from __future__ import annotations

import functools
import gc
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import coverage
import msgspec
import pytest
from msgspec import Struct

__all__ = ["AT_IMPORT", "Reach", "caches", "file_of", "merged"]

AT_IMPORT = ""
"""In the place of a test: a line that runs before any test does."""


class Reach(Struct, frozen=True):
    """What the tests of a target reach."""

    tests: tuple[str, ...]
    lines: dict[str, dict[int, tuple[int, ...]]]
    """Module -> line -> places in `tests` of those that reach it."""
    seconds: dict[str, float]
    """Test -> CPU time on sound code."""

    def at(self, module: str, lines: Iterable[int]) -> set[str]:
        """The tests that reach one of the lines."""
        reached = self.lines.get(module, {})
        return {self.tests[test] for test in {test for line in lines for test in reached.get(line, ())}}


def merged(folder: Path) -> Reach:
    """What all processes have reached that wrote into a folder."""
    parts = [msgspec.json.decode(path.read_bytes(), type=Reach) for path in sorted(folder.glob("*.json"))]
    places = {test: place for place, test in enumerate(dict.fromkeys(test for part in parts for test in part.tests))}
    lines: dict[str, dict[int, set[int]]] = {}
    for part in parts:
        own = [places[test] for test in part.tests]
        for module, reached in part.lines.items():
            for line, tests in reached.items():
                lines.setdefault(module, {}).setdefault(line, set()).update(own[test] for test in tests)
    return Reach(
        tuple(places),
        {module: {line: tuple(sorted(tests)) for line, tests in found.items()} for module, found in lines.items()},
        {test: seconds for part in parts for test, seconds in part.seconds.items()},
    )


def file_of(module: str) -> str:
    """Path of a module's source, found without importing the module."""
    path = Path(__file__).parents[2] / "src" / f"{module.replace('.', '/')}.py"
    if not path.is_file():
        raise RuntimeError(f"there is no module {module!r}")
    return str(path)


def caches() -> list[functools._lru_cache_wrapper[object]]:
    """The functions of the package that keep what they have computed once."""
    return [
        found
        for found in gc.get_objects()
        if isinstance(found, functools._lru_cache_wrapper) and found.__module__.startswith("evenhand.")
    ]


class _Recorder:
    def __init__(self, out: Path, modules: list[str]) -> None:
        self._out, self._files = out, {module: file_of(module) for module in modules}
        self._seconds: dict[str, float] = {}
        self._coverage = coverage.Coverage(data_file=None, include=list(self._files.values()), config_file=False)
        self._coverage.start()
        self._caches: list[functools._lru_cache_wrapper[object]] = []

    def pytest_collection_finish(self) -> None:
        self._caches = caches()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        for cache in self._caches:
            cache.cache_clear()
        self._coverage.switch_context(item.nodeid)
        began = time.process_time()
        try:
            return (yield)
        finally:
            self._seconds[item.nodeid] = time.process_time() - began

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        places: dict[str, int] = {}
        lines = {
            module: {
                line: tuple(places.setdefault(test, len(places)) for test in tests)
                for line, tests in data.contexts_by_lineno(path).items()
            }
            for module, path in self._files.items()
        }
        process = os.environ.get("PYTEST_XDIST_WORKER", "alone")
        Path(self._out, f"{process}.json").write_bytes(msgspec.json.encode(Reach(tuple(places), lines, self._seconds)))


def pytest_configure(config: pytest.Config) -> None:
    """Begin to note before the first test is imported, in a process that runs tests itself."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        return
    out, *modules = os.environ["EVENHAND_REACH"].split(":")
    config.pluginmanager.register(_Recorder(Path(out), modules))

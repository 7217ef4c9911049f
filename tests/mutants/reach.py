"""A pytest plug-in that notes which tests reach which lines of some modules, and how long each test takes.

`python -m pytest -p tests.mutants.reach TESTS` with `EVENHAND_REACH=OUT.json:module:module` writes a `Reach`. A test
that does not reach a line cannot notice a fault in it, so it need not be run against that fault. Caches are emptied
before every test: otherwise only the first test would seem to reach what is computed once.
"""

from __future__ import annotations

import functools
import gc
import os
import time
from collections.abc import Iterator
from pathlib import Path

import coverage
import msgspec
import pytest
from msgspec import Struct

__all__ = ["AT_IMPORT", "Reach", "caches", "file_of"]

AT_IMPORT = ""
"""In the place of a test: a line that runs before any test does."""


class Reach(Struct, frozen=True):
    """What the tests of a target reach."""

    lines: dict[str, dict[int, tuple[str, ...]]]
    """Module -> line -> ids of the tests that reach it."""
    seconds: dict[str, float]
    """Test -> CPU time on sound code."""


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
        lines = {
            module: {line: tuple(tests) for line, tests in data.contexts_by_lineno(path).items()}
            for module, path in self._files.items()
        }
        self._out.write_bytes(msgspec.json.encode(Reach(lines, self._seconds)))


def pytest_configure(config: pytest.Config) -> None:
    """Begin to note before the first test is imported."""
    out, *modules = os.environ["EVENHAND_REACH"].split(":")
    config.pluginmanager.register(_Recorder(Path(out), modules))

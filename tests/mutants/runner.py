"""Runs the fast tests of a module against its mutants and counts those that no test notices.

A target names modules and the tests that should notice a fault in them (`targets.py`). From each target's mutants an
even sample is drawn over all its modules, so that the same code gives the same mutants. A mutant is killed when a test
fails or when the tests take far longer than on sound code; it survives when they pass. Run one target by hand with
`python -m tests.mutants.runner NAME`, which prints the survivors: each is a missing test, or code that does nothing.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from msgspec import Struct

from tests.mutants.graft import NOT_IMPORTED
from tests.mutants.mutant import Mutant, mutants_of

__all__ = ["ROOT", "Result", "Target", "run"]

ROOT = Path(__file__).parents[2]
_PASSED, _FAILED = 0, 1


class Target(Struct, frozen=True, kw_only=True):
    """Modules, and the tests that should notice a fault in them."""

    name: str
    modules: tuple[str, ...]
    """Dotted names."""
    tests: tuple[str, ...]
    """Paths from the root of the repository, fast ones."""
    most: int = 120
    """Mutants that are tried at most."""
    least_killed: float = 0.9
    """Share of them that must be killed."""


class Result(Struct, frozen=True, kw_only=True):
    """What became of a target's mutants."""

    tried: int
    survivors: tuple[str, ...]
    """`module:line: fault` of each that no test noticed."""

    @property
    def killed(self) -> float:
        """Share of the mutants that a test noticed."""
        return 1.0 - len(self.survivors) / self.tried


def run(target: Target, *, workers: int = 2) -> Result:
    """Try a sample of the target's mutants.

    Raises:
        RuntimeError: The tests do not pass on sound code, or do not import a module of the target.
    """
    mutants = [(module, mutant) for module in target.modules for mutant in mutants_of(_source(module))]
    step = max(len(mutants) / target.most, 1.0)
    sample = [mutants[int(index * step)] for index in range(int(len(mutants) / step))]
    began = time.perf_counter()
    for module in target.modules:
        code = _tested(target, module, _source(module), limit_s=600.0)
        if code != _PASSED:
            raise RuntimeError(f"the tests of {target.name!r} end with {code} on sound code, seen through {module}")
    limit_s = 10.0 + 5.0 * (time.perf_counter() - began) / len(target.modules)
    with ThreadPoolExecutor(workers) as pool:
        alive = list(pool.map(partial(_survives, target, limit_s), sample))
    names = [f"{module}:{mutant.line}: {mutant.fault}" for module, mutant in sample]
    return Result(tried=len(sample), survivors=tuple(name for name, lives in zip(names, alive, strict=True) if lives))


def _survives(target: Target, limit_s: float, pair: tuple[str, Mutant]) -> bool:
    module, mutant = pair
    code = _tested(target, module, mutant.source, limit_s=limit_s)
    if code == NOT_IMPORTED:
        raise RuntimeError(f"no test of {target.name!r} imports {module}")
    return code == _PASSED


def _tested(target: Target, module: str, source: str, *, limit_s: float) -> int:
    """The exit code of pytest with `source` in the module's place; a run that is stopped counts as failed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant.py"
        path.write_text(source, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-p", "tests.mutants.graft", "-p", "no:cacheprovider", "-x", "-q"]
        try:
            ended = subprocess.run(
                [*command, "-p", "no:xdist", "--hypothesis-seed=0", *target.tests],
                cwd=ROOT,
                env=os.environ | {"EVENHAND_MUTANT": f"{module}={path}", "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _FAILED
    return ended.returncode


def _source(module: str) -> str:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"there is no module {module!r}")
    return Path(spec.origin).read_text(encoding="utf-8")


def main() -> None:
    """Try the targets named on the command line, or all, and print what survives."""
    from tests.mutants.targets import TARGETS

    for target in TARGETS:
        if sys.argv[1:] and target.name not in sys.argv[1:]:
            continue
        result = run(target)
        lines = [f"{target.name}: {result.killed:.1%} of {result.tried} killed", *result.survivors]
        sys.stdout.write("\n  ".join(lines) + "\n")


if __name__ == "__main__":
    main()

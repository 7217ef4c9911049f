"""Runs the fast tests of a module against its mutants and counts those that no test notices.

A target names modules and the tests that should notice a fault in them (`targets.py`). All mutants of a target are
tried, or a sample drawn by their names, so that the same code gives the same sample and another line changes little of
it. A mutant is killed when a test fails or when the tests take far longer than on sound code; it survives when they
pass. Run one target by hand with `python -m tests.mutants.runner NAME`, which prints the survivors: each is a missing
test, code that does nothing, or a change that nobody can see. The last are listed in `excused.yaml` with the reason.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.mutants.excused import excused, without_mutant
from tests.mutants.mutant import Mutant, mutants_of
from tests.mutants.reach import Reach, file_of
from tests.mutants.session import Fate, Job, Planted

__all__ = ["ROOT", "Result", "Target", "run", "told"]

ROOT = Path(__file__).parents[2]
_SEED = "1"
"""Another seed gives another sample."""
_SOUND = "sound code"


class Target(Struct, frozen=True, kw_only=True):
    """Modules, and the tests that should notice a fault in them."""

    name: str
    modules: tuple[str, ...]
    """Dotted names."""
    tests: tuple[str, ...]
    """Paths from the root of the repository, fast ones."""
    most: int = 120
    """Mutants that are tried at most, drawn from all."""
    least_killed: float = 0.9
    """Share that must be killed of those that are not excused."""


class Result(Struct, frozen=True, kw_only=True):
    """What became of a target's mutants."""

    planted: int
    """All mutants of the target."""
    tried: int
    killed: int
    excused: tuple[str, ...]
    """Mutants that no test can notice, with the reason."""
    survivors: tuple[str, ...]
    """`module:line: mutant` of each other that no test noticed."""

    @property
    def share(self) -> float:
        """Killed, of those that are not excused."""
        return self.killed / (self.tried - len(self.excused))


def run(target: Target, *, workers: int = 2) -> Result:
    """Try the target's mutants, or a sample of them.

    Raises:
        RuntimeError: The tests do not pass on sound code; a test does not import a module of the target; or an excused
            mutant is no more, or is noticed.
    """
    planted = [Planted(module, one) for module in target.modules for one in mutants_of(_source(module))]
    reasons = _reasons(planted)
    sample = sorted(planted, key=_turn)[: target.most]
    fates = _fates(target, sorted(sample, key=lambda one: (one.module, one.mutant.line)), workers)
    noticed = [one for one, fate in fates if fate != "alive" and (one.module, one.mutant.name) in reasons]
    if noticed:
        raise RuntimeError(f"excused, and yet noticed by a test: {[one.mutant.name for one in noticed]}")
    alive = [one for one, fate in fates if fate == "alive"]
    return Result(
        planted=len(planted),
        tried=len(fates),
        killed=len(fates) - len(alive),
        excused=tuple(
            f"{_shown(one)} ({reasons[one.module, one.mutant.name]})"
            for one in alive
            if (one.module, one.mutant.name) in reasons
        ),
        survivors=tuple(_shown(one) for one in alive if (one.module, one.mutant.name) not in reasons),
    )


def _reasons(planted: list[Planted]) -> dict[tuple[str, str], str]:
    reasons = excused()
    mutants: dict[str, set[str]] = {}
    for one in planted:
        mutants.setdefault(one.module, set()).add(one.mutant.name)
    if gone := without_mutant(reasons, mutants):
        raise RuntimeError(f"excused mutants that are no more: {gone}")
    return reasons


def _turn(planted: Planted) -> str:
    return hashlib.sha256("\n".join((_SEED, planted.module, planted.mutant.name)).encode()).hexdigest()


def _shown(planted: Planted) -> str:
    return f"{planted.module}:{planted.mutant.line}: {planted.mutant.name}"


def _fates(target: Target, sample: list[Planted], workers: int) -> list[tuple[Planted, Fate]]:
    """What becomes of each mutant of a sample, after sound code was seen to pass in the living and in a new package."""
    sound = {module: ast.unparse(ast.parse(_source(module))) for module in target.modules}
    first, untouched = target.modules[0], Mutant(0, "", None, _SOUND, "", 0, "")
    checks = [
        Planted(first, msgspec.structs.replace(untouched, source=sound[first])),
        *(
            Planted(module, msgspec.structs.replace(untouched, source=f"{source}\n_LAST = 0"))
            for module, source in sound.items()
        ),
    ]
    broken = Planted(first, msgspec.structs.replace(untouched, source=f"{sound[first]}\nraise RuntimeError"))
    with tempfile.TemporaryDirectory() as folder:
        reached, job, out = Path(folder, "reach.json"), Path(folder, "job.json"), Path(folder, "fates.json")
        _pytest(target, "reach", EVENHAND_REACH=":".join((str(reached), *target.modules)))
        reach = msgspec.json.decode(reached.read_bytes(), type=Reach)
        planted = (*checks, broken, *sample)
        job.write_bytes(msgspec.json.encode(Job(reach, sound, planted, workers, str(out))))
        _pytest(target, "session", EVENHAND_MUTANTS=str(job))
        fates = msgspec.json.decode(out.read_bytes(), type=list[Fate])
    for check, fate in zip(checks, fates, strict=False):
        if fate != "alive":
            raise RuntimeError(f"the tests of {target.name!r} do not import {check.module}, or fail on sound code")
    if fates[len(checks)] == "alive":
        raise RuntimeError(f"the tests of {target.name!r} read a sound {first} where a broken one was planted")
    return list(zip(sample, fates[len(checks) + 1 :], strict=True))


def _pytest(target: Target, plugin: str, **environment: str) -> None:
    options = ["-p", f"tests.mutants.{plugin}", "-n0", "-p", "no:cacheprovider", "-p", "no:pytest_cov"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-x", "-q", "--hypothesis-seed=0", *target.tests],
        cwd=ROOT,
        env=os.environ | environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise RuntimeError(f"the tests of {target.name!r} do not pass on sound code:\n{ended.stdout}\n{ended.stderr}")


def _source(module: str) -> str:
    return Path(file_of(module)).read_text(encoding="utf-8")


def told(target: Target, result: Result) -> str:
    """The result in words, with every mutant that was not killed."""
    head = (
        f"{target.name}: {result.killed} of {result.tried} killed, {len(result.excused)} excused: {result.share:.1%} "
        f"(of {result.planted} mutants)"
    )
    return "\n  ".join([head, *(f"excused {one}" for one in result.excused), *result.survivors])


def main() -> None:
    """Try the targets named on the command line, or all, and print what is not killed."""
    from tests.mutants.targets import TARGETS

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="targets; without a name: all")
    parser.add_argument("--most", type=int, help="mutants that are tried at most, instead of what the target says")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    for target in TARGETS:
        if not asked.names or target.name in asked.names:
            tried = msgspec.structs.replace(target, most=asked.most) if asked.most else target
            sys.stdout.write(told(tried, run(tried, workers=asked.workers)) + "\n")


if __name__ == "__main__":
    main()

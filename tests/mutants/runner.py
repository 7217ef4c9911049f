"""Runs the fast tests of a module against its mutants and counts those that no test notices.

A target names modules and the tests that should notice a fault in them (`targets.py`). All mutants of a target are
tried, or a sample drawn by their names, so that the same code gives the same sample and another line changes little of
it. A mutant is killed when a test fails or when the tests take far longer than on sound code; it survives when they
pass, or when those that had their turn within the target's patience pass. Run one target by hand with
`python -m tests.mutants.runner NAME`, which prints the survivors: each is a missing test, code that does nothing, or a
change that nobody can see. The last are listed in `excused.yaml` with the reason. With `--log FILE` each fate is also
written there as soon as it is known, as a line of JSON, in the random order of the sample: a run that is stopped has
tried a smaller sample.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import NormalDist

import msgspec
from msgspec import Struct

from tests.mutants.excused import excused, without_mutant
from tests.mutants.mutant import Mutant, mutants_of
from tests.mutants.reach import Reach, file_of, merged
from tests.mutants.session import Fate, Job, Planted, Tried

__all__ = ["ROOT", "Effort", "Result", "Target", "least_share", "modules_in", "run", "told"]

ROOT = Path(__file__).parents[2]
_CHECK_S = 1.0
"""Patience with a check of sound code in a package that was imported anew."""
_DAY_S = 86_400.0
_LEVEL = 0.95
"""Of the lower bound of the share that is killed."""
_SOUND = "sound code"
_FAST = "not slow and not extras and not r and not browser"


class Target(Struct, frozen=True, kw_only=True):
    """Modules, and the tests that should notice a fault in them."""

    name: str
    modules: tuple[str, ...]
    """Dotted names."""
    tests: tuple[str, ...]
    """Files and folders from the root of the repository; those of their tests that are not marked as long are run."""
    most: int = 120
    """Mutants that are tried at most, drawn from all."""
    least_killed: float = 0.9
    """Share that must be killed of those that are not excused."""
    patience_s: float = 10.0
    """CPU time of tests on sound code after which no other test is begun for a mutant. A mutant that only later tests
    would notice counts as alive."""


class Effort(Struct, frozen=True, kw_only=True):
    """How a target is tried."""

    workers: int = 2
    seed: str = "1"
    """Another seed gives another sample."""
    stop_after_s: float = math.inf
    """Seconds after which no other mutant is begun."""
    log: Path | None = None
    """Where each fate is written when it is known."""
    reach: Path | None = None
    """Where what the tests reach is kept; it is noted first if there is no such file."""


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


def least_share(killed: int, tried: int) -> float:
    """Lower bound of a share, one-sided at 95% (Wilson 1927)."""
    z = NormalDist().inv_cdf(_LEVEL)
    share = killed / tried
    centre = share + z**2 / (2 * tried)
    return (centre - z * math.sqrt(share * (1 - share) / tried + z**2 / (4 * tried**2))) / (1 + z**2 / tried)


def run(target: Target, effort: Effort) -> Result:
    """Try the target's mutants, or a sample of them.

    Raises:
        RuntimeError: The tests do not pass on sound code; a test does not import a module of the target; or an excused
            mutant is no more, or is noticed.
    """
    planted = [
        Planted(module, one, target.patience_s) for module in target.modules for one in mutants_of(_source(module))
    ]
    reasons = _reasons(planted)
    sample = sorted(planted, key=lambda one: _turn(one, effort.seed))[: target.most]
    fates = _fates(target, sample, effort)
    noticed = [one for one, fate in fates if fate != "alive" and (one.module, one.mutant.name) in reasons]
    if noticed:
        raise RuntimeError(f"excused, and yet noticed by a test: {[one.mutant.name for one in noticed]}")
    alive = sorted(
        (one for one, fate in fates if fate in {"alive", "open"}), key=lambda one: (one.module, one.mutant.line)
    )
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


def _turn(planted: Planted, seed: str) -> str:
    return hashlib.sha256("\n".join((seed, planted.module, planted.mutant.name)).encode()).hexdigest()


def _shown(planted: Planted) -> str:
    return f"{planted.module}:{planted.mutant.line}: {planted.mutant.name}"


def _fates(target: Target, sample: list[Planted], effort: Effort) -> list[tuple[Planted, Fate]]:
    """What becomes of each mutant of a sample that is begun in time.

    Before, sound code was seen to pass, in the living package and in one that was imported anew for each module.
    """
    sound = {module: ast.unparse(ast.parse(_source(module))) for module in target.modules}
    first, untouched = target.modules[0], Mutant(0, "", None, _SOUND, "", 0, "")
    checks = [
        Planted(first, msgspec.structs.replace(untouched, source=sound[first]), _CHECK_S),
        *(
            Planted(module, msgspec.structs.replace(untouched, source=f"{source}\n_LAST = 0"), _CHECK_S)
            for module, source in sound.items()
        ),
    ]
    broken = Planted(first, msgspec.structs.replace(untouched, source=f"{sound[first]}\nraise RuntimeError"), _CHECK_S)
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder, "job.json")
        out = (effort.log or Path(folder, "fates.jsonl")).resolve()
        out.write_bytes(b"")
        reach = _reach(target, effort, Path(folder))
        if strangers := [module for module in target.modules if not reach.lines.get(module)]:
            raise RuntimeError(f"the tests of {target.name!r} do not import {strangers}")
        planted = (*checks, broken, *sample)
        job.write_bytes(
            msgspec.json.encode(Job(reach, sound, planted, effort.workers, str(out), min(effort.stop_after_s, _DAY_S)))
        )
        _pytest(target, "session", EVENHAND_MUTANTS=str(job))
        fates = {one.index: one.fate for one in msgspec.json.Decoder(Tried).decode_lines(out.read_bytes())}
    for index, check in enumerate(checks):
        if fates[index] != "alive":
            raise RuntimeError(f"the tests of {target.name!r} fail on a sound {check.module} that is imported anew")
    if fates[len(checks)] == "alive":
        raise RuntimeError(f"the tests of {target.name!r} read a sound {first} where a broken one was planted")
    return [(planted[index], fate) for index, fate in sorted(fates.items()) if index > len(checks)]


def _reach(target: Target, effort: Effort, folder: Path) -> Reach:
    kept = effort.reach or Path(folder, "reach.json")
    if not kept.exists():
        parts = Path(folder, "parts")
        parts.mkdir()
        _pytest(target, "reach", effort.workers, EVENHAND_REACH=":".join((str(parts), *target.modules)))
        kept.write_bytes(msgspec.json.encode(merged(parts)))
    return msgspec.json.decode(kept.read_bytes(), type=Reach)


def _pytest(target: Target, plugin: str, processes: int = 0, **environment: str) -> None:
    options = ["-p", f"tests.mutants.{plugin}", f"-n{processes}", "-p", "no:cacheprovider", "-p", "no:pytest_cov"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-x", "-q", "-m", _FAST, "--hypothesis-seed=0", *target.tests],
        cwd=ROOT,
        env=os.environ | environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise RuntimeError(f"the tests of {target.name!r} do not pass on sound code:\n{ended.stdout}\n{ended.stderr}")


def modules_in(package: str) -> tuple[str, ...]:
    """Dotted names of every module of a package of evenhand, in alphabetical order."""
    paths = sorted((ROOT / "src" / package.replace(".", "/")).rglob("[!_]*.py"))
    return tuple(".".join(path.relative_to(ROOT / "src").with_suffix("").parts) for path in paths)


def _source(module: str) -> str:
    return Path(file_of(module)).read_text(encoding="utf-8")


def told(target: Target, result: Result) -> str:
    """The result in words, with every mutant that was not killed."""
    bound = least_share(result.killed, result.tried - len(result.excused))
    head = (
        f"{target.name}: {result.killed} of {result.tried} killed, {len(result.excused)} excused: {result.share:.1%}, "
        f"at least {bound:.1%} (of {result.planted} mutants)"
    )
    return "\n  ".join([head, *(f"excused {one}" for one in result.excused), *result.survivors])


def main() -> None:
    """Try the targets named on the command line, or all, and print what is not killed."""
    from tests.mutants.targets import TARGETS

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="targets; without a name: all")
    parser.add_argument("--most", type=int, help="mutants that are tried at most, instead of what the target says")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", default="1", help="another seed gives another sample")
    parser.add_argument("--stop-after", type=float, default=math.inf, metavar="SECONDS", help="begin no mutant later")
    parser.add_argument("--log", type=Path, metavar="FILE", help="write each fate there when it is known (one target)")
    parser.add_argument("--reach", type=Path, metavar="FILE", help="keep there what the tests reach (one target)")
    parser.add_argument("--tests", action="append", metavar="PATH", help="only these tests (may be given again)")
    parser.add_argument("--module", action="append", help="only mutants of this module (may be given again)")
    parser.add_argument("--package", help="instead of targets: every module of this package, tried by --tests")
    asked = parser.parse_args()
    effort = Effort(
        workers=asked.workers, seed=asked.seed, stop_after_s=asked.stop_after, log=asked.log, reach=asked.reach
    )
    chosen = [target for target in TARGETS if not asked.names or target.name in asked.names]
    if asked.package:
        chosen = [Target(name=asked.package, modules=modules_in(asked.package), tests=(), most=sys.maxsize)]
        if not asked.tests:
            parser.error("--package needs the tests that should notice its faults; name them with --tests")
    for target in chosen:
        modules = tuple(one for one in target.modules if not asked.module or one.rpartition(".")[2] in asked.module)
        tests = tuple(asked.tests or target.tests)
        tried = msgspec.structs.replace(target, most=asked.most or target.most, modules=modules, tests=tests)
        sys.stdout.write(told(tried, run(tried, effort)) + "\n")


if __name__ == "__main__":
    main()

"""Rows of the calibration page that are finished: each with its tables, its seed and the rule that it was made by.

A row takes seconds to minutes, so every one is written down as soon as it is there, and a run that was stopped goes on
where it was. The rule of a row is the code that it ran through: a row whose code has changed since is made again. Text
about the code (docstrings, comments, line breaks) is no part of the rule.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from types import CodeType, FrameType

import msgspec
from msgspec import Struct
from msgspec.structs import replace

__all__ = ["Finished", "Job", "Row", "agreeing", "current", "finished", "kept_with", "made", "rule_of"]

_ROOT = Path(__file__).parent.parent
_OURS = ("src/evenhand/", "bench/")
_WHOLE = "src/evenhand/analysis/"
"""Where modules count as a whole; of others only the functions that were called do."""

Lines = tuple[tuple[str, ...], ...]


class Job(Struct, frozen=True, kw_only=True):
    """A row that can be made."""

    section: str
    name: str
    tables: int
    """Simulated tables behind its numbers."""
    make: Callable[[], Lines]
    """Lines of the section's table; most rows have one."""


class Row(Struct, frozen=True, kw_only=True):
    """A finished row."""

    section: str
    name: str
    lines: Lines
    tables: int
    seed: int
    rule: str
    """Name of its rule in the file."""
    cpu: float
    """Seconds that it took."""
    agreed: int = 0
    """Where the row was made by older code: the first tables on which the code of its rule was seen to give the same
    results. 0: made by that code."""


class Finished(Struct, frozen=True, kw_only=True):
    """The file of finished rows."""

    rules: dict[str, dict[str, str]] = {}
    """Name -> module, or module and function -> fingerprint of its code."""
    rows: tuple[Row, ...] = ()


def finished(path: Path) -> Finished:
    """The rows of a file; none where there is no file."""
    return msgspec.json.decode(path.read_bytes(), type=Finished) if path.is_file() else Finished()


def current(kept: Finished, job: Job, *, seed: int, fewer: bool = False) -> Row | None:
    """The finished row of a job, if it has as many tables, the same seed, and its code is as it was.

    Args:
        kept: Finished rows.
        job: Which.
        seed: Root seed.
        fewer: Whether a row of fewer tables will do, as on a page that says how many each has.
    """
    for row in kept.rows:
        if (row.section, row.name, row.seed) != (job.section, job.name, seed):
            continue
        if row.tables == job.tables or (fewer and row.tables < job.tables):
            rule = kept.rules[row.rule]
            return row if all(_fingerprint(place) == print_ for place, print_ in rule.items()) else None
    return None


def made(job: Job, *, seed: int) -> tuple[Row, dict[str, str]]:
    """Make a row, and say which code it ran through."""
    seen: set[CodeType] = set()

    def noticed(frame: FrameType, _event: str, _given: object) -> None:
        seen.add(frame.f_code)

    started = time.process_time()
    sys.settrace(noticed)  # is told of calls only, as it answers None
    try:
        lines = job.make()
    finally:
        sys.settrace(None)
    rule = rule_of(seen)
    row = Row(
        section=job.section,
        name=job.name,
        lines=lines,
        tables=job.tables,
        seed=seed,
        rule=_name(rule),
        cpu=round(time.process_time() - started, 1),
    )
    return row, rule


def kept_with(path: Path, row: Row, rule: dict[str, str]) -> None:
    """Write a row down beside those that are there, in place of an older one of its name."""
    kept = finished(path)
    others = [one for one in kept.rows if (one.section, one.name, one.seed) != (row.section, row.name, row.seed)]
    rows = tuple(sorted([*others, row], key=lambda one: (one.section, one.name, one.seed)))
    rules = {name: places for name, places in {**kept.rules, row.rule: rule}.items() if name in {r.rule for r in rows}}
    text = msgspec.json.format(msgspec.json.encode(Finished(rules=rules, rows=rows), order="sorted"), indent=1)
    beside = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside.write_bytes(text + b"\n")
    beside.replace(path)


def agreeing(kept: Finished, job: Job, *, seed: int, rule: dict[str, str], tables: int) -> tuple[Row, dict[str, str]]:
    """A row that older code made, taken for one of today's, and the code of today that it rests on.

    A few tables need not run through all that the whole row did, so that what it ran through stays in its rule.

    Args:
        kept: Finished rows, this one among them.
        job: Which.
        seed: Root seed.
        rule: Code of today that its first tables ran through.
        tables: On how many of them both codes agree.
    """
    (row,) = (one for one in kept.rows if (one.section, one.name, one.seed) == (job.section, job.name, seed))
    places = {*rule, *kept.rules[row.rule]}
    whole = {place: print_ for place in sorted(places) if (print_ := _fingerprint(place)) is not None}
    return replace(row, rule=_name(whole), agreed=min(row.agreed or tables, tables, row.tables)), whole


def rule_of(seen: Iterable[CodeType]) -> dict[str, str]:
    """Fingerprints of the code of ours that ran, by module or by module and function."""
    places = set()
    for code in seen:
        path = Path(code.co_filename)
        within = path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else ""
        name = code.co_qualname.split(".")[0]
        if within.startswith(_WHOLE):
            places.add(within)
        elif within.startswith(_OURS) and not name.startswith("<"):
            places.add(f"{within}:{name}")
    return {place: print_ for place in sorted(places) if (print_ := _fingerprint(place)) is not None}


@cache
def _fingerprint(place: str) -> str | None:
    """Of a module's code, or of one function or class of it; None where that is no more."""
    module, _, name = place.partition(":")
    path = _ROOT / module
    if not path.is_file():
        return None
    tree: ast.AST = ast.parse(path.read_text(encoding="utf-8"))
    if name:
        found = [node for node in ast.iter_child_nodes(tree) if getattr(node, "name", None) == name]
        if not found:
            return None
        tree = found[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [one for one in node.body if not _is_text(one)] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:12]


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _name(rule: dict[str, str]) -> str:
    return hashlib.sha256(repr(sorted(rule.items())).encode()).hexdigest()[:8]

"""Write, read, stamp and compare plans."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from evenhand.errors import PlanError, UsageError
from evenhand.records.plan import Plan, refuse_unknown
from evenhand.store.json_file import write_json

__all__ = [
    "PLAN_FILE",
    "parse_plan",
    "plan_changes",
    "plan_sha256",
    "question_changes",
    "questions_sha256",
    "read_plan",
    "stamp_plan",
    "write_plan",
]

PLAN_FILE = "plan.json"
_FREE = ("models:", "analysis.", "preset:", "evenhand:")
"""Parts of a plan that may differ between runs that are compared: the model asked, and what decides no question."""


def plan_sha256(plan: Plan) -> str:
    """SHA-256 over the canonical JSON of the plan without `created`, `command`, `batch` and the hash itself."""
    bare = msgspec.structs.replace(plan, created="", command="", batch=False, sha256="")
    return hashlib.sha256(msgspec.json.encode(bare, order="deterministic")).hexdigest()


def stamp_plan(plan: Plan) -> Plan:
    """The plan as it reads back from its file (2 becomes 2.0 where a float is meant), with its hash filled in.

    A value that equals its default is left out of the file and of the hash whether it was given or not, so that equal
    plans have the same bytes wherever they were made.
    """
    read_back = msgspec.json.decode(msgspec.json.encode(plan), type=Plan)
    plain: Plan = _with_defaults(read_back)
    return msgspec.structs.replace(plain, sha256=plan_sha256(plain))


def _with_defaults(value: Any) -> Any:
    """The same value; what equals a default is the default itself, for msgspec leaves out nothing else."""
    if isinstance(value, tuple):
        return tuple(_with_defaults(part) for part in value)
    if isinstance(value, dict):
        return {name: _with_defaults(part) for name, part in value.items()}
    if not isinstance(value, msgspec.Struct):
        return value
    given = {}
    for name, default in _defaults(type(value)):
        own = getattr(value, name)
        if default is msgspec.NODEFAULT or own != default:
            given[name] = _with_defaults(own)
    return type(value)(**given)


@cache
def _defaults(record: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    """Name and default of every field; a plan holds thousands of records of a dozen types."""
    return tuple((field.name, field.default) for field in msgspec.structs.fields(record))


def write_plan(plan: Plan, directory: Path) -> Path:
    """Write `plan.json` into the run directory (made if missing).

    Raises:
        StoreError: The directory cannot be written.
    """
    return write_json(plan, directory / PLAN_FILE)


def read_plan(directory: Path) -> Plan:
    """Read and verify `plan.json` of a run directory.

    Raises:
        PlanError: There is no plan, it cannot be read, or it was edited since it was made.
    """
    path = directory / PLAN_FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PlanError(
            f"no plan at {str(path)!r} ({error.strerror}); make one with `evenhand plan MODEL --out {directory}`"
        ) from error
    return parse_plan(data, source=str(path))


def parse_plan(data: bytes, *, source: str) -> Plan:
    """Read and verify a plan.

    Args:
        data: Its JSON.
        source: Names it in messages.

    Raises:
        PlanError: It cannot be read, or it was edited since it was made.
    """
    try:
        plan = msgspec.json.decode(data, type=Plan)
    except UsageError as error:
        raise PlanError(f"{source!r} asks for what this version does not run: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _refuse_unknown(data, source)
        raise PlanError(
            f"{source!r} is not a plan this version can read ({error}); make it anew with `evenhand plan`"
        ) from error
    found = plan_sha256(plan)
    if found != plan.sha256:
        raise PlanError(
            f"{source!r} was edited by hand, or made by a version whose plans this one cannot read "
            f"(it says evenhand {plan.evenhand}): its hash is {found[:12]}, it says {plan.sha256[:12]}; "
            "restore the file, or make a new plan with `evenhand plan` in another directory"
        )
    return plan


class _Design(msgspec.Struct):
    """As much of a file as tells what its design asks for."""

    design: dict[str, object] = {}


def _refuse_unknown(data: bytes, source: str) -> None:
    """Name the word of a design that this version does not run, where that is what is wrong with a plan.

    Raises:
        PlanError: It is.
    """
    try:
        refuse_unknown(msgspec.json.decode(data, type=_Design).design)
    except UsageError as error:
        raise PlanError(f"{source!r} asks for what this version does not run: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # told by the caller, with the reason
        return


def plan_changes(old: Plan, new: Plan) -> tuple[str, ...]:
    """What differs between two plans, one line a field, short values shown; `created` and the hash are left out."""
    changes: list[str] = []
    for field in msgspec.structs.fields(Plan):
        name = field.name
        before, after = getattr(old, name), getattr(new, name)
        if name in ("created", "command", "sha256", "banks", "cohorts") or before == after:
            continue
        if isinstance(before, msgspec.Struct) and isinstance(after, msgspec.Struct):
            changes += [
                f"{name}.{part.name}: {_short(getattr(before, part.name))} -> {_short(getattr(after, part.name))}"
                for part in msgspec.structs.fields(type(before))
                if getattr(before, part.name) != getattr(after, part.name)
            ]
        else:
            changes.append(f"{name}: {_short(before)} -> {_short(after)}")
    return tuple(changes)


def question_changes(old: Plan, new: Plan) -> tuple[str, ...]:
    """What differs between the questions of two plans; none: their runs can be compared cell by cell."""
    return tuple(change for change in plan_changes(old, new) if not change.startswith(_FREE))


def questions_sha256(plan: Plan) -> str:
    """Hash of what is asked, whoever is asked and however it is analysed: equal where runs can be compared."""
    kept = {
        field.name: getattr(plan, field.name)
        for field in msgspec.structs.fields(Plan)
        if field.name
        not in ("created", "command", "sha256", "banks", "cohorts", "models", "analysis", "preset", "evenhand")
    }
    return hashlib.sha256(msgspec.json.encode(kept, order="deterministic")).hexdigest()


def _short(value: object) -> str:
    if isinstance(value, tuple):
        names = [getattr(part, "name", part) for part in value]
        stamps = [
            f"{name}@{part.sha256[:8]}" if hasattr(part, "sha256") else str(name)
            for name, part in zip(names, value, strict=True)
        ]
        text = "[" + ", ".join(stamps) + "]"
    else:
        text = repr(value)
    return text if len(text) <= 160 else text[:157] + "..."

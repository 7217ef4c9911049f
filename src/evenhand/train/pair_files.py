"""Files of preference data: JSON lines, each a record; what is unreadable is named by file, line and field."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from evenhand.errors import InputError, StoreError, near_miss
from evenhand.records.preference import LabelledAnswer, PreferencePair

__all__ = ["PAIRS", "UNMOVED", "VALIDATION", "labelled", "read_lines", "write_lines"]

PAIRS = "pairs.jsonl"
VALIDATION = "validation.jsonl"
UNMOVED = "unmoved.jsonl"
_Record = TypeVar("_Record", bound=Struct)


def write_lines(records: Iterable[Struct], path: Path) -> str:
    """Write a file of JSON lines whole or not at all, and give its SHA-256.

    Raises:
        StoreError: It cannot be written.
    """
    data = b"".join(msgspec.json.encode(record) + b"\n" for record in records)
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {str(path)!r} ({error.strerror}); choose another --out") from error
    return hashlib.sha256(data).hexdigest()


def read_lines(path: Path, type_: type[_Record]) -> tuple[_Record, ...]:
    """The records of a file of JSON lines.

    Raises:
        InputError: Naming file, line and field: unreadable, another shape, an unknown field; or no line at all.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InputError(
            f"{str(path)!r} cannot be read ({reason}); make it with `evenhand preferences build`"
        ) from error
    found = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            found.append(_record(line, type_, where=f"{str(path)!r}, line {number}"))
    if not found:
        raise InputError(f"{str(path)!r} holds no line; make it with `evenhand preferences build`")
    return tuple(found)


def _record(line: bytes, type_: type[_Record], *, where: str) -> _Record:
    try:
        return msgspec.json.decode(line, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        said = str(error)
        name = said.partition("unknown field `")[2].partition("`")[0]
        hint = near_miss(name, type_.__struct_fields__) if name else ""
        raise InputError(f"{where}: {said}{hint}; correct the line or remove it") from error


def labelled(pairs: Iterable[PreferencePair]) -> Iterable[LabelledAnswer]:
    """Both answers of every pair, labelled: the form that KTO reads."""
    for pair in pairs:
        for completion, label in ((pair.chosen, True), (pair.rejected, False)):
            yield LabelledAnswer(
                prompt=pair.prompt, completion=completion, label=label, question=pair.question, arm=pair.arm
            )

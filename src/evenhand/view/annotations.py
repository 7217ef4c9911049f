"""What people note of the items of a run: `annotations.jsonl` in the run directory, one note per line.

Lines are added and never changed; the latest of an item counts. Nothing else reads or writes the file, so it outlives
every new analysis of the run.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from evenhand.errors import StoreError, UsageError, near_miss

__all__ = [
    "ANNOTATIONS_FILE",
    "FLAGS",
    "LONGEST_NOTE",
    "Annotation",
    "Annotations",
    "Flag",
    "add_annotation",
    "read_annotations",
]

ANNOTATIONS_FILE = "annotations.jsonl"
LONGEST_NOTE = 4_000
"""Characters of a note at most."""
_LARGEST = 20_000_000
"""Bytes of the file that are read at most."""

Flag = Literal["unclear", "wrong key", "depends on the user", "unnatural", "good example"]
"""What may be said of an item without writing."""
FLAGS: tuple[Flag, ...] = get_args(Flag)


class Annotation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A note of one item."""

    item: str
    """Item id."""
    flags: tuple[Flag, ...] = ()
    """What applies, in the order of `FLAGS`."""
    note: str = ""
    """In the writer's words."""
    when: str
    """ISO time in UTC."""


class Annotations(Struct, frozen=True, kw_only=True):
    """The notes of a run."""

    notes: tuple[Annotation, ...]
    """All that were written, oldest first."""
    unreadable: int = 0
    """Lines that hold no note."""

    @property
    def latest(self) -> dict[str, Annotation]:
        """Item -> its last note; an item whose last note is empty has none."""
        last = {note.item: note for note in self.notes}
        return {item: note for item, note in last.items() if note.flags or note.note}

    def of(self, item: str) -> tuple[Annotation, ...]:
        """Everything that was noted of an item, oldest first."""
        return tuple(note for note in self.notes if note.item == item)


def read_annotations(directory: Path) -> Annotations:
    """The notes of a run; none where there is no file. A line that holds no note is counted and left where it is.

    Raises:
        StoreError: The file cannot be read, or is larger than any file of notes.
    """
    path = _own_file(directory)
    try:
        if not path.is_file():
            return Annotations(notes=())
        if path.stat().st_size > _LARGEST:
            raise StoreError(f"{str(path)!r} is larger than {_LARGEST:,} bytes and is no file of notes; move it away.")
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise StoreError(f"{str(path)!r} cannot be read ({error.strerror}); check who may read it.") from error
    notes, unreadable = [], 0
    for line in filter(bytes.strip, lines):
        try:
            notes.append(msgspec.json.decode(line, type=Annotation))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            unreadable += 1
    return Annotations(notes=tuple(notes), unreadable=unreadable)


def add_annotation(
    directory: Path, *, item: str, flags: tuple[str, ...], note: str, now: datetime | None = None
) -> Annotation:
    """Add a note; when this returns it is on disk.

    Args:
        directory: The run directory.
        item: Item id.
        flags: Members of `FLAGS`, in any order.
        note: The note; empty together with no flags: what was noted before does not count any more.
        now: The time; None: the clock's.

    Raises:
        UsageError: A flag is unknown, or the note is too long.
        StoreError: The file cannot be written.
    """
    for flag in flags:
        if flag not in FLAGS:
            raise UsageError(
                f"there is no flag {flag[:80]!r}{near_miss(flag[:80], FLAGS)}; allowed: {', '.join(FLAGS)}"
            )
    text = note.replace("\r\n", "\n").strip()
    if len(text) > LONGEST_NOTE:
        raise UsageError(f"a note has {LONGEST_NOTE:,} characters at most; this one has {len(text):,}")
    when = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    made = Annotation(item=item, flags=tuple(flag for flag in FLAGS if flag in flags), note=text, when=when)
    path = _own_file(directory)
    try:
        # A line that a crash cut short must not swallow this one.
        whole = not path.exists() or path.stat().st_size == 0 or _ends_in_newline(path)
        with path.open("ab") as file:
            file.write((b"" if whole else b"\n") + msgspec.json.encode(made) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(
            f"{str(path)!r} cannot be written ({error.strerror}); the note was not kept. Check who may write there."
        ) from error
    return made


def _own_file(directory: Path) -> Path:
    """The file of notes.

    Raises:
        StoreError: It is a link: what it points at is no part of the run.
    """
    path = directory / ANNOTATIONS_FILE
    if path.is_symlink():
        raise StoreError(f"{str(path)!r} is a link, which is not followed; put a file in its place, or remove it.")
    return path


def _ends_in_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"

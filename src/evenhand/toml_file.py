"""TOML files that people write: every refusal names the file and the line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from evenhand.errors import InputError, near_miss

__all__ = ["TomlFile", "TomlPath", "TomlPlace", "key_lines", "parse_toml", "read_toml"]

_LARGEST = 1_000_000
"""Bytes; the largest file that is read."""
_PART = re.compile(r"""[ \t]*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([A-Za-z0-9_-]+))[ \t]*""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' + r"|'''.*?'{3,5}" + r'|"(?:[^"\\\n]|\\.)*"' + r"|'[^'\n]*'",
    re.DOTALL,
)
_PLACE = re.compile(r" - at `\$([^`]*)`$")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[([0-9]+)\]")

TomlPath = tuple[str | int, ...]
"""Keys and positions from the top of a file to a value: `("rule", 0, "margin")`."""
_Record = TypeVar("_Record")


class TomlFile(Struct, frozen=True, kw_only=True):
    """A file that was read: what it says, and where."""

    source: str
    """The file as the user named it."""
    table: dict[str, Any]
    """What it says."""
    lines: Mapping[TomlPath, int]
    """Path of a key or a table -> its line, from 1."""
    error: type[InputError]
    """What a refusal is raised as."""
    next_step: str
    """What to do about a refusal, as the end of a sentence."""

    def where(self, *path: str | int) -> str:
        """The file and the line of a key; the line of what holds it where it has none of its own."""
        for size in range(len(path), 0, -1):
            line = self.lines.get(path[:size])
            if line is not None:
                return f"{self.source!r}, line {line}"
        return repr(self.source)

    def top(self) -> TomlPlace:
        """The file as a whole."""
        return TomlPlace(file=self)

    def converted(self, record: type[_Record]) -> _Record:
        """The file as a record.

        Raises:
            InputError: A key is missing, or a value is of another type; as the error of this file.
        """
        try:
            return msgspec.convert(self.table, record, strict=True)
        except msgspec.ValidationError as error:
            text = str(error)
            found = _PLACE.search(text)
            path = tuple(name or int(index) for name, index in _STEP.findall(found[1])) if found else ()
            raise self.error(f"{self.where(*path)}: {text}; {self.next_step}") from error


class TomlPlace(Struct, frozen=True, kw_only=True):
    """A table of a file, for messages about what is in it."""

    file: TomlFile
    path: TomlPath = ()
    label: str = ""
    """What the table is, for a person: `rule 'no gap'`."""

    def at(self, *keys: str | int) -> str:
        """Where a key of the table is, or the table itself."""
        where = self.file.where(*self.path, *keys)
        return f"{where}, {self.label}" if self.label else where

    def inner(self, *keys: str | int, label: str) -> TomlPlace:
        """A table within this one."""
        return TomlPlace(file=self.file, path=(*self.path, *keys), label=label)

    def check_keys(self, table: Iterable[str], known: Iterable[str]) -> None:
        """Refuse a key that is not known.

        Raises:
            InputError: There is one; the message names the closest and all that are known.
        """
        known = tuple(known)
        for key in table:
            if key not in known:
                raise self.file.error(
                    f"{self.at(key)}: unknown key {key!r}{near_miss(key, known)}; known are {', '.join(known)}"
                )


def read_toml(path: Path, *, what: str, error: type[InputError], next_step: str) -> TomlFile:
    """A file that a person has written.

    Args:
        path: The file.
        what: What it is, for messages: `the policy`.
        error: What a refusal is raised as.
        next_step: What to do about it, as the end of a sentence.

    Raises:
        InputError: It cannot be read, is too large, or is no TOML; as the class given.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as failure:
        raise error(f"cannot read {what} {str(path)!r} ({failure.strerror}); {next_step}") from failure
    if len(data) > _LARGEST:
        raise error(f"{str(path)!r} is larger than {_LARGEST:,} bytes and was not written by hand; {next_step}")
    return parse_toml(data, source=str(path), error=error, next_step=next_step)


def parse_toml(data: bytes, *, source: str, error: type[InputError], next_step: str) -> TomlFile:
    """What the bytes of a file say.

    Raises:
        InputError: They are no TOML; as the class given.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        table = msgspec.toml.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as failure:
        reason = "nested too deeply" if isinstance(failure, RecursionError) else str(failure)
        raise error(f"{source!r} is no TOML file ({reason}); {next_step}") from failure
    lines = key_lines(data.decode("utf-8"))
    return TomlFile(source=source, table=table, lines=lines, error=error, next_step=next_step)


def key_lines(text: str) -> dict[TomlPath, int]:
    """Path of every key and table of a TOML text -> its line, from 1. Keys of inline tables are left out.

    Args:
        text: A text that was decoded without an error.
    """
    lines: dict[TomlPath, int] = {}
    counts: dict[TomlPath, int] = {}
    table: TomlPath = ()
    position = 0
    while position < len(text):
        if text[position] in " \t\r\n":
            position += 1
            continue
        if text[position] == "#":
            position = _line_end(text, position)
            continue
        line = text.count("\n", 0, position) + 1
        brackets = 2 if text.startswith("[[", position) else 1 if text[position] == "[" else 0
        keys, position = _keys(text, position + brackets)
        if brackets == 2:
            above = (*_resolved(keys[:-1], counts), keys[-1])
            counts[above] = counts.get(above, 0) + 1
            table = (*above, counts[above] - 1)
            lines.setdefault(above, line)
        elif brackets:
            table = _resolved(keys, counts)
        path = table if brackets else (*table, *keys)
        lines[path] = line
        position = _line_end(text, position) if brackets else _value_end(text, position)
    return lines


def _keys(text: str, position: int) -> tuple[list[str], int]:
    """The parts of a dotted key, and the position after them."""
    keys: list[str] = []
    while found := _PART.match(text, position):
        keys.append(next(part for part in found.groups() if part is not None))
        position = found.end()
        if text[position : position + 1] != ".":
            break
        position += 1
    return keys, max(position, 1)


def _resolved(keys: list[str], counts: Mapping[TomlPath, int]) -> TomlPath:
    """The path of a table, through the latest of every list of tables on the way."""
    path: TomlPath = ()
    for key in keys:
        path = (*path, key)
        if path in counts:
            path = (*path, counts[path] - 1)
    return path


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _value_end(text: str, position: int) -> int:
    """Where the value after a key ends: at the first line end that is in no string, list or inline table."""
    depth = 0
    while position < len(text):
        found = _STRING.match(text, position)
        if found is not None:
            position = found.end()
            continue
        letter = text[position]
        if letter == "#":
            position = _line_end(text, position)
            continue
        if letter == "\n" and depth == 0:
            return position
        depth += (letter in "[{") - (letter in "]}")
        position += 1
    return position

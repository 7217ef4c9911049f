"""JSON of strangers: read whole and within bounds, or line by line; nothing in it is run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evenhand.errors import TableError
from evenhand.interop.log import Turn
from evenhand.tabular.compression import compression_of, expanded
from evenhand.tabular.text_table import opened_text

__all__ = ["MOST_BYTES", "json_document", "json_lines", "objects", "text_of", "turns_of"]

MOST_BYTES = 1 << 30
"""Bytes of a JSON document; it takes about ten times as many in memory. Longer logs can be written as JSON lines."""


def json_document(path: Path) -> Any:
    """The value of a JSON file, packed or not.

    Raises:
        TableError: The file is too large, damaged or no JSON.
    """
    _refuse_large(path)
    data = expanded(path, compression_of(path, error=TableError), error=TableError)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:  # ValueError: also bytes that are no text, and endless numbers
        raise TableError(f"{str(path)!r} cannot be read as JSON ({_short(error)}); write it again.") from error


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines.

    Raises:
        TableError: A line is no JSON object.
    """
    _refuse_large(path)
    with opened_text(path, error=TableError) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise TableError(
                    f"{str(path)!r} cannot be read as JSON lines (line {number}: {_short(error)}); write it again."
                ) from error
            if not isinstance(row, dict):
                raise TableError(f"{str(path)!r} holds no JSON object in line {number}; each line needs one.")
            yield row


def objects(value: object, name: str, *, path: Path) -> list[dict[str, Any]]:
    """A list of objects, as it must be.

    Raises:
        TableError: It is something else.
    """
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        kind = type(value).__name__ if not isinstance(value, list) else "list with other things in it"
        raise TableError(f"{name!r} of {str(path)!r} must be a list of objects, not a {kind}; write the log again.")
    return value


def text_of(value: object) -> str | None:
    """An answer as text: a text as it is, anything else as JSON; None stays None."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def turns_of(raw: str) -> tuple[Turn, ...] | None:
    """Turns of a chat that is written as JSON; None where the text is something else."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not all(isinstance(turn, dict) for turn in found):
        return None
    return tuple((str(turn.get("role")), text_of(turn.get("content")) or "") for turn in found)


def _refuse_large(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise TableError(f"{str(path)!r} cannot be read ({error.strerror}); check the path.") from error
    if size > MOST_BYTES:
        raise TableError(
            f"{str(path)!r} has {size:,} bytes, and a log may have {MOST_BYTES:,}; split it, or write it as a table."
        )


def _short(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:196]} ..."

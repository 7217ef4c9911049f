"""A record as an indented JSON file, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import msgspec

from evenhand.errors import StoreError

__all__ = ["write_json"]


def write_json(record: object, path: Path) -> Path:
    """Write a record or plain values, by a temporary file and a rename; the directory is made if missing.

    Raises:
        StoreError: The directory cannot be written.
    """
    text = msgspec.json.format(msgspec.json.encode(record, order="sorted"), indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(text + b"\n")
        part.replace(path)
    except OSError as error:
        raise StoreError(
            f"cannot write {str(path)!r} ({error.strerror}); choose a writable directory with --out"
        ) from error
    return path

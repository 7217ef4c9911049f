"""Records that are costly to make from a file, kept as JSON in the user's cache folder.

An entry carries the hash of its own bytes, so a damaged one is made again. A cache that cannot be written
(read-only home, full disk) costs time only.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from evenhand.bank.load import cache_folder

__all__ = ["cached"]

T = TypeVar("T")


def cached(make: Callable[[], T], type_: type[T], *, folder: str, key: bytes) -> T:
    """What `make` returns, from the cache where it was made before.

    Args:
        make: Makes the record from its sources.
        type_: The record's type.
        folder: Subfolder of the cache.
        key: Everything the record depends on.
    """
    try:
        entry = cache_folder() / folder / f"{hashlib.sha256(key).hexdigest()}.json"
    except RuntimeError:  # no home folder
        return make()
    found = _read(entry, type_)
    if found is not None:
        return found
    made = make()
    _write(entry, msgspec.json.encode(made))
    return made


def _read(entry: Path, type_: type[T]) -> T | None:
    try:
        seal, _, body = entry.read_bytes().partition(b"\n")
    except OSError:
        return None
    if hashlib.sha256(body).hexdigest().encode() != seal:
        return None
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.DecodeError:
        return None


def _write(entry: Path, body: bytes) -> None:
    with contextlib.suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=entry.parent, delete=False) as stream:
            stream.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        Path(stream.name).replace(entry)

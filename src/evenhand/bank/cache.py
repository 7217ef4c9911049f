"""Records that are costly to make from a file, kept as JSON in the user's cache folder.

An entry carries the hash of its own bytes, so a damaged one is made again. A cache that cannot be written
(read-only home, full disk) costs time only.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

__all__ = ["cache_folder", "cached"]

T = TypeVar("T")


def cache_folder() -> Path:
    """Where parsed files are kept: `EVENHAND_CACHE`, or the platform's folder for caches. Safe to delete."""
    if stated := os.environ.get("EVENHAND_CACHE"):
        return Path(stated)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "evenhand" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "evenhand"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evenhand"


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

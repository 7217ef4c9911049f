"""A place behind any address that fsspec knows: S3, Google Cloud Storage, Azure, and others."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from evenhand.cluster.place import FolderPlace, SharedPlace
from evenhand.endpoints.redact import redact
from evenhand.errors import MissingExtraError, StoreError, UsageError, near_miss

__all__ = ["EXCLUSIVE", "RemotePlace", "open_place"]

EXCLUSIVE = frozenset({"s3", "s3a", "gs", "gcs", "memory"})
"""Protocols whose servers write a file on the condition that it is not there yet (`If-None-Match: *`, a generation of
0). `memory` holds within one process. With any other, a look comes before the writing, and two that write one name in
the same moment may both be told that they did."""
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}
_TRIES = 3
_FIRST_WAIT_S = 0.5
_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "conditionNotMet"})
_Result = TypeVar("_Result")


class RemotePlace:
    """A folder behind an address.

    Listings are never taken from a cache: another worker may have written a moment ago. What fails is tried again,
    three times in all; a file that was written although its answer got lost is then found and taken as written.

    Args:
        filesystem: fsspec's.
        root: The folder, as the file system names it.
        address: Where it is, for messages.
        exclusive: Whether writing can be made to depend on nothing being there.
        sleep: Waits so many seconds between two tries.
    """

    def __init__(
        self,
        filesystem: Any,
        root: str,
        *,
        address: str,
        exclusive: bool,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._files = filesystem
        self._root = root.rstrip("/")
        self._sleep = sleep
        self.address = address
        self.exclusive = exclusive

    def create(self, name: str, data: bytes) -> bool:
        """Write a file that is not there yet.

        Raises:
            StoreError: It cannot be written.
        """
        path = f"{self._root}/{name}"
        tried = 0

        def write() -> bool:
            nonlocal tried
            tried += 1
            if not self.exclusive:
                if self._files.exists(path):
                    return tried > 1 and self._files.cat_file(path) == data
                self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
                self._files.pipe_file(path, data)
                return True
            try:
                self._files.pipe_file(path, data, mode="create")
            except Exception as error:
                if not _is_taken(error):
                    raise
                return tried > 1 and self._files.cat_file(path) == data
            return True

        return self._tried(write, f"cannot write {name!r} to {self.address!r}")

    def read(self, name: str) -> bytes | None:
        """The content of a file.

        Raises:
            StoreError: It cannot be read.
        """

        def read() -> bytes | None:
            try:
                return bytes(self._files.cat_file(f"{self._root}/{name}"))
            except FileNotFoundError:
                return None

        return self._tried(read, f"cannot read {name!r} from {self.address!r}")

    def names(self, folder: str) -> list[str]:
        """Names in a folder.

        Raises:
            StoreError: It cannot be read.
        """

        def listed() -> list[str]:
            self._files.invalidate_cache()
            try:
                found = self._files.ls(f"{self._root}/{folder}", detail=False)
            except FileNotFoundError:
                return []
            return sorted(name for name in (path.rstrip("/").rpartition("/")[2] for path in found) if name)

        return self._tried(listed, f"cannot list {folder!r} of {self.address!r}")

    def _tried(self, act: Callable[[], _Result], failing: str) -> _Result:
        """What an act gives, with patience.

        Raises:
            StoreError: It failed three times.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                return act()
            except Exception as error:  # the border to fsspec: each file system raises errors of its own
                if attempt == _TRIES or isinstance(error, PermissionError):
                    said = redact(" ".join(f"{type(error).__name__}: {error}".split()))
                    raise StoreError(f"{failing} ({said}); check --store and the rights there") from error
            self._sleep(_FIRST_WAIT_S * 4 ** (attempt - 1))
        raise AssertionError("the last try returns or raises")


def _is_taken(error: BaseException) -> bool:
    """Whether the server says that a file of that name is there already."""
    if isinstance(error, FileExistsError):
        return True
    code = getattr(error, "code", None) or getattr(getattr(error, "__cause__", None), "response", {}).get(
        "Error", {}
    ).get("Code")
    return code in (412, 409, "412") or code in _TAKEN or any(word in str(error) for word in _TAKEN)


def open_place(url: str) -> SharedPlace:
    """The place at an address: a path or `file://` is a folder, anything else is fsspec's.

    Keys and servers come from the environment, as the file system's own documentation says.

    Raises:
        UsageError: The protocol is not known.
        MissingExtraError: The package for it is not installed.
        StoreError: The address cannot be used.
    """
    protocol, found, rest = url.partition("://")
    if not found or protocol in ("file", "local"):
        return FolderPlace(Path(rest if found else url).expanduser().absolute())
    if importlib.util.find_spec("fsspec") is None:
        raise MissingExtraError(
            f"--store {url} needs the extra 'ray'; install it with: pip install 'evenhand[ray]'. A folder needs none."
        )
    import fsspec
    from fsspec.registry import known_implementations

    if protocol not in known_implementations and protocol not in fsspec.available_protocols():
        known = ["file", *sorted(EXCLUSIVE)]
        raise UsageError(
            f"--store got the protocol {protocol!r}{near_miss(protocol, known)}; "
            f"it takes a folder, or an address that begins with one of: {', '.join(f'{name}://' for name in known)}, "
            "or another protocol of fsspec"
        )
    options = {} if protocol == "memory" else {"skip_instance_cache": True, "use_listings_cache": False}
    try:
        filesystem, root = fsspec.core.url_to_fs(url, **options)
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        how = f"install it with: pip install 'evenhand[{extra}]'" if extra else str(error)
        raise MissingExtraError(f"--store {url} needs a package that is not installed; {how}.") from error
    except (ValueError, TypeError, OSError) as error:
        raise StoreError(f"--store {url} cannot be used ({redact(str(error))}); check the address") from error
    return RemotePlace(filesystem, root, address=url, exclusive=protocol in EXCLUSIVE)

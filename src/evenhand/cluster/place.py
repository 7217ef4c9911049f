"""Where a cluster keeps its answers: a folder of whole files that are written once and never changed.

Everything rests on one operation, `create`: it writes a file that is not there yet, or says that it is. A folder of
this machine does that by a hard link; other addresses do it in `evenhand.cluster.remote_place`.
"""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path
from typing import Protocol

from evenhand.errors import StoreError

__all__ = ["FolderPlace", "SharedPlace"]

_UNFINISHED = ".unfinished-"
"""How names of files begin that are not whole yet."""


class SharedPlace(Protocol):
    """A folder of files that are written once."""

    @property
    def address(self) -> str:
        """Where it is, for messages."""
        ...

    @property
    def exclusive(self) -> bool:
        """Whether of two that create one file at the same time exactly one is told that it did."""
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Write a file that is not there yet; when this returns the file is durable.

        Returns:
            False where a file of that name is there already; it is left as it is.

        Raises:
            StoreError: Nothing can be written there.
        """
        ...

    def read(self, name: str) -> bytes | None:
        """The content of a file; None where there is none.

        Raises:
            StoreError: It cannot be read.
        """
        ...

    def names(self, folder: str) -> list[str]:
        """Names of the whole files in a folder, sorted, without the folder; empty where there is no such folder.

        Raises:
            StoreError: It cannot be read.
        """
        ...


class FolderPlace:
    """A folder of this machine, or one that all machines have mounted.

    Args:
        root: The folder; made when the first file is written.
    """

    exclusive = True

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def address(self) -> str:
        """Path of the folder."""
        return str(self._root)

    def create(self, name: str, data: bytes) -> bool:
        """Write a file beside its place, wait for the disk, and link it there: linking fails where one is.

        Raises:
            StoreError: It cannot be written, or the file system has no hard links.
        """
        target = self._root / name
        part = target.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with part.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                return _linked(part, target)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            if error.errno in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
                text = f"the file system of {self.address!r} has no hard links; choose another folder with --store"
            else:
                text = f"cannot write {str(target)!r} ({error.strerror}); free some space or choose another --store"
            raise StoreError(text) from error

    def read(self, name: str) -> bytes | None:
        """The content of a file.

        Raises:
            StoreError: It cannot be read.
        """
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"cannot read {str(self._root / name)!r} ({error.strerror}); check --store") from error

    def names(self, folder: str) -> list[str]:
        """Names in a folder.

        Raises:
            StoreError: It cannot be read.
        """
        try:
            found = [path.name for path in (self._root / folder).iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"cannot read {str(self._root / folder)!r} ({error.strerror}); check --store") from error
        return sorted(name for name in found if not name.startswith(_UNFINISHED))


def _linked(part: Path, target: Path) -> bool:
    """Whether the file got its name; the name is durable then."""
    try:
        os.link(part, target)
    except FileExistsError:
        return False
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True

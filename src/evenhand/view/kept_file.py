"""What was made from a file, kept until the file changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Generic, TypeVar

__all__ = ["KeptFiles", "file_stamp"]

T = TypeVar("T")


def file_stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a file is written anew; zeros where there is none."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


class KeptFiles(Generic[T]):
    """The latest results of one function of a file.

    Args:
        make: Makes the result from the path; what it raises is not kept.
        most: Results that are kept.
        lock: Held while a result is made and looked up, where several threads ask.
    """

    def __init__(
        self, make: Callable[[Path], T], *, most: int, lock: AbstractContextManager[object] | None = None
    ) -> None:
        self._make, self._most, self._lock = make, most, lock or nullcontext()
        self._kept: OrderedDict[Path, tuple[tuple[int, int, int], T]] = OrderedDict()

    def of(self, path: Path) -> T:
        """The result for the file as it is now."""
        with self._lock:
            return self._of(path)

    def _of(self, path: Path) -> T:
        stamp = file_stamp(path)
        found = self._kept.get(path)
        if found is not None and found[0] == stamp:
            return found[1]
        made = self._make(path)
        self._kept[path] = (stamp, made)
        self._kept.move_to_end(path)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return made

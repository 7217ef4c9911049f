"""Progress as plain lines, for where there is no terminal: a log of a build, a file, a pipe."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

from evenhand.run.limits import Progress
from evenhand.run.progress import counts

__all__ = ["EVERY_S", "ProgressLines", "progress_line", "time_left"]

EVERY_S = 10.0
"""Seconds between two lines."""


class ProgressLines:
    """A line every so many seconds, while a server says nothing too. Use as a context manager, `update` as listener.

    A run that ends before the first line writes none.

    Args:
        total: Cells in the plan.
        write: Takes a line.
        every_s: Seconds between two lines; None: `EVERY_S`.
    """

    def __init__(self, total: int, *, write: Callable[[str], None], every_s: float | None = None) -> None:
        self._total = total
        self._write = write
        self._every_s = EVERY_S if every_s is None else every_s
        self._latest: Progress | None = None
        self._over = Event()
        self._thread = Thread(target=self._watch, name="evenhand-progress", daemon=True)

    def update(self, progress: Progress) -> None:
        """Note how far the run has come."""
        self._latest = progress

    def _watch(self) -> None:
        while not self._over.wait(self._every_s):
            self._write(progress_line(self._latest, total=self._total))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()


def progress_line(progress: Progress | None, *, total: int) -> str:
    """How far a run has come, in one line.

    Args:
        progress: The latest report; None before the first answer.
        total: Cells in the plan.
    """
    if progress is None:
        return f"asking: 0 of {total:,}; no answer yet"
    have = progress.skipped + progress.done
    share = f"{have:,} of {total:,} ({have / max(1, total):.0%})"
    said = counts(progress) or "no answer yet"
    if progress.ended is not None:
        return f"asked: {share}; {said}; analysing"
    if progress.out is not None:  # answers come all at once, so that a speed says nothing
        return f"asking: {share}; {said}"
    speed = progress.done / progress.seconds if progress.seconds > 0 else 0.0
    left = f", about {time_left((total - have) / speed)} left" if speed > 0 else ""
    return f"asking: {share}, {speed:.1f} per second{left}; {said}"


def time_left(seconds: float) -> str:
    """A span of time as a person says it: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

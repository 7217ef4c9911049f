"""The progress bar of a run: how far, how long yet, and what came back so far."""

from __future__ import annotations

from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from evenhand.records.batch_job import BatchesOut
from evenhand.records.trial import OUTCOMES
from evenhand.run.limits import Progress

__all__ = ["ProgressBar", "counts", "out_words", "when"]

_SPEED_OVER_S = 60.0


class ProgressBar:
    """A line on the terminal that follows a run. Use as a context manager, with `update` as the run's listener.

    On a console that is no terminal it writes nothing until the end.

    Args:
        total: Cells in the plan.
        console: Where to write.
    """

    def __init__(self, total: int, *, console: Console) -> None:
        self._bar = RichProgress(
            TextColumn("asking"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[counts]}"),
            console=console,
            speed_estimate_period=_SPEED_OVER_S,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("asking", total=total, counts="")
        self._skipped = 0

    def update(self, progress: Progress) -> None:
        """Show how far the run has come."""
        if progress.skipped != self._skipped:  # answered by an earlier run: no speed can be read from these
            self._bar.reset(self._task, completed=progress.skipped + progress.done)
            self._skipped = progress.skipped
        self._bar.update(self._task, completed=progress.skipped + progress.done, counts=counts(progress))

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


def counts(progress: Progress) -> str:
    """The outcomes so far in words, those that happened only, with money where it is known."""
    parts = [f"{progress.outcomes[name]} {name}" for name in OUTCOMES if progress.outcomes.get(name)]
    if progress.cost_usd is not None:
        parts.append(f"${progress.cost_usd:.2f}")
    if progress.out is not None:
        parts.append(out_words(progress.out))
    return ", ".join(parts)


def out_words(out: BatchesOut) -> str:
    """What is with providers, in words: how much, how much of it is done, since when, until when."""
    batches = "1 batch" if out.jobs == 1 else f"{out.jobs:,} batches"
    rows = "1 question" if out.rows == 1 else f"{out.rows:,} questions"
    verb = "is" if out.jobs == 1 else "are"
    done = f" ({out.done:,} done there)" if out.done else ""
    until = "" if out.until is None else f", the first until {when(out.until)}"
    trouble = "" if out.trouble is None else f"; no word of it now ({out.trouble})"
    return f"{batches} with {rows}{done} {verb} out since {when(out.since)}{until}{trouble}"


def when(seconds: float) -> str:
    """A time as a person reads it, in UTC.

    Args:
        seconds: Since 1970.
    """
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")

"""The log of a run: one JSON object per line with time, kind and numbers; no question, no answer, no key."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

from evenhand.endpoints.redact import hide
from evenhand.errors import EvenhandError, StoreError
from evenhand.records.trial import OutcomeName
from evenhand.run.limits import HaltReason, Progress, RunReport, StopReason

__all__ = ["AskedEvent", "AskingEvent", "EndedEvent", "EventLog", "FailedEvent", "Halted", "LogEvent", "StartedEvent"]

EVERY_S = 1.0
"""Seconds between two reports of progress, at least."""


class _Event(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What every line has."""

    time: str
    """When it was written, in UTC."""


class StartedEvent(_Event, frozen=True, kw_only=True, tag="started"):
    """A run begins."""

    plan: str
    """Hash of the plan."""
    models: tuple[str, ...]
    planned: int
    """Cells in the plan."""


class AskingEvent(_Event, frozen=True, kw_only=True, tag="asking"):
    """How far it has come; everything counted is on disk."""

    done: int
    """Cells saved by this run."""
    skipped: int
    """Cells that were answered before."""
    planned: int
    outcomes: dict[OutcomeName, int]
    in_flight: int
    calls: int
    cost_usd: float | None
    seconds: float


class Halted(Struct, frozen=True, kw_only=True):
    """A model that was given up."""

    model: str
    reason: HaltReason


class AskedEvent(_Event, frozen=True, kw_only=True, tag="asked"):
    """Asking ended."""

    stopped: StopReason
    asked: int
    skipped: int
    outcomes: dict[OutcomeName, int]
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    seconds: float
    given_up: tuple[Halted, ...] = ()


class EndedEvent(_Event, frozen=True, kw_only=True, tag="ended"):
    """Findings and report are written."""

    seconds: float
    """Since the start."""


class FailedEvent(_Event, frozen=True, kw_only=True, tag="failed"):
    """An error ended the command."""

    error: str
    """The class of the error; its text may quote a server, and is on standard error alone."""
    exit_code: int
    seconds: float
    """Since the start."""


LogEvent = StartedEvent | AskingEvent | AskedEvent | EndedEvent | FailedEvent
_INTERRUPTED = 130


class EventLog:
    """Writes the log. Use as a context manager; `update` is a listener of the run.

    A log that can no longer be written does not end the run: `trouble` says why it stops.

    Args:
        path: Where lines are added; the file is made where it is not there.
        plan: Hash of the plan.
        models: Models of the plan.
        planned: Cells in the plan.

    Raises:
        StoreError: The file cannot be opened.
    """

    def __init__(self, path: Path, *, plan: str, models: tuple[str, ...], planned: int) -> None:
        self.trouble: str | None = None
        self._planned = planned
        self._began = time.monotonic()
        self._next = 0.0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)  # whole lines, each at once
        except OSError as error:
            raise StoreError(
                f"cannot write the log {str(path)!r} ({error.strerror}); name another file with --log"
            ) from error
        self._path = path
        self._put(StartedEvent(time=_now(), plan=plan, models=tuple(map(hide, models)), planned=planned))

    def update(self, progress: Progress) -> None:
        """Write how far the run has come, once a second."""
        if progress.ended is None and progress.seconds < self._next:
            return
        self._next = progress.seconds + EVERY_S
        self._put(
            AskingEvent(
                time=_now(),
                done=progress.done,
                skipped=progress.skipped,
                planned=self._planned,
                outcomes=progress.outcomes,
                in_flight=progress.in_flight,
                calls=progress.calls,
                cost_usd=progress.cost_usd,
                seconds=round(progress.seconds, 3),
            )
        )
        if progress.ended is not None:
            self._next = 0.0

    def asked(self, report: RunReport) -> None:
        """Write how asking ended."""
        self._put(
            AskedEvent(
                time=_now(),
                stopped=report.stopped,
                asked=report.asked,
                skipped=report.skipped,
                outcomes=report.outcomes,
                calls=report.calls,
                input_tokens=report.input_tokens,
                output_tokens=report.output_tokens,
                cost_usd=report.cost_usd,
                seconds=round(report.seconds, 3),
                given_up=tuple(Halted(model=hide(halt.model), reason=halt.reason) for halt in report.halts),
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = round(time.monotonic() - self._began, 3)
        if error is None:
            self._put(EndedEvent(time=_now(), seconds=seconds))
        else:
            interrupted = _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
            code = error.exit_code if isinstance(error, EvenhandError) else interrupted
            self._put(FailedEvent(time=_now(), error=type(error).__name__, exit_code=code, seconds=seconds))
        self._file.close()

    def _put(self, event: LogEvent) -> None:
        if self.trouble is not None:
            return
        try:
            self._file.write(msgspec.json.encode(event) + b"\n")
        except OSError as error:
            self.trouble = f"the log {str(self._path)!r} is not whole ({error.strerror}); the run went on without it"


def _now() -> str:
    return datetime.now(tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

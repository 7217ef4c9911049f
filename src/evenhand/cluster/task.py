"""What driver and workers tell each other, as JSON: which part, with how much of the budget, and how it ended."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from evenhand.cluster.part import PlanPart
from evenhand.endpoints.context import Connection
from evenhand.endpoints.redact import redact
from evenhand.errors import (
    EndpointError,
    EvenhandError,
    InputError,
    LocalError,
    MemoryLeak,
    MissingExtraError,
    PlanError,
    StoreError,
    UsageError,
)
from evenhand.run.limits import Limits, RunReport

__all__ = ["ERRORS", "Hello", "PartEnded", "Task", "WorkerSettings", "WorkerTrouble", "trouble_of"]

ERRORS: dict[str, type[EvenhandError]] = {
    kind.__name__: kind
    for kind in (
        EvenhandError,
        UsageError,
        InputError,
        PlanError,
        StoreError,
        EndpointError,
        MissingExtraError,
        LocalError,
        MemoryLeak,
    )
}
"""The errors that a worker may end a run with."""


class WorkerSettings(Struct, frozen=True, kw_only=True):
    """What a worker is made with. No key is in it: workers read theirs from their own environment."""

    store: str
    """Address of the shared store."""
    driver: int
    """Number of the driver."""
    connection: Connection
    """How servers are reached."""
    land_s: float
    """How long answers may wait for company before they are written as a file."""
    land_rows: int
    """Answers of a file at most."""

    def shared_by(self, workers: int) -> WorkerSettings:
        """The settings of one of so many workers, which have the requests in flight of one machine together."""
        whole = self.connection.concurrency
        if whole is None:
            return self
        return replace(self, connection=replace(self.connection, concurrency=max(1, whole // max(1, workers))))


class Hello(Struct, frozen=True, kw_only=True):
    """What a worker says when it is there."""

    evenhand: str
    """Version of the package on its machine."""
    node: str
    """Which machine, as the cluster names it."""


class Task(Struct, frozen=True, kw_only=True):
    """A part to be asked."""

    part: PlanPart
    attempt: int
    """How often this driver handed the part out, this time included."""
    limits: Limits
    """The share of the budget that may be used up for it."""
    answered: bool
    """Whether the model has a usable answer from somewhere."""


class WorkerTrouble(Struct, frozen=True, kw_only=True):
    """An error that ends the run, as it goes from a worker to the driver."""

    kind: str
    """Name of its class, a key of `ERRORS`."""
    text: str

    def error(self) -> EvenhandError:
        """The error."""
        return ERRORS[self.kind](self.text)


class PartEnded(Struct, frozen=True, kw_only=True):
    """How the asking of a part ended."""

    part: int
    complete: bool
    """Whether every cell of the part has an answer."""
    report: RunReport | None = None
    """What was done; None where nothing could be."""
    trouble: WorkerTrouble | None = None


def trouble_of(error: EvenhandError) -> WorkerTrouble:
    """An error as a record, without keys; one of a kind of its own goes as the nearest kind that the driver knows."""
    kind = next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in ERRORS)
    return WorkerTrouble(kind=kind, text=redact(str(error)))

"""The second seam to the outside: many questions are handed over at once, and their answers fetched much later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from evenhand.endpoints.base import AskErrorKind, Endpoint
from evenhand.errors import EndpointError, EvenhandError
from evenhand.records.batch_job import BatchJob
from evenhand.records.message import Reply, Request

__all__ = [
    "BATCH_SHARE",
    "BatchEndpoint",
    "BatchLimits",
    "BatchLook",
    "BatchSighting",
    "MaybeSent",
    "NotTaken",
    "RowError",
    "RowReply",
    "RowResult",
    "RowUnasked",
    "check_remote",
]

BATCH_SHARE = 0.5
"""What a question in a batch costs, as a share of the usual price, at every provider whose batches are spoken here."""
_ID_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:")
_LONGEST_ID = 200


class BatchLimits(Struct, frozen=True, kw_only=True):
    """How large one batch may be."""

    rows: int
    bytes: int
    """Of everything that is sent."""


class BatchLook(Struct, frozen=True, kw_only=True):
    """A batch as its provider sees it now."""

    state: Literal["out", "ended", "rejected", "gone", "unknown"]
    """`rejected`: as a whole, with no row asked; `gone`: its results are not kept any more; `unknown`: the account has
    no such batch, perhaps because it is another's."""
    done: int = 0
    """Rows that the provider is done with, in whatever way."""
    expected: int | None = None
    """Rows that it says have a result of their own; None where it does not say."""
    until: float | None = None
    """Out: when it expires; ended: until when the results are kept. Seconds since 1970; None where that is not said."""
    said: str | None = None
    """Why it was rejected or is gone, without keys."""
    too_much: bool = False
    """Of a rejection: only because more is out than the account may have; later, or with fewer rows, it goes well."""


BatchSighting = Literal["no", "perhaps"]
"""Where a batch may have been sent: `no`: the provider has none like it; `perhaps`: one that runs may be it."""


class RowReply(Struct, frozen=True, kw_only=True):
    """A row that was answered."""

    row: str
    reply: Reply


class RowError(Struct, frozen=True, kw_only=True):
    """A row that got an error instead of an answer."""

    row: str
    error: str
    """In the provider's words, without keys."""
    kind: AskErrorKind = "fault"


class RowUnasked(Struct, frozen=True, kw_only=True):
    """A row that was not asked: the batch expired or was cancelled before its turn. Nothing was paid for it."""

    row: str


RowResult = RowReply | RowError | RowUnasked


class NotTaken(EvenhandError):
    """The provider took no batch; what was to be sent was not asked."""

    def __init__(self, said: str, *, too_much: bool = False) -> None:
        super().__init__(said)
        self.too_much = too_much


class MaybeSent(EvenhandError):
    """The exchange broke off while a batch was handed over: only the provider's list tells whether it has it."""


class BatchEndpoint(Protocol):
    """An assistant that can be asked by batches which outlive this process."""

    @property
    def limits(self) -> BatchLimits:
        """How large one batch may be."""
        ...

    @property
    def live(self) -> Endpoint:
        """The same assistant asked one by one; what it learns of the settings that are taken holds for batches too."""
        ...

    def row(self, request: Request, *, row: str) -> bytes:
        """One question as a row of a batch, without a line break."""
        ...

    async def marker(self) -> str | None:
        """The newest batch of the account, where batches do not carry our own name; else None."""
        ...

    async def submit(self, rows: Sequence[bytes], *, job: str) -> str:
        """Hand a batch over; returns the provider's name of it.

        Raises:
            NotTaken: The provider took none of it.
            MaybeSent: It is not known whether it was taken.
            AskError: Nothing was handed over, and another time may go well.
            EndpointError: The provider takes no batches of this account.
        """
        ...

    async def find(self, job: BatchJob, *, known: frozenset[str]) -> str | BatchSighting:
        """The provider's name of a batch that may have been sent, or whether there can be one.

        Args:
            job: What was written down before it was sent.
            known: The provider's names of batches whose own names are known.

        Raises:
            AskError: The provider cannot be asked now.
        """
        ...

    async def forget(self, job: BatchJob) -> None:
        """Remove what was uploaded for a batch that was never made.

        Raises:
            AskError: The provider cannot be asked now.
        """
        ...

    async def look(self, remote: str) -> BatchLook:
        """How far a batch is.

        Raises:
            AskError: The provider cannot be asked now.
        """
        ...

    async def collect(self, remote: str, requests: Mapping[str, Request]) -> Sequence[RowResult]:
        """The results of a batch that ended, each row once, in any order; rows of others are left out.

        Args:
            remote: The provider's name of it.
            requests: Row -> what was asked.

        Raises:
            AskError: They cannot be read now.
        """
        ...

    async def aclose(self) -> None:
        """Release the connections."""
        ...


def check_remote(name: object, *, what: str) -> str:
    """A name that a provider gave, fit to be part of an address.

    Raises:
        EndpointError: It is no text, or one that would change the address.
    """
    if isinstance(name, str) and 0 < len(name) <= _LONGEST_ID and _ID_LETTERS.issuperset(name) and name.strip("."):
        return name
    shown = repr(name)[:80]
    raise EndpointError(f"The server names {what} {shown}, which cannot be part of an address; check --base-url.")

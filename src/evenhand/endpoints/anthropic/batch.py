"""Batches of Anthropic's messages. They carry no name of ours, so that one is known again by the names of its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from evenhand.endpoints.anthropic.form import MessagesForm
from evenhand.endpoints.base import AskError, Endpoint
from evenhand.endpoints.batch import (
    BatchLimits,
    BatchLook,
    BatchSighting,
    RowResult,
    RowUnasked,
    check_remote,
)
from evenhand.endpoints.batch_calls import BatchCalls, BatchPage, ListedBatch, decoded, name_of_made
from evenhand.endpoints.batch_rows import answered_row, each_row_once, refused_row
from evenhand.endpoints.openai.chat import OpenAIChatEndpoint
from evenhand.endpoints.openai.retry import Schedule
from evenhand.endpoints.openai.target import Target
from evenhand.endpoints.redact import cut
from evenhand.records.batch_job import BatchJob, row_id
from evenhand.records.message import Request

__all__ = ["ANTHROPIC_LIMITS", "KEPT_S", "AnthropicBatchEndpoint"]

ANTHROPIC_LIMITS = BatchLimits(rows=100_000, bytes=256_000_000)
KEPT_S = 29 * 86_400.0
"""How long results are kept, in seconds from when the batch was made."""
_PLACE = "messages/batches"
_SKEW_S = 86_400.0
"""How far the clocks of this machine and of the server may lie apart."""
_STATUS = {"invalid_request_error": 400, "overloaded_error": 529, "api_error": 500, "rate_limit_error": 429}
"""HTTP statuses that the types of a row's error stand for."""


class _MessageCounts(Struct):
    processing: int = 0
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0


class _MessageBatch(ListedBatch):
    processing_status: Any = None
    request_counts: _MessageCounts | None = None
    created_at: str | None = None
    expires_at: str | None = None
    archived_at: str | None = None

    @property
    def rows(self) -> int:
        counts = self.request_counts or _MessageCounts()
        return counts.processing + self.done

    @property
    def done(self) -> int:
        counts = self.request_counts or _MessageCounts()
        return counts.succeeded + counts.errored + counts.canceled + counts.expired


class _Result(Struct):
    type: Any = None
    message: msgspec.Raw = msgspec.Raw(b"null")
    error: msgspec.Raw = msgspec.Raw(b"null")


class _MessageLine(Struct):
    custom_id: str
    result: _Result


class _Kind(Struct, frozen=True):
    type: Any = None


class _Fault(Struct):
    error: _Kind = _Kind()
    type: Any = None


_line = msgspec.json.Decoder(_MessageLine)


class AnthropicBatchEndpoint:
    """A model that is asked by batches of messages.

    A batch has no field for a name of ours. One that may have been made is looked for among those that are newer than
    the newest one before, have as many rows, and belong to no other job: when it has ended, the names of its rows say
    whose it is. Until then nothing of it is sent again.

    Args:
        target: The model, the server and the key.
        limits: How large a batch may be.
        schedule: Pauses between attempts; None: the usual ones.
    """

    def __init__(
        self, target: Target, *, limits: BatchLimits = ANTHROPIC_LIMITS, schedule: Schedule | None = None
    ) -> None:
        self._limits = limits
        self._form = MessagesForm(target.model)
        self._live = OpenAIChatEndpoint(target, schedule=schedule, form=self._form)
        self._calls = BatchCalls(target, schedule=schedule)

    @property
    def limits(self) -> BatchLimits:
        """How large one batch may be."""
        return self._limits

    @property
    def live(self) -> Endpoint:
        """The same model, asked one by one in the same dialect."""
        return self._live

    def row(self, request: Request, *, row: str) -> bytes:
        """One request of the batch."""
        return b'{"custom_id":' + msgspec.json.encode(row) + b',"params":' + self._form.body(request) + b"}"

    async def marker(self) -> str | None:
        """The newest batch of the account; None where it has none."""
        body = await self._calls.get(_PLACE, query={"limit": "1"})
        if body is None:
            self._calls.no_batches(_PLACE, "HTTP 404")
        newest = next(iter(decoded(body, BatchPage[_MessageBatch]).data), None)
        return None if newest is None else check_remote(newest.id, what="a batch")

    async def submit(self, rows: Sequence[bytes], *, job: str) -> str:
        """Send every row with the batch; see `BatchEndpoint.submit`."""
        body = b'{"requests":[' + b",".join(rows) + b"]}"
        made = await self._calls.create(_PLACE, body, long=True)
        return name_of_made(made, _MessageBatch)

    async def find(self, job: BatchJob, *, known: frozenset[str]) -> str | BatchSighting:
        """The batch whose rows carry our name of it, among those that are newer than the job's marker."""
        sighting: BatchSighting = "no"
        async for batch in self._calls.listed(_PLACE, BatchPage[_MessageBatch], cursor="after_id"):
            made = _seconds(batch.created_at)
            if batch.id == job.marker or (made is not None and made < job.made - _SKEW_S):
                break
            remote = check_remote(batch.id, what="a batch")
            if remote in known or batch.rows != job.rows or batch.archived_at is not None:
                continue
            if batch.processing_status != "ended":
                sighting = "perhaps"
            elif await self._is_of(remote, job):
                return remote
        return sighting

    async def forget(self, job: BatchJob) -> None:
        """Nothing is left of a batch that was never made."""

    async def look(self, remote: str) -> BatchLook:
        """The batch as the server describes it."""
        body = await self._calls.get(f"{_PLACE}/{remote}")
        if body is None:
            return BatchLook(state="unknown")
        batch = decoded(body, _MessageBatch)
        if batch.archived_at is not None:
            return BatchLook(state="gone", said=f"its results were archived at {cut(batch.archived_at, most=40)}")
        if batch.processing_status != "ended":
            return BatchLook(state="out", done=batch.done, until=_seconds(batch.expires_at))
        counts = batch.request_counts
        made = _seconds(batch.created_at)
        return BatchLook(
            state="ended",
            done=batch.done,
            expected=None if counts is None else counts.succeeded + counts.errored,
            until=None if made is None else made + KEPT_S,
        )

    async def collect(self, remote: str, requests: Mapping[str, Request]) -> Sequence[RowResult]:
        """The lines of the results, each row once."""
        body = await self._calls.get(f"{_PLACE}/{remote}/results", results=True)
        return each_row_once((body or b"").splitlines(), lambda line: self._result(line, requests))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._live.aclose()
        await self._calls.aclose()

    def _result(self, text: bytes, requests: Mapping[str, Request]) -> RowResult | None:
        """What a line says of a row of ours; None for a damaged line, and for one of another batch."""
        try:
            line = _line.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        request = requests.get(line.custom_id)
        if request is None:
            return None
        match line.result.type:
            case "succeeded":
                return answered_row(line.custom_id, bytes(line.result.message), request, form=self._form)
            case "expired" | "canceled":
                return RowUnasked(row=line.custom_id)
            case _:
                error = bytes(line.result.error)
                return refused_row(line.custom_id, _status_of(error), error, request)

    async def _is_of(self, remote: str, job: BatchJob) -> bool:
        """Whether the rows of a batch that ended carry our name of the job."""
        body = await self._calls.get(f"{_PLACE}/{remote}/results", results=True)
        first = (body or b"").lstrip().partition(b"\n")[0]
        try:
            return _line.decode(first).custom_id.startswith(row_id(job.id, ""))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise AskError(f"the results of the batch {remote!r} cannot be read ({error})") from error


def _status_of(error: bytes) -> int:
    """The HTTP status that a row's error would have had one by one; 0 for one that is not known."""
    try:
        found = msgspec.json.decode(error, type=_Fault)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return 0
    return next((_STATUS[kind] for kind in (found.error.type, found.type) if kind in _STATUS), 0)


def _seconds(text: str | None) -> float | None:
    """A time in RFC 3339 as seconds since 1970; None for what is none."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None

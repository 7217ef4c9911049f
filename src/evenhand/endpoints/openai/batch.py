"""Batches of an OpenAI-compatible server: a file of questions, a batch made of it, files of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from evenhand.endpoints.base import AskError, Endpoint
from evenhand.endpoints.batch import (
    BatchLimits,
    BatchLook,
    BatchSighting,
    NotTaken,
    RowError,
    RowResult,
    RowUnasked,
    check_remote,
)
from evenhand.endpoints.batch_calls import BatchCalls, BatchPage, ListedBatch, decoded, name_of_made
from evenhand.endpoints.batch_rows import answered_row, each_row_once, refused_row
from evenhand.endpoints.openai.body import Dialect
from evenhand.endpoints.openai.chat import OpenAIChatEndpoint
from evenhand.endpoints.openai.retry import Schedule
from evenhand.endpoints.openai.target import Target
from evenhand.endpoints.redact import cut
from evenhand.records.batch_job import BatchJob
from evenhand.records.message import Request

__all__ = ["JOB_NAME", "OPENAI_LIMITS", "OpenAIBatchEndpoint"]

OPENAI_LIMITS = BatchLimits(rows=50_000, bytes=200_000_000)
JOB_NAME = "evenhand_job"
"""The field of a batch's metadata that holds our own name of it."""
_ENDPOINT = "/v1/chat/completions"
_UNASKED = frozenset({"batch_expired", "batch_cancelled", "batch_canceled"})
_SKEW_S = 86_400.0
"""How far the clocks of this machine and of the server may lie apart."""
_WORDS = 5
"""Reasons of a rejection that are repeated."""


class _MadeCounts(Struct):
    total: int | None = None
    completed: int | None = None
    failed: int | None = None


class _MadeBatch(ListedBatch):
    """The fields of a batch that are read."""

    status: Any = None
    metadata: Any = None
    errors: Any = None
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    created_at: float | None = None
    expires_at: float | None = None
    request_counts: _MadeCounts | None = None


class _MadeFile(Struct):
    id: Any = None
    filename: Any = None
    expires_at: float | None = None


class _MadeFiles(Struct):
    data: list[_MadeFile] = []


class _Response(Struct):
    status_code: int = 200
    body: msgspec.Raw = msgspec.Raw(b"null")


class _MadeLine(Struct):
    custom_id: str
    response: _Response | None = None
    error: Any = None


_line = msgspec.json.Decoder(_MadeLine)


class OpenAIBatchEndpoint:
    """A model that is asked by OpenAI's batches; our own name of a batch is in its metadata.

    Args:
        target: The model, the server and the key.
        limits: How large a batch may be.
        schedule: Pauses between attempts; None: the usual ones.
    """

    def __init__(
        self, target: Target, *, limits: BatchLimits = OPENAI_LIMITS, schedule: Schedule | None = None
    ) -> None:
        self._limits = limits
        self._form = Dialect(target.model, official=target.official)
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
        """One line of the file."""
        return b"".join(
            (
                b'{"custom_id":',
                msgspec.json.encode(row),
                b',"method":"POST","url":"',
                _ENDPOINT.encode(),
                b'","body":',
                self._form.body(request),
                b"}",
            )
        )

    async def marker(self) -> str | None:
        """None: batches carry our own name."""
        return None

    async def submit(self, rows: Sequence[bytes], *, job: str) -> str:
        """Upload the file and make a batch of it; see `BatchEndpoint.submit`."""
        boundary = f"evenhand-file-{job}"
        uploaded = await self._calls.upload(
            "files", _form_data(rows, name=_file_name(job), boundary=boundary), content_type=_multipart(boundary)
        )
        file = check_remote(decoded(uploaded, _MadeFile).id, what="an uploaded file")
        asked = {
            "input_file_id": file,
            "endpoint": _ENDPOINT,
            "completion_window": "24h",
            "metadata": {JOB_NAME: job},
        }
        try:
            made = await self._calls.create("batches", msgspec.json.encode(asked))
        except NotTaken:
            await self._removed(file)
            raise
        return name_of_made(made, _MadeBatch)

    async def find(self, job: BatchJob, *, known: frozenset[str]) -> str | BatchSighting:
        """The batch whose metadata hold our name of it, or whose file does where a server keeps no metadata."""
        async for batch in self._calls.listed("batches", BatchPage[_MadeBatch], cursor="after"):
            if batch.created_at is not None and batch.created_at < job.made - _SKEW_S:
                break
            if await self._is_of(batch, job):
                return check_remote(batch.id, what="a batch")
        return "no"

    async def forget(self, job: BatchJob) -> None:
        """Remove the file that was uploaded for a batch that was never made."""
        body = await self._calls.get("files", query={"purpose": "batch"})
        for file in [] if body is None else decoded(body, _MadeFiles).data:
            if file.filename == _file_name(job.id):
                await self._removed(check_remote(file.id, what="a file"))

    async def look(self, remote: str) -> BatchLook:
        """The batch as the server describes it."""
        body = await self._calls.get(f"batches/{remote}")
        if body is None:
            return BatchLook(state="unknown")
        batch = decoded(body, _MadeBatch)
        counts = batch.request_counts or _MadeCounts()
        done = (counts.completed or 0) + (counts.failed or 0)
        match batch.status:
            case "failed":
                said, codes = _reasons(batch.errors)
                return BatchLook(state="rejected", said=said, too_much="token_limit_exceeded" in codes)
            case "completed" | "expired" | "cancelled" | "canceled":
                return await self._ended(batch, done=done)
            case _:
                return BatchLook(state="out", done=done, until=batch.expires_at)

    async def collect(self, remote: str, requests: Mapping[str, Request]) -> Sequence[RowResult]:
        """The lines of both files of results, each row once."""
        body = await self._calls.get(f"batches/{remote}")
        batch = _MadeBatch() if body is None else decoded(body, _MadeBatch)
        lines: list[bytes] = []
        for name in filter(None, (batch.output_file_id, batch.error_file_id)):
            body = await self._calls.get(f"files/{check_remote(name, what='a file')}/content", results=True)
            lines += (body or b"").splitlines()
        return each_row_once(lines, lambda line: self._result(line, requests))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._live.aclose()
        await self._calls.aclose()

    async def _is_of(self, batch: _MadeBatch, job: BatchJob) -> bool:
        """Whether a batch is the one that was written down as this job."""
        if isinstance(batch.metadata, dict) and JOB_NAME in batch.metadata:
            return bool(batch.metadata[JOB_NAME] == job.id)
        if batch.input_file_id is None:
            return False
        body = await self._calls.get(f"files/{check_remote(batch.input_file_id, what='a file')}")
        return body is not None and decoded(body, _MadeFile).filename == _file_name(job.id)

    async def _ended(self, batch: _MadeBatch, *, done: int) -> BatchLook:
        """How long the results of a batch are kept, and whether they still are."""
        names = [name for name in (batch.output_file_id, batch.error_file_id) if name]
        if done and not names:
            raise AskError(f"the server counts {done:,} rows of a batch as done, and names no file of results")
        kept: list[float] = []
        for name in names:
            body = await self._calls.get(f"files/{check_remote(name, what='a file')}")
            if body is None:
                return BatchLook(state="gone", said="the server has removed its file of results")
            until = decoded(body, _MadeFile).expires_at
            kept += [] if until is None else [until]
        return BatchLook(state="ended", done=done, expected=done, until=min(kept, default=None))

    def _result(self, text: bytes, requests: Mapping[str, Request]) -> RowResult | None:
        """What a line says of a row of ours; None for a damaged line, and for one of another batch."""
        try:
            line = _line.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        request = requests.get(line.custom_id)
        if request is None:
            return None
        response = line.response
        if response is not None and 200 <= response.status_code < 300:
            return answered_row(line.custom_id, bytes(response.body), request, form=self._form)
        if response is not None:
            return refused_row(line.custom_id, response.status_code, bytes(response.body), request)
        error = line.error if isinstance(line.error, dict) else {}
        if error.get("code") in _UNASKED:
            return RowUnasked(row=line.custom_id)
        return RowError(row=line.custom_id, error=cut(str(error.get("message") or error.get("code") or "no answer")))

    async def _removed(self, file: str) -> None:
        """Remove a file that no batch needs. One that stays costs nothing and expires by itself."""
        try:
            await self._calls.delete(f"files/{file}")
        except AskError:
            return


def _file_name(job: str) -> str:
    return f"evenhand-{job}.jsonl"


def _multipart(boundary: str) -> str:
    return f"multipart/form-data; boundary={boundary}"


def _form_data(rows: Sequence[bytes], *, name: str, boundary: str) -> bytes:
    """A form of two fields: what the file is for, and the file, a row on each line."""
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/jsonl\r\n\r\n"
    )
    return b"".join((head.encode(), b"\n".join(rows), f"\n\r\n--{boundary}--\r\n".encode()))


def _reasons(errors: object) -> tuple[str, frozenset[str]]:
    """(why a batch was rejected, the codes of that)."""
    data = errors.get("data") if isinstance(errors, dict) else errors
    found = [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
    said = [str(one.get("message") or one.get("code") or "") for one in found[:_WORDS]]
    return cut("; ".join(filter(None, said)) or "no reason is given"), frozenset(str(one.get("code")) for one in found)

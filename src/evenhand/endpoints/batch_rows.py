"""What the rows of a batch came to, answered or with an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from evenhand.endpoints.base import AskError
from evenhand.endpoints.batch import RowError, RowReply, RowResult
from evenhand.endpoints.openai.form import ChatForm
from evenhand.endpoints.openai.http_body import Unreadable
from evenhand.endpoints.openai.refusals import refusal_of
from evenhand.endpoints.openai.server_error import error_text, read_error
from evenhand.endpoints.redact import cut
from evenhand.records.message import Reply, Request

__all__ = ["answered_row", "each_row_once", "refused_row"]


def each_row_once(lines: Iterable[bytes], read: Callable[[bytes], RowResult | None]) -> tuple[RowResult, ...]:
    """The results that lines hold; of several for one row the first.

    Args:
        lines: Lines of the provider's results.
        read: What a line says of a row of ours; None for a damaged line, and for one of another batch.
    """
    found: dict[str, RowResult] = {}
    for line in lines:
        result = read(line)
        if result is not None:
            found.setdefault(result.row, result)
    return tuple(found.values())


def answered_row(row: str, body: bytes, request: Request, *, form: ChatForm) -> RowResult:
    """A row whose answer is a body of the chat protocol, as it would come one by one."""
    try:
        answer = form.read(body)
        if isinstance(answer, bytes):
            return refused_row(row, 200, answer, request)
        reply = answer.reply(request)
    except (AskError, Unreadable) as error:
        return RowError(row=row, error=cut(str(error)))
    return RowReply(row=row, reply=_noted(reply, form.note))


def refused_row(row: str, status: int, body: bytes, request: Request) -> RowResult:
    """A row that was refused; a question that the provider's filter blocked is a refusal, not a failure."""
    said = cut(f"HTTP {status}: {error_text(body)}" if status else error_text(body))
    refusal = refusal_of(read_error(status, body, asked=[turn.content for turn in request.messages]))
    if refusal == "filtered":
        return RowReply(row=row, reply=Reply(text="", finish="content_filter", refusal=said, batched=True))
    return RowError(row=row, error=said, kind="fault" if refusal in {"fault", "busy"} else "request")


def _noted(reply: Reply, note: str | None) -> Reply:
    notes = [one for one in (reply.note, note) if one]
    return replace(reply, batched=True, note="; ".join(notes) or None)

"""A cell with its outcome as a row of the store, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from evenhand.records.cell import Cell
from evenhand.records.condition import CONDITION_FIELDS
from evenhand.records.message import Message, Reply, Role
from evenhand.records.trial import Answered, Failed, Outcome, Trial, outcome_name
from evenhand.records.work import Work
from evenhand.store.gate import Unfit, admitted
from evenhand.store.schema import CELL_COLUMNS

__all__ = [
    "Row",
    "StoredMessage",
    "StoredTrial",
    "asked_sha",
    "is_failure",
    "readable_trial",
    "row_of",
    "stored_trial",
    "text_sha",
]


class StoredMessage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One turn that the model saw; its text is in the table `texts`."""

    role: Role
    sha: str
    tool_name: str | None = None
    tool_call_id: str | None = None
    tool_arguments: str | None = None


class StoredTrial(Struct, frozen=True, kw_only=True):
    """One row of the store."""

    cell: Cell
    trial: Trial
    retrieved: tuple[int, ...] | None
    asked: tuple[StoredMessage, ...]
    asked_sha: str
    """Hash of what the model saw, turn by turn."""


class Row(Struct, frozen=True, kw_only=True):
    """What the store writes for one cell, in one transaction."""

    cell_key: str
    outcome: Outcome
    reply: Reply | None
    columns: tuple[str | int | None, ...]
    """Values of `CELL_COLUMNS`."""
    texts: tuple[tuple[str, str], ...]
    """(hash, text) of every turn."""


_encoder = msgspec.json.Encoder()
_asked = msgspec.json.Decoder(tuple[StoredMessage, ...])
_order = msgspec.json.Decoder(tuple[int, ...])
_outcome = msgspec.json.Decoder(Outcome)
_reply = msgspec.json.Decoder(Reply)


def text_sha(text: str) -> str:
    """Content hash of a text: BLAKE2b-128, hex."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def asked_sha(messages: Sequence[Message]) -> str:
    """Hash of a conversation as the model sees it; equal conversations have equal hashes in every store."""
    return _stored(messages)[1]


def row_of(work: Work, outcome: Outcome, reply: Reply | None) -> Row:
    """The row of a cell that was asked."""
    cell, messages = work.cell, (reply.sent if reply is not None and reply.sent else work.request.messages)
    asked, sha, texts = _stored(messages)
    values: dict[str, str | int | None] = {
        "cell_key": cell.cell_key,
        "model": cell.model,
        "arm": cell.arm,
        "item": cell.item,
        **msgspec.structs.asdict(cell.condition),
        "replicate": cell.replicate,
        "order_index": cell.order_index,
        "option_order": _json(cell.option_order),
        "retrieved": None if work.retrieved is None else _json(work.retrieved),
        "asked_sha": sha,
        "asked": asked,
        "outcome": outcome_name(outcome),
        "choice": outcome.choice if isinstance(outcome, Answered) else None,
        "detail": _json(outcome),
        "reply": None if reply is None else _json(replace(reply, sent=())),
    }
    columns = tuple(values[name] for name in CELL_COLUMNS)
    return Row(cell_key=cell.cell_key, outcome=outcome, reply=reply, columns=columns, texts=texts)


def stored_trial(columns: Sequence[str | int | None]) -> StoredTrial:
    """The record behind the values of `CELL_COLUMNS`.

    Raises:
        msgspec.DecodeError: A JSON column does not hold what it must.
    """
    row = dict(zip(CELL_COLUMNS, columns, strict=True))
    order = _order.decode(str(row["option_order"]))
    condition = {name: row[name] for name in CONDITION_FIELDS}
    cell = msgspec.convert(row | {"option_order": order, "condition": condition}, Cell)
    trial = Trial(
        cell_key=cell.cell_key,
        outcome=_outcome.decode(str(row["detail"])),
        reply=None if row["reply"] is None else _reply.decode(str(row["reply"])),
    )
    return StoredTrial(
        cell=cell,
        trial=trial,
        retrieved=None if row["retrieved"] is None else _order.decode(str(row["retrieved"])),
        asked=_asked.decode(str(row["asked"])),
        asked_sha=str(row["asked_sha"]),
    )


def readable_trial(columns: Sequence[str | int | None]) -> StoredTrial | None:
    """The record behind the values of `CELL_COLUMNS`; None where they are damaged, or no row the gate lets through."""
    try:
        stored = stored_trial(columns)
        stored.cell.cell_key.encode()
    except (msgspec.MsgspecError, UnicodeError, ValueError, TypeError, RecursionError):
        return None
    trial = stored.trial
    if trial.reply is None:
        return stored if isinstance(trial.outcome, Failed) else None
    return None if isinstance(admitted(trial.reply), Unfit) else stored


def is_failure(row: Row) -> bool:
    """Whether the cell got no answer, so that the next run asks it again."""
    return isinstance(row.outcome, Failed)


def _json(value: Outcome | Reply | tuple[int, ...] | list[StoredMessage]) -> str:
    return _encoder.encode(value).decode()


def _stored(messages: Sequence[Message]) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """(what was asked as JSON with hashes for texts, the hash of that, the texts by hash)."""
    turns: list[StoredMessage] = []
    texts: list[tuple[str, str]] = []
    for message in messages:
        sha = text_sha(message.content)
        texts.append((sha, message.content))
        turns.append(
            StoredMessage(
                role=message.role,
                sha=sha,
                tool_name=message.tool_name,
                tool_call_id=message.tool_call_id,
                tool_arguments=message.tool_arguments,
            )
        )
    asked = _json(turns)
    return asked, text_sha(asked), tuple(texts)

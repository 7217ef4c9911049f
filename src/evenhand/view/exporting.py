"""The trials and the notes that a page shows, as files for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
import polars as pl

from evenhand.endpoints.redact import hide
from evenhand.records.condition import CONDITION_FIELDS
from evenhand.records.trial import Answered, Failed, Rated, Unparsed, outcome_name
from evenhand.store.reading import TrialReader
from evenhand.store.rows import StoredTrial
from evenhand.view.annotations import Annotation
from evenhand.view.known_plan import KnownPlan

__all__ = ["ExportFormat", "exported_notes", "exported_trial", "lines_of", "trial_columns", "trial_frame"]

ExportFormat = Literal["csv", "jsonl"]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def trial_columns(known: KnownPlan) -> tuple[str, ...]:
    """Names of what is exported of a trial; factors come last, as `group.FACTOR`."""
    return (
        "cell_key",
        "model",
        "item",
        "kind",
        "arm",
        "in_memory",
        *CONDITION_FIELDS,
        "replicate",
        "order_index",
        "outcome",
        "choice",
        "choice_text",
        "best",
        "ratings",
        "reason",
        "sent",
        "answer_text",
        "thoughts",
        "input_tokens",
        "output_tokens",
        "latency_s",
        *(f"group.{factor}" for factor in known.factors),
    )


def exported_trial(stored: StoredTrial, known: KnownPlan, trials: TrialReader) -> dict[str, Any]:
    """One trial, by the names of `trial_columns`; texts that may not be passed on are replaced by id and hash.

    Raises:
        StoreError: The store lacks a text.
    """
    cell, outcome, reply = stored.cell, stored.trial.outcome, stored.trial.reply
    arm, item = known.arm(cell.arm, cell.item), known.items.get(cell.item)
    choice = outcome.choice if isinstance(outcome, Answered) else None
    best = known.best(cell.item, cell.arm)
    closed = known.hidden(cell.arm, cell.item)
    sent = [{"role": one.role, "content": _clean(one.content)} for one in ([] if closed else trials.messages(stored))]
    if closed:
        sent = [
            {"role": "", "content": f"[not to be passed on: {cell.item}, {cell.arm}, hash {stored.asked_sha[:16]}]"}
        ]
    reason = outcome.error if isinstance(outcome, Failed) else outcome.reason if isinstance(outcome, Unparsed) else None
    return {
        "cell_key": cell.cell_key,
        "model": cell.model,
        "item": cell.item,
        "kind": item.kind if item is not None else None,
        "arm": cell.arm,
        "in_memory": arm.kind if arm is not None else None,
        **{name: getattr(cell.condition, name) for name in CONDITION_FIELDS},
        "replicate": cell.replicate,
        "order_index": cell.order_index,
        "outcome": outcome_name(outcome),
        "choice": choice,
        "choice_text": None if choice is None or cell.item in known.closed else known.option_text(cell.item, choice),
        "best": None if choice is None or best is None else choice == best,
        "ratings": outcome.ratings if isinstance(outcome, Rated) else None,
        "reason": None if reason is None else _clean(reason),
        "sent": sent,
        "answer_text": None if reply is None else _clean(reply.text),
        "thoughts": None if reply is None or reply.reasoning is None else _clean(reply.reasoning),
        "input_tokens": None if reply is None else reply.usage.input_tokens,
        "output_tokens": None if reply is None else reply.usage.output_tokens,
        "latency_s": None if reply is None else reply.latency_s,
        **{f"group.{name}": None if arm is None else arm.levels.get(name) for name in known.factors},
    }


def exported_notes(notes: Sequence[Annotation]) -> list[dict[str, Any]]:
    """Notes as rows: item, flags, note, when."""
    return [{"item": one.item, "flags": list(one.flags), "note": one.note, "when": one.when} for one in notes]


def lines_of(rows: Iterator[dict[str, Any]], columns: Sequence[str], *, form: ExportFormat) -> Iterator[bytes]:
    """Rows as lines of a file, the header of a CSV first. Nested values of a CSV are JSON.

    A text of a CSV that a spreadsheet would take for a formula begins with an apostrophe.
    """
    if form == "csv":
        yield _csv_line(columns)
    for row in rows:
        yield _csv_line([row[name] for name in columns]) if form == "csv" else msgspec.json.encode(row) + b"\n"


def trial_frame(rows: Iterator[dict[str, Any]], columns: Sequence[str]) -> pl.DataFrame:
    """Rows as a data frame: numbers as numbers, nested values as JSON."""
    held: dict[str, list[object]] = {name: [] for name in columns}
    for row in rows:
        for name in columns:
            value = row[name]
            nested = isinstance(value, Mapping | list | tuple)
            held[name].append(msgspec.json.encode(value).decode() if nested else value)
    return pl.DataFrame(held, strict=False, infer_schema_length=None)


def _clean(text: str) -> str:
    """The text without secrets of this process, and as UTF-8 can hold it."""
    return hide(text).encode("utf-8", "replace").decode()


def _csv_line(values: Sequence[object]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow([_cell(value) for value in values])
    return out.getvalue().encode("utf-8", "replace")


def _cell(value: object) -> object:
    if isinstance(value, Mapping | list | tuple):
        return msgspec.json.encode(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value

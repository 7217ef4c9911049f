"""Logs of OpenAI's evals (`oaieval`): JSON lines of a spec, events by sample, and a final report."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evenhand.errors import TableError
from evenhand.interop.json_log import text_of
from evenhand.interop.log import LoggedAnswer, ToolLog, flat, written
from evenhand.records.message import Reply

__all__ = ["is_openai_evals_line", "openai_evals_log"]

_EVENT = {"run_id", "sample_id", "type", "data"}


def is_openai_evals_line(row: dict[str, Any]) -> bool:
    """Whether a JSON object is a line of such a log."""
    spec = row.get("spec")
    return (isinstance(spec, dict) and "eval_name" in spec) or row.keys() >= _EVENT


def openai_evals_log(rows: Iterable[dict[str, Any]], *, path: Path) -> ToolLog:
    """The log in JSON lines.

    A sample's fields are those of its `raw_sample` and `extra` events; its answer is what was sampled last; whether it
    is right says its `match` event; `metrics` events are scores.

    Raises:
        TableError: There are no events with samples.
    """
    spec: dict[str, Any] = {}
    events: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    ended = False
    for row in rows:
        if isinstance(row.get("spec"), dict):
            spec = row["spec"]
        elif "final_report" in row:
            ended = True
        elif row.keys() >= _EVENT and isinstance(row["data"], dict):
            events.setdefault(str(row["sample_id"]), []).append((str(row["type"]), row["data"]))
    if not events:
        raise TableError(f"{str(path)!r} holds no events of samples; an eval that was run has some.")
    nested: set[str] = set()
    models = spec.get("completion_fns")
    model = ", ".join(map(str, models)) if isinstance(models, list) and models else None
    return ToolLog(
        tool="OpenAI evals",
        name=path.name,
        answers=tuple(_answer(name, found, model=model, nested=nested) for name, found in events.items()),
        nested=tuple(sorted(nested)),
        main_score="correct" if any(kind == "match" for found in events.values() for kind, _ in found) else None,
        notes=() if ended else ("The log has no final report: the eval did not end, or is not done yet.",),
    )


def _answer(
    sample: str, events: list[tuple[str, dict[str, Any]]], *, model: str | None, nested: set[str]
) -> LoggedAnswer:
    fields: dict[str, str | None] = {}
    scores: dict[str, str | None] = {}
    said = target = error = None
    for kind, data in events:
        match kind:
            case "raw_sample" | "extra":
                flat(kind, data, into=fields, nested=nested)
            case "sampling":
                said = _sampled(data.get("sampled"))
            case "match":
                scores["correct"] = written(data.get("correct"))
                target = _sampled(data.get("expected"))
                said = _sampled(data.get("sampled")) or said
            case "metrics":
                scores |= {
                    str(name): written(value) for name, value in data.items() if not isinstance(value, list | dict)
                }
            case "error":
                error = text_of(data.get("message")) or "an error"
    return LoggedAnswer(
        sample=sample,
        model=model,
        answer=None if error else said,
        target=target,
        scores=scores if error is None else dict.fromkeys(scores),
        fields=fields,
        error=error,
        reply=None if error or said is None else Reply(text=said, finish="other"),
    )


def _sampled(value: object) -> str | None:
    """A text, or the only one of a list."""
    if isinstance(value, list) and len(value) == 1:
        return text_of(value[0])
    return text_of(value)

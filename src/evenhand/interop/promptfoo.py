"""Results of promptfoo: `promptfoo eval --output FILE`, as JSON or JSON lines."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evenhand.errors import TableError
from evenhand.interop.json_log import objects, text_of, turns_of
from evenhand.interop.log import LoggedAnswer, ToolLog, Turn, flat, written
from evenhand.records.message import Reply

__all__ = ["is_promptfoo", "is_promptfoo_line", "promptfoo_lines", "promptfoo_log"]

_BROKEN = 2
"""`failureReason` of a test that had no answer; 1: an assertion was not met."""


def is_promptfoo(document: object) -> bool:
    """Whether a JSON value is what `promptfoo eval --output FILE.json` writes."""
    if not isinstance(document, dict) or "evalId" not in document:
        return False
    results = document.get("results")
    return isinstance(results, dict) and "results" in results


def is_promptfoo_line(row: dict[str, Any]) -> bool:
    """Whether a JSON object is a line of `promptfoo eval --output FILE.jsonl`."""
    return {"promptIdx", "testIdx", "testCase", "success"} <= row.keys()


def promptfoo_log(document: dict[str, Any], *, path: Path) -> ToolLog:
    """The log in a JSON document.

    Raises:
        TableError: It holds no results, or a result is none.
    """
    metadata = document.get("metadata")
    version = metadata.get("promptfooVersion") if isinstance(metadata, dict) else None
    rows = objects(document["results"]["results"], "results.results", path=path)
    return _log(rows, path=path, version=written(version))


def promptfoo_lines(rows: Iterable[dict[str, Any]], *, path: Path) -> ToolLog:
    """The log in JSON lines.

    Raises:
        TableError: A line is no result.
    """
    return _log(list(rows), path=path, version=None)


def _log(rows: list[dict[str, Any]], *, path: Path, version: str | None) -> ToolLog:
    if not rows:
        raise TableError(f"{str(path)!r} holds no results; run promptfoo again.")
    nested: set[str] = set()
    answers = tuple(_answer(row, number, nested=nested, path=path) for number, row in enumerate(rows, 1))
    return ToolLog(
        tool="promptfoo",
        name=path.name,
        version=version,
        answers=answers,
        nested=tuple(sorted(nested)),
        main_score="success",
        single=("prompt",),
    )


def _answer(row: dict[str, Any], number: int, *, nested: set[str], path: Path) -> LoggedAnswer:
    case = row.get("testCase")
    if not isinstance(case, dict) or not isinstance(row.get("success"), bool):
        raise TableError(
            f"result {number} of {str(path)!r} has no 'testCase' or no 'success'; promptfoo writes both for each test."
        )
    fields: dict[str, str | None] = {"prompt": written(row.get("promptIdx"))}
    flat("vars", case.get("vars") or {}, into=fields, nested=nested)
    flat("metadata", case.get("metadata") or {}, into=fields, nested=nested)
    if case.get("description"):
        fields["description"] = written(case["description"])
    response = row["response"] if isinstance(row.get("response"), dict) else {}
    said = text_of(response.get("output"))
    error = _error(row, response, said)
    named = row["namedScores"] if isinstance(row.get("namedScores"), dict) else {}
    scores = {"success": row["success"], "score": row.get("score"), **{f"named.{n}": v for n, v in named.items()}}
    provider = row.get("provider")
    return LoggedAnswer(
        sample=str(row.get("testIdx", number)),
        model=written(provider.get("id")) if isinstance(provider, dict) else written(provider),
        answer=None if error else said,
        target=_target(case),
        scores={name: None if error else written(value) for name, value in scores.items()},
        fields=fields,
        error=error,
        asked=_asked(row),
        reply=None if error or said is None else Reply(text=said, finish="other"),
    )


def _error(row: dict[str, Any], response: dict[str, Any], said: str | None) -> str | None:
    """Why there is no answer; a test whose assertion was not met has one."""
    if row.get("failureReason") == _BROKEN or response.get("error") or said is None:
        return text_of(response.get("error") or row.get("error")) or "no output"
    return None


def _target(case: dict[str, Any]) -> str | None:
    wanted = case.get("assert")
    if not isinstance(wanted, list) or len(wanted) != 1 or not isinstance(wanted[0], dict):
        return None
    return written(wanted[0].get("value")) if wanted[0].get("type") == "equals" else None


def _asked(row: dict[str, Any]) -> tuple[Turn, ...] | None:
    """What was sent, where it is a list of turns."""
    prompt = row.get("prompt")
    raw = prompt.get("raw") if isinstance(prompt, dict) else None
    return turns_of(raw) if isinstance(raw, str) else None

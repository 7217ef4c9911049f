"""Results of DeepEval: what `evaluate` returns, as JSON, and the file of a test run that it writes itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evenhand.errors import TableError
from evenhand.interop.json_log import objects, text_of
from evenhand.interop.log import LoggedAnswer, ToolLog, flat, written
from evenhand.records.message import Reply

__all__ = ["deepeval_log", "is_deepeval"]

_LISTS = ("test_results", "testCases")
"""Where the results are: in what `evaluate` returns, in the file of a test run."""


def is_deepeval(document: object) -> bool:
    """Whether a JSON value holds results of DeepEval."""
    return isinstance(document, dict) and any(isinstance(document.get(name), list) for name in _LISTS)


def deepeval_log(document: dict[str, Any], *, path: Path) -> ToolLog:
    """The log in a JSON document.

    Raises:
        TableError: It holds no results, or a result is none.
    """
    name = next(name for name in _LISTS if isinstance(document.get(name), list))
    rows = objects(document[name], name, path=path)
    if not rows:
        raise TableError(f"{str(path)!r} holds no results; run DeepEval again.")
    nested: set[str] = set()
    return ToolLog(
        tool="DeepEval",
        name=path.name,
        answers=tuple(_answer(row, number, nested=nested, path=path) for number, row in enumerate(rows, 1)),
        nested=tuple(sorted(nested)),
        main_score="success",
        notes=("DeepEval does not log which model answered.",),
    )


def _answer(row: dict[str, Any], number: int, *, nested: set[str], path: Path) -> LoggedAnswer:
    metrics = _either(row, "metrics_data", "metricsData")
    if not isinstance(row.get("success"), bool) or not isinstance(metrics, list | None):
        raise TableError(
            f"result {number} of {str(path)!r} has no 'success' or no list of metrics; DeepEval writes both for each."
        )
    given = objects(metrics or [], "metrics_data", path=path)
    errors = [text_of(one["error"]) for one in given if one.get("error")]
    scores: dict[str, str | None] = {f"{one.get('name')}": written(one.get("score")) for one in given}
    fields: dict[str, str | None] = {}
    flat(
        "metadata",
        _either(row, "metadata", "additional_metadata", "additionalMetadata") or {},
        into=fields,
        nested=nested,
    )
    fields |= {f"metadata.{name}": written(row[name]) for name in ("dataset", "index") if name in row}
    said = text_of(_either(row, "actual_output", "actualOutput"))
    return LoggedAnswer(
        sample=written(row.get("name")) or str(number),
        answer=said,
        target=text_of(_either(row, "expected_output", "expectedOutput")),
        scores={"success": None if errors else written(row["success"]), **scores},
        fields=fields,
        error=errors[0] if errors else None,
        reply=None if said is None else Reply(text=said, finish="other"),
    )


def _either(row: dict[str, Any], *names: str) -> Any:
    """The first of some fields that holds something."""
    return next((row[name] for name in names if row.get(name) is not None), None)

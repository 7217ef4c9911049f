"""Samples of the lm-evaluation-harness: `lm-eval run --log_samples --output_path DIR`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evenhand.errors import TableError
from evenhand.interop.json_log import json_document, text_of, turns_of
from evenhand.interop.log import LoggedAnswer, ToolLog, Turn, flat, written
from evenhand.records.message import Reply

__all__ = ["is_lm_eval_line", "lm_eval_log", "samples_file"]

_LINE = {"doc_id", "doc", "target", "resps", "filtered_resps"}
_RIGHT = ("exact_match", "acc")
"""Metrics that say whether an answer is right, in the order in which they are taken."""
_PREFIX = "samples_"


def is_lm_eval_line(row: dict[str, Any]) -> bool:
    """Whether a JSON object is a line of a file of samples."""
    return row.keys() >= _LINE


def samples_file(folder: Path) -> Path | None:
    """The file of samples in a folder that lm-eval wrote, or in a folder of it; None where there is none.

    Raises:
        TableError: There are several.
    """
    found = sorted(folder.rglob(f"{_PREFIX}*.jsonl"))
    if len(found) > 1:
        names = ", ".join(repr(str(path.relative_to(folder))) for path in found[:6])
        raise TableError(f"{str(folder)!r} holds {len(found)} files of samples ({names}); name one of them.")
    return found[0] if found else None


def lm_eval_log(rows: Iterable[dict[str, Any]], *, path: Path) -> ToolLog:
    """The log in a file of samples, with the model's name and the version from the results beside it.

    Raises:
        TableError: A line is no sample.
    """
    results = _results(path)
    model, version = results.get("model_name"), results.get("lm_eval_version")
    nested: set[str] = set()
    answers = tuple(
        _answer(row, number, model=written(model), nested=nested, path=path) for number, row in enumerate(rows, 1)
    )
    metrics = dict.fromkeys(name for answer in answers for name in answer.scores)
    main = next((name for name in _RIGHT if name in metrics), None)
    notes = ["lm-eval does not log how an answer ended: one that is more than the answer alone may have been cut off."]
    if not results:
        notes.append("No results file lies beside the samples, so the log does not name the model.")
    return ToolLog(
        tool="lm-evaluation-harness",
        name=path.name,
        version=written(version),
        answers=answers,
        nested=tuple(sorted(nested)),
        main_score=main,
        single=("filter",),
        notes=tuple(notes),
    )


def _results(path: Path) -> dict[str, Any]:
    """The results that were written with the samples: the same time in the name; empty where there are none."""
    for beside in sorted(path.parent.glob("results_*.json")):
        if path.stem.endswith(beside.stem[len("results") :]):
            found = json_document(beside)
            return found if isinstance(found, dict) else {}
    return {}


def _answer(row: dict[str, Any], number: int, *, model: str | None, nested: set[str], path: Path) -> LoggedAnswer:
    metrics = row.get("metrics")
    if not is_lm_eval_line(row) or not isinstance(row["doc"], dict) or not isinstance(metrics, list | None):
        raise TableError(
            f"line {number} of {str(path)!r} is no sample of lm-eval; one has {', '.join(sorted(_LINE))} and a 'doc' "
            f"that is an object."
        )
    fields: dict[str, str | None] = {"filter": written(row.get("filter"))}
    flat("doc", row["doc"], into=fields, nested=nested)
    said = _response(row["resps"])
    filtered = row["filtered_resps"]
    shown = filtered[0] if isinstance(filtered, list) and filtered and isinstance(filtered[0], str) else None
    scores = {str(name): written(row.get(str(name))) for name in metrics or () if not _nested(row.get(str(name)))}
    return LoggedAnswer(
        sample=str(row["doc_id"]),
        model=model,
        answer=shown if shown is not None else said,
        target=written(row["target"]) if not _nested(row["target"]) else None,
        scores=scores,
        fields=fields,
        asked=_asked(row.get("arguments")),
        reply=None if said is None else Reply(text=said, finish="other"),
    )


def _response(resps: object) -> str | None:
    """The text of the only answer; None for log-likelihoods and for several answers."""
    while isinstance(resps, list) and len(resps) == 1:
        resps = resps[0]
    return resps if isinstance(resps, str) else None


def _asked(arguments: object) -> tuple[Turn, ...] | None:
    """What was sent, where it was sent as a chat."""
    if not isinstance(arguments, dict) or len(arguments) != 1:
        return None
    (given,) = arguments.values()
    sent = given.get("arg_0") if isinstance(given, dict) else None
    if isinstance(sent, list) and len(sent) == 1:
        sent = sent[0]
    return turns_of(text_of(sent) or "")


def _nested(value: object) -> bool:
    return isinstance(value, list | dict)

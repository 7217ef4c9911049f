"""Which tool wrote a file or folder, told from what is in it."""

from __future__ import annotations

from itertools import chain, islice
from pathlib import Path

import polars as pl

from evenhand.analysis.table.table_file import table_file
from evenhand.errors import TableError
from evenhand.interop.deepeval import deepeval_log, is_deepeval
from evenhand.interop.inspect_log import inspect_frame, inspect_log, is_inspect_document, is_inspect_frame
from evenhand.interop.json_log import json_document, json_lines
from evenhand.interop.lm_eval import is_lm_eval_line, lm_eval_log, samples_file
from evenhand.interop.log import ToolLog
from evenhand.interop.openai_evals import is_openai_evals_line, openai_evals_log
from evenhand.interop.promptfoo import is_promptfoo, is_promptfoo_line, promptfoo_lines, promptfoo_log

__all__ = ["KNOWN_LOGS", "open_log"]

KNOWN_LOGS = (
    "logs of Inspect (.eval, .json, data frames of samples), samples of lm-eval (a folder or .jsonl), results of "
    "promptfoo (.json, .jsonl), results of DeepEval (.json) and logs of OpenAI's evals (.jsonl)"
)
_PACKED = (".gz", ".bz2", ".xz")
_LINES = (".jsonl", ".ndjson")
_TABLES = (".csv", ".parquet")


def open_log(path: Path) -> ToolLog | None:
    """The log in a file or folder; None for a table of nobody's in particular.

    Raises:
        TableError: It cannot be read, or is a JSON document or a folder of no tool that is known.
        MissingExtraError: It is a log of Inspect, and Inspect is not installed.
    """
    if path.is_dir():
        return _in_folder(path)
    suffix = _suffix(path)
    if suffix == ".eval":
        return inspect_log(path)
    if suffix == ".json":
        return _document(path)
    if suffix in _LINES:
        return _lines(path)
    return _frame(path) if suffix in _TABLES else None


def _suffix(path: Path) -> str:
    """The suffix without that of a compression."""
    bare = path.with_suffix("") if path.suffix.lower() in _PACKED else path
    return bare.suffix.lower()


def _in_folder(folder: Path) -> ToolLog:
    samples = samples_file(folder)
    if samples is not None:
        return lm_eval_log(json_lines(samples), path=samples)
    logs = sorted(folder.glob("*.eval"))
    if len(logs) == 1:
        return inspect_log(logs[0])
    if logs:
        names = ", ".join(repr(path.name) for path in logs[:6])
        raise TableError(f"{str(folder)!r} holds {len(logs)} logs of Inspect ({names}); name one of them.")
    raise TableError(
        f"{str(folder)!r} is neither a run directory (it has no plan.json) nor a folder with a log; known are "
        f"{KNOWN_LOGS}."
    )


def _document(path: Path) -> ToolLog:
    document = json_document(path)
    if is_promptfoo(document):
        return promptfoo_log(document, path=path)
    if is_deepeval(document):
        return deepeval_log(document, path=path)
    if is_inspect_document(document):
        return inspect_log(path)
    found = f"an object with {', '.join(map(repr, islice(document, 8)))}" if isinstance(document, dict) else "no object"
    raise TableError(f"{str(path)!r} is JSON of no tool that is known ({found}); known are {KNOWN_LOGS}.")


def _lines(path: Path) -> ToolLog | None:
    rows = json_lines(path)
    try:
        first = next(rows, None)
    except TableError:
        return None  # the reader of tables says what is wrong, and reads more than JSON does
    if first is None:
        return None
    everything = chain((first,), rows)
    if is_lm_eval_line(first):
        return lm_eval_log(everything, path=path)
    if is_promptfoo_line(first):
        return promptfoo_lines(everything, path=path)
    return openai_evals_log(everything, path=path) if is_openai_evals_line(first) else None


def _frame(path: Path) -> ToolLog | None:
    if not path.is_file():
        return None
    if path.suffix.lower() == ".parquet":
        try:
            columns = list(pl.read_parquet_schema(path))
        except (pl.exceptions.PolarsError, OSError):
            return None  # the reader of tables says what is wrong
    else:
        with path.open("rb") as stream:
            columns = stream.readline(1 << 16).decode("utf-8", "replace").strip().replace('"', "").split(",")
    return inspect_frame(table_file(path).frame, path=path) if is_inspect_frame(columns) else None

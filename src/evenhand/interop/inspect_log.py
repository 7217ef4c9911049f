"""Logs of Inspect AI: `.eval` and `.json`, by Inspect's own reader (extra `inspect`), and data frames of samples."""

from __future__ import annotations

import struct
import zipfile
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

from evenhand.endpoints.inspect_ai import reply_of_output
from evenhand.errors import MissingExtraError, TableError
from evenhand.interop.json_log import text_of
from evenhand.interop.log import LoggedAnswer, ToolLog, Turn, flat, written
from evenhand.interop.packed_plan import PLAN_FIELD, unpacked
from evenhand.records.message import Reply

__all__ = ["inspect_frame", "inspect_log", "is_inspect_document", "is_inspect_frame"]

_GRADES = {"C": "1", "P": "0.5", "I": "0", "N": None}
"""Inspect's letters for correct, partly correct, incorrect and no answer; without an answer there is no score."""
_FRAME = {"sample_id", "eval_id", "id", "epoch"}
"""Columns that every data frame of samples has."""
_MOST_BYTES = 8 << 30
"""Bytes that the files in a log may have together when unpacked."""
_RATIO = 500
_HARMLESS = 256 << 20
_DAMAGED: tuple[type[Exception], ...] = (
    *(OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What Inspect's reader raises at a file that is no log, or a damaged one."""


def is_inspect_document(document: object) -> bool:
    """Whether a JSON value is a log in Inspect's JSON format."""
    return isinstance(document, dict) and {"version", "status", "eval"} <= document.keys()


def is_inspect_frame(columns: list[str]) -> bool:
    """Whether a table has the columns of `inspect_ai.analysis.samples_df`."""
    return set(columns) >= _FRAME


def inspect_log(path: Path) -> ToolLog:
    """The log in a file.

    Raises:
        MissingExtraError: Inspect AI is not installed.
        TableError: The file is no log, is damaged, or is made to fill a machine.
    """
    try:
        from inspect_ai.log import read_eval_log
    except ImportError as error:
        raise MissingExtraError(
            f"{str(path)!r} is a log of Inspect AI and needs the extra 'inspect'; install it with: pip install "
            f"'evenhand[inspect]'; or write the log as a table with inspect_ai.analysis.samples_df."
        ) from error
    _refuse_bomb(path)
    try:
        log: Any = read_eval_log(
            str(path), resolve_attachments="core", exclude_fields={"events", "store", "timelines", "events_data"}
        )
    except _raised() as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise TableError(f"{str(path)!r} cannot be read as a log of Inspect ({reason}); copy it again.") from error
    if not log.samples:
        raise TableError(
            f"{str(path)!r} holds no samples (status {log.status!r}); name a log whose samples were logged."
        )
    return _tool_log(log, path)


def _raised() -> tuple[type[Exception], ...]:
    """The same, with the errors of the libraries by which Inspect unpacks and parses a log."""
    found: list[type[Exception]] = []
    for module, name in (("zstandard", "ZstdError"), ("ijson.common", "JSONError")):
        try:
            found.append(getattr(import_module(module), name))
        except ImportError:  # Inspect reads with something else, then
            continue
    return (*_DAMAGED, *found)


def _tool_log(log: Any, path: Path) -> ToolLog:
    nested: set[str] = set()
    answers = tuple(_answer(sample, model=log.eval.model, nested=nested) for sample in log.samples)
    planned = log.eval.dataset.samples
    notes = [] if log.status == "success" else [f"The log ends with the status {log.status!r}: not all was asked."]
    if planned is not None and log.status != "success":
        notes.append(f"It holds {len(answers):,} answers; its dataset has {planned:,} samples.")
    packages = log.eval.packages or {}
    scorers = dict.fromkeys(name for answer in answers for name in answer.scores)
    packed = (log.eval.metadata or {}).get(PLAN_FIELD)
    return ToolLog(
        tool="Inspect",
        name=path.name,
        version=written(packages.get("inspect_ai")),
        answers=answers,
        nested=tuple(sorted(nested)),
        main_score=next(iter(scorers)) if len(scorers) == 1 else None,
        notes=tuple(notes),
        plan=unpacked(packed, where=f"the metadata of {str(path)!r}") if isinstance(packed, str) else None,
    )


def _answer(sample: Any, *, model: str, nested: set[str]) -> LoggedAnswer:
    fields: dict[str, str | None] = {}
    metadata = sample.metadata or {}
    flat("metadata", metadata, into=fields, nested=nested)
    error = None if sample.error is None else str(sample.error.message)
    reply = _reply(sample, letters=str(metadata.get("letters") or "")) if error is None else None
    target = (
        sample.target if isinstance(sample.target, str) else (sample.target[0] if len(sample.target) == 1 else None)
    )
    return LoggedAnswer(
        sample=str(sample.id),
        repeat=sample.epoch,
        model=model,
        answer=None if reply is None else reply.text,
        target=target,
        scores={} if error is not None else _scores(sample.scores or {}, nested=nested),
        fields=fields,
        error=error if reply is not None or error is not None else "the log holds no answer",
        asked=_asked(sample.input),
        reply=reply,
    )


def _reply(sample: Any, *, letters: str) -> Reply | None:
    output = sample.output
    if output is None or not output.choices:
        return None
    logprobs = bool(letters) and output.choices[0].logprobs is not None
    return reply_of_output(output, letters=tuple(letters), logprobs=logprobs, seconds=float(output.time or 0.0))


def _scores(scores: dict[str, Any], *, nested: set[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name, score in scores.items():
        flat(str(name), score.value, into=found, nested=nested)
    return {name: _GRADES.get(value, value) if value is not None else None for name, value in found.items()}


def _asked(given: Any) -> tuple[Turn, ...]:
    if isinstance(given, str):
        return (("user", given),)
    return tuple((str(turn.role), str(turn.text)) for turn in given)


def inspect_frame(frame: pl.DataFrame, *, path: Path) -> ToolLog:
    """The log in a data frame of samples, as a file holds it.

    Raises:
        TableError: A repeat is no number.
    """
    answers = []
    for row in frame.iter_rows(named=True):
        fields = {f"metadata.{name[9:]}": written(value) for name, value in row.items() if name.startswith("metadata_")}
        scores = {name[6:]: written(value) for name, value in row.items() if name.startswith("score_")}
        error = text_of(row.get("error")) or None
        epoch = written(row["epoch"]) or ""
        if not epoch.isdigit():
            raise TableError(
                f"the column 'epoch' of {str(path)!r} holds {epoch!r}, no number; export the samples again."
            )
        answers.append(
            LoggedAnswer(
                sample=written(row["id"]) or "",
                repeat=int(epoch),
                model=written(row.get("model")) or _used(row.get("model_usage")),
                target=written(row.get("target")),
                scores={
                    name: None if error or value is None else _GRADES.get(value, value)
                    for name, value in scores.items()
                },
                fields=fields,
                error=error,
            )
        )
    names = dict.fromkeys(name for answer in answers for name in answer.scores)
    return ToolLog(
        tool="Inspect",
        name=path.name,
        answers=tuple(answers),
        main_score=next(iter(names)) if len(names) == 1 else None,
        notes=("It is a data frame of samples, which holds scores and no answers.",),
    )


def _used(usage: object) -> str | None:
    """The only model that used tokens; None where there are several, or the column is absent."""
    from json import loads

    try:
        found = loads(usage) if isinstance(usage, str) else None
    except (ValueError, RecursionError):
        return None
    return str(next(iter(found))) if isinstance(found, dict) and len(found) == 1 else None


def _refuse_bomb(path: Path) -> None:
    """Refuse an archive that unpacks to far more than its size.

    Raises:
        TableError: It does, or it is no archive.
    """
    if path.suffix.lower() != ".eval":
        return
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise TableError(f"{str(path)!r} cannot be read as a log of Inspect ({error}); copy it again.") from error
    if size > _MOST_BYTES or size > max(_HARMLESS, _RATIO * path.stat().st_size):
        raise TableError(
            f"{str(path)!r} has {path.stat().st_size:,} bytes and states {size:,} when unpacked; such a file is made "
            f"to fill a machine; run the eval again."
        )

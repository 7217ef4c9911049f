"""A YAML or JSON file as read: its value, and where in the file each field is.

Banks and cohorts are edited by hand, so a wrong field is named by file, line, record and field, with the next step.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml
from msgspec import Struct

from evenhand.bank.yaml_file import PlainLoader, load_yaml
from evenhand.errors import InputError
from evenhand.records.item import Appraisal, Bank, Item, Option, Pilot, RatingOrder
from evenhand.records.profile import Cohort, Fact, Factor, Level, Profile
from evenhand.records.question import Question, QuestionSet
from evenhand.records.validation import Criteria, Validation

__all__ = ["Document", "convert_document", "line_of", "parse_document", "read_bytes", "read_document"]

T = TypeVar("T")

_LARGEST = 16_000_000
"""Bytes; the largest file that is read."""
_MOST_VALUES = 500_000
"""Values of a JSON file, counted by the characters that part them, as nothing is built yet."""
_LINES_WITHIN = 2_000_000
"""Bytes; in a larger file no line is looked for."""
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")
_UNKNOWN = re.compile(r"unknown field `([^`]+)`")
_RECORDS: tuple[type[Struct], ...] = (
    Bank,
    Item,
    Option,
    Appraisal,
    Pilot,
    RatingOrder,
    Fact,
    Cohort,
    Factor,
    Level,
    Profile,
    Question,
    QuestionSet,
    Criteria,
    Validation,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class Document(Struct, frozen=True, kw_only=True):
    """A parsed file."""

    source: str
    """File name or description, for messages."""
    value: Any
    """Mappings, sequences and scalars as the file has them."""
    data: bytes
    """The file as read."""


def read_bytes(path: Path, *, error: type[InputError]) -> bytes:
    """The file's bytes.

    Raises:
        InputError: as `error`, when the file cannot be read, or has more than 16 million bytes.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as cause:
        reason = (cause.strerror or type(cause).__name__).lower()
        raise error(f"{str(path)!r} cannot be read ({reason}); check the path and its permissions") from cause
    if len(data) > _LARGEST:
        raise error(f"{str(path)!r} has more than {_LARGEST:,} bytes; split it into several files")
    return data


def read_document(path: Path, *, error: type[InputError]) -> Document:
    """Read and parse a YAML or JSON file.

    Raises:
        InputError: as `error`, when the file cannot be read or parsed.
    """
    return parse_document(read_bytes(path, error=error), source=str(path), error=error)


def parse_document(data: bytes, *, source: str, error: type[InputError]) -> Document:
    """Parse YAML or JSON; text that starts with a brace is JSON.

    Raises:
        InputError: as `error`, with line and column, when the bytes are not UTF-8, not YAML or JSON, name a key
            twice, or would be far larger in memory than in the file (depth, aliases, number of values).
    """
    text = _decode_text(data, source=source, error=error)
    if not text.strip():
        raise error(f"{source!r} is empty; a bank or cohort file starts with its schema line")
    try:
        value = _load_json(text) if text.lstrip().startswith("{") else load_yaml(text)
    except (yaml.YAMLError, msgspec.DecodeError, ValueError, RecursionError) as cause:
        raise error(f"{source!r} is not readable as YAML or JSON: {_parse_reason(cause)}; mend that place") from cause
    return Document(source=source, value=value, data=data)


def _load_json(text: str) -> Any:
    values = sum(map(text.count, ",[{"))
    if values > _MOST_VALUES:
        raise ValueError(f"about {values:,} values, {_MOST_VALUES:,} are allowed; split the file")
    return msgspec.json.decode(text)


def _decode_text(data: bytes, *, source: str, error: type[InputError]) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        line = data.count(b"\n", 0, cause.start) + 1
        raise error(
            f"{source!r}, line {line}: byte {data[cause.start]:#04x} is not UTF-8; save the file with encoding UTF-8"
        ) from cause
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise error(f"{source!r}, line {line}: control character {found.group()!r} is not allowed in text; remove it")
    return text


def _parse_reason(cause: Exception) -> str:
    mark = getattr(cause, "problem_mark", None)
    if mark is None:
        return "nested too deeply" if isinstance(cause, RecursionError) else _cut(str(cause), 200)
    problem = getattr(cause, "problem", None) or "it breaks off"
    return f"line {mark.line + 1}, column {mark.column + 1}: {_cut(problem, 200)}"


def convert_document(document: Document, type_: type[T], *, error: type[InputError]) -> T:
    """The document as a record.

    Raises:
        InputError: as `error`, naming file, line, record id, field and what was expected there.
    """
    try:
        return msgspec.convert(document.value, type_, strict=True)
    except msgspec.ValidationError as cause:
        raise error(_explain(document, str(cause))) from cause
    except RecursionError as cause:
        raise error(f"{document.source!r} refers to itself (a YAML alias within its own anchor); remove it") from cause


def _explain(document: Document, message: str) -> str:
    problem, _, place = message.partition(" - at ")
    path = _steps(place)
    line = line_of(document, path)
    owner = _owner(document.value, path)
    where = f"{document.source!r}"
    where += f", line {line}" if line is not None else ""
    where += f", {owner}" if owner else ""
    field = place.strip("`").removeprefix("$.") or "the whole file"
    return f"{where}, field {field!r}: {problem[:1].lower()}{problem[1:]}; {_hint(document.value, path, problem)}"


def _steps(place: str) -> tuple[str | int, ...]:
    return tuple(name or int(index) for name, index in _STEP.findall(place))


def _owner(value: Any, path: Sequence[str | int]) -> str:
    """The innermost record on the way that has an id."""
    owner = ""
    for step in path:
        value = _descend(value, step)
        if isinstance(value, dict) and isinstance(value.get("id"), str):
            owner = f"record {value['id']!r}"
    return owner


def _descend(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _hint(value: Any, path: Sequence[str | int], problem: str) -> str:
    for step in path:
        value = _descend(value, step)
    if found := _UNKNOWN.search(problem):
        known = [name for record in _RECORDS for name in record.__struct_fields__]
        near = difflib.get_close_matches(found.group(1), known, n=1)
        return f"did you mean {near[0]!r}?" if near else "remove it, or correct its name"
    if "missing required field" in problem:
        return "add it"
    if "Expected `str`" in problem and isinstance(value, bool | int | float):
        return f"put quotes round {value!r} where it is meant as text"
    return f"got {_short(value)}; correct it"


def _short(value: Any) -> str:
    if isinstance(value, list | dict) and len(value) > 20:
        return f"{len(value):,} {'entries' if isinstance(value, list) else 'fields'}"
    return _cut(repr(value), 60)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def line_of(document: Document, path: Sequence[str | int]) -> int | None:
    """The 1-based line at which the field at `path` starts; None where it has no such place or is over 2 MB."""
    if len(document.data) > _LINES_WITHIN:
        return None
    try:
        node = yaml.compose(document.data.decode("utf-8-sig"), Loader=PlainLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return None
    line: int | None = None
    for step in path:
        found = _child(node, step)
        if found is None:
            break
        line, node = found
    return line


def _child(node: Any, step: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, child
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child = node.value[step]
        return child.start_mark.line + 1, child
    return None

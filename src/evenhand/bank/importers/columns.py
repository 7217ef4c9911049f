"""Any table of questions: a CSV or JSONL file and a map that says which column is what."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TypeVar, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from evenhand.bank.importers.keys import KEY_BASES, KeyBase, KeyCell, places_of
from evenhand.bank.importers.rows import SourceRow, read_rows, row_text, row_texts
from evenhand.bank.importers.settings import Progress, Settings, SourceHead
from evenhand.errors import BankError, UsageError
from evenhand.records.item import STRATEGIES, Bank, Context, Difficulty, Item, ItemKind, Option, Strategy

__all__ = ["OPTIONS", "read_columns"]

OPTIONS = {
    "stem": "column of the situation (required)",
    "options": "columns of the options, with commas between, or one column that holds a list (required)",
    "key": "column of the best option: its letter, its number from 1, or its text (required without weights)",
    "key_base": "what keys are: 0 or 1 (where numbers count from), letter, or text (decided over the column)",
    "weights": "columns of the weights in [0, 1], with commas between, or one column that holds a list",
    "strategies": "columns of the strategies of the options, with commas between",
    "question": "column of the question",
    "ask": "the question itself, where all items share it",
    "id": "column of the id (without it: item-1, item-2, ...)",
    "context": "column of the context",
    "difficulty": "column of the difficulty",
    "tags": "columns carried along as tags, with commas between",
    "kind": "understanding or management (management where weights are given)",
    "language": "language of the items",
}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_CONTEXTS: tuple[Context, ...] = get_args(Context)
_DIFFICULTIES: tuple[Difficulty, ...] = get_args(Difficulty)
_W = TypeVar("_W", bound=str)
_ASK = {"understanding": "Which answer fits best?", "management": "What would be best to do?"}


class _Map(Struct, frozen=True, kw_only=True):
    """Which column is what."""

    stem: str
    options: tuple[str, ...]
    key: str | None
    key_base: KeyBase | None
    weights: tuple[str, ...]
    strategies: tuple[str, ...]
    question: str | None
    ask: str
    id: str | None
    context: str | None
    difficulty: str | None
    tags: tuple[str, ...]
    kind: ItemKind


def read_columns(path: Path, *, settings: Settings, progress: Progress) -> Bank:
    """A table as a bank.

    Raises:
        UsageError: The map lacks a required column or contradicts itself.
        BankError: Naming file, line and column of what is wrong.
    """
    columns = _column_map(settings)
    items: list[Item] = []
    keys: list[KeyCell] = []
    for number, row in enumerate(read_rows(path, progress=progress), 1):
        item = _item(row, columns, number=number)
        items.append(item)
        if columns.key is not None:
            texts = tuple(option.text for option in item.options)
            keys.append(KeyCell(row=row, value=row_text(row, columns.key), texts=texts))
    if columns.key is not None:
        places = places_of(keys, column=columns.key, base=columns.key_base)
        items = [replace(item, key=_LETTERS[place]) for item, place in zip(items, places, strict=True)]
    if not items:
        raise BankError(f"{str(path)!r} has no rows; a bank needs at least one item")
    sheet = settings.sheet(
        SourceHead(
            name=path.stem.replace(" ", "-"),
            version="1",
            source=f"{path.name}, imported with a column map",
            licence="not stated",
            redistribute=False,
            validated=False,
        )
    )
    return Bank(
        name=sheet.name,
        version=sheet.version,
        source=sheet.source,
        licence=sheet.licence,
        redistribute=sheet.redistribute,
        validated=sheet.validated,
        language=settings.text("language", "en"),
        items=tuple(items),
    )


def _column_map(settings: Settings) -> _Map:
    stem, options = settings.maybe("stem"), _split(settings.maybe("options"))
    key, weights = settings.maybe("key"), _split(settings.maybe("weights"))
    for name, given in (("stem", stem), ("options", options), ("key", key or weights)):
        if not given:
            also = " (or 'weights')" if name == "key" else ""
            raise UsageError(f"format 'columns' needs option {name!r}{also}; name the column, as in {name}=COLUMN")
    if len(weights) > 1 and len(weights) != len(options):
        raise UsageError(f"{len(weights)} columns of weights for {len(options)} of options; give one each")
    strategies = _split(settings.maybe("strategies"))
    if strategies and len(strategies) != len(options):
        raise UsageError(f"{len(strategies)} columns of strategies for {len(options)} of options; give one each")
    kind = settings.choice("kind", ("understanding", "management"), "management" if weights else "understanding")
    if kind == "management" and not weights:
        raise UsageError("kind is 'management', which needs option 'weights'; name the columns of the weights")
    return _Map(
        stem=stem or "",
        options=options,
        key=key,
        key_base=_key_base(settings, key=key),
        weights=weights,
        strategies=strategies,
        question=settings.maybe("question"),
        ask=settings.text("ask", _ASK[kind]),
        id=settings.maybe("id"),
        context=settings.maybe("context"),
        difficulty=settings.maybe("difficulty"),
        tags=_split(settings.maybe("tags")),
        kind="management" if kind == "management" else "understanding",
    )


def _key_base(settings: Settings, *, key: str | None) -> KeyBase | None:
    stated = settings.maybe("key_base")
    if stated is None:
        return None
    if key is None:
        raise UsageError("option 'key_base' says how to read option 'key', which is not given; name the column")
    settings.choice("key_base", KEY_BASES, "text")
    return next(base for base in KEY_BASES if base == stated)


def _split(value: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (value or "").split(",") if part.strip())


def _item(row: SourceRow, columns: _Map, *, number: int) -> Item:
    texts = _option_texts(row, columns)
    weights = _weights(row, columns, count=len(texts))
    strategies = _strategies(row, columns, count=len(texts))
    options = tuple(
        Option(id=_LETTERS[place], text=text, weight=weights[place], strategy=strategies[place])
        for place, text in enumerate(texts)
    )
    return Item(
        id=row_text(row, columns.id) if columns.id else f"item-{number}",
        kind=columns.kind,
        stem=row_text(row, columns.stem),
        question=row_text(row, columns.question) if columns.question else columns.ask,
        options=options,
        key=_best(weights),
        context=_word(row, columns.context, _CONTEXTS),
        difficulty=_word(row, columns.difficulty, _DIFFICULTIES),
        tags=tuple(row_text(row, tag) for tag in columns.tags),
    )


def _option_texts(row: SourceRow, columns: _Map) -> tuple[str, ...]:
    if len(columns.options) == 1:
        texts = row_texts(row, columns.options[0])
    else:
        texts = tuple(row_text(row, column) for column in columns.options)
    if not 2 <= len(texts) <= len(_LETTERS):
        raise BankError(f"{row.source!r}, line {row.line}: {len(texts)} options; 2 to {len(_LETTERS)} are allowed")
    return texts


def _weights(row: SourceRow, columns: _Map, *, count: int) -> tuple[float | None, ...]:
    if not columns.weights:
        return (None,) * count
    if len(columns.weights) == 1:
        values = row.fields.get(columns.weights[0])
        if isinstance(values, str):
            values = _json_list(row, columns.weights[0], values)
        cells = [str(value) for value in values] if isinstance(values, list) else []
    else:
        cells = [row_text(row, column) for column in columns.weights]
    if len(cells) != count:
        raise BankError(
            f"{row.source!r}, line {row.line}, column {columns.weights[0]!r}: {len(cells)} weights for "
            f"{count} options; give one each"
        )
    return tuple(
        _weight(row, columns.weights[min(place, len(columns.weights) - 1)], cell) for place, cell in enumerate(cells)
    )


def _json_list(row: SourceRow, column: str, text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as cause:
        raise BankError(
            f"{row.source!r}, line {row.line}, column {column!r}: {text!r} is no JSON list; mend it"
        ) from cause


def _weight(row: SourceRow, column: str, cell: str) -> float:
    try:
        weight = float(cell)
    except ValueError:
        weight = math.nan
    if not 0.0 <= weight <= 1.0:
        raise BankError(
            f"{row.source!r}, line {row.line}, column {column!r}: {cell!r} is no weight; "
            "weights are numbers in [0, 1], rescale them"
        )
    return weight


def _strategies(row: SourceRow, columns: _Map, *, count: int) -> tuple[Strategy | None, ...]:
    if not columns.strategies:
        return (None,) * count
    return tuple(_word(row, column, STRATEGIES) for column in columns.strategies)


def _word(row: SourceRow, column: str | None, allowed: tuple[_W, ...]) -> _W | None:
    if column is None or row.fields.get(column) in (None, ""):
        return None
    text = row_text(row, column)
    for word in allowed:
        if word == text.casefold():
            return word
    raise BankError(
        f"{row.source!r}, line {row.line}, column {column!r}: {text!r} is unknown; allowed: {', '.join(allowed)}"
    )


def _best(weights: tuple[float | None, ...]) -> str:
    """The option of the highest weight; the first where there are none."""
    return _LETTERS[max(range(len(weights)), key=lambda place: weights[place] or 0.0)]

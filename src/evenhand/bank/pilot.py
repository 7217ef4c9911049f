"""A blind pilot: sheets without keys for independent readers, and the counts of what they chose.

A sheet is a JSON file (`schema: evenhand.sheet/1`) with the items of one reader in a random order, their options in a
random order, and nothing else; twins are never on one sheet. Readers hand back a file of letters
(`schema: evenhand.letters/1`). A letter is turned back into an option by the words that followed it.
"""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from msgspec import Struct

from evenhand.bank.document import convert_document, read_document
from evenhand.errors import BankError
from evenhand.records.item import Bank, Item, Pilot, ReaderKind

__all__ = [
    "Letters",
    "Sheet",
    "SheetItem",
    "blind_sheets",
    "changed_items",
    "count_letters",
    "read_letters",
    "read_sheets",
    "with_pilot",
]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_INSTRUCTION = (
    "For each item choose the one best option. Answer every item from its own text. Hand back JSON: "
    '{"schema": "evenhand.letters/1", "sheet": NAME OF THIS SHEET, "readers": "person" or "language model", '
    '"answers": {ITEM ID: LETTER, ...}}, with null for an item that cannot be answered.'
)


class SheetItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One item as a reader sees it."""

    id: str
    situation: str
    question: str
    options: dict[str, str]
    """Letter -> text, in the order shown."""


class Sheet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one reader is given."""

    schema: Literal["evenhand.sheet/1"] = "evenhand.sheet/1"
    name: str
    bank: str
    instruction: str = _INSTRUCTION
    items: tuple[SheetItem, ...]


class Letters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one reader hands back."""

    schema: Literal["evenhand.letters/1"] = "evenhand.letters/1"
    sheet: str
    readers: ReaderKind
    answers: dict[str, str | None]
    """Item id -> letter; None: the reader could not or would not answer."""


def blind_sheets(bank: Bank, *, readers: int, rng: np.random.Generator) -> tuple[Sheet, ...]:
    """Sheets such that every item is read by `readers` readers and no reader sees both twins of a pair.

    Each round deals the bank onto two sheets: of a pair, each gets one twin; other items go to either in turn.

    Args:
        bank: Its keys, rationales and strategies stay behind.
        readers: Rounds, and so readers of each item; twice as many sheets come back.
        rng: For the deal, the order of the items and that of their options.
    """
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in bank.items:
        groups[item.pair or item.id].append(item)
    sheets: list[Sheet] = []
    for _ in range(readers):
        halves: tuple[list[Item], list[Item]] = ([], [])
        single = int(rng.integers(2))
        for members in groups.values():
            first = single if len(members) == 1 else int(rng.integers(2))
            single = 1 - single if len(members) == 1 else single
            for offset, item in enumerate(members):
                halves[(first + offset) % 2].append(item)
        for half in halves:
            shown = tuple(_shown(half[index], rng=rng) for index in rng.permutation(len(half)))
            sheets.append(Sheet(name=f"{bank.name}-{len(sheets) + 1}", bank=bank.name, items=shown))
    return tuple(sheets)


def _shown(item: Item, *, rng: np.random.Generator) -> SheetItem:
    order = rng.permutation(len(item.options))
    options = {_LETTERS[place]: item.options[index].text for place, index in enumerate(order)}
    return SheetItem(id=item.id, situation=item.stem.strip(), question=item.question.strip(), options=options)


def read_sheets(paths: Sequence[Path]) -> dict[str, Sheet]:
    """Sheets by name.

    Raises:
        BankError: naming file, line and field; or two sheets of one name.
    """
    sheets: dict[str, Sheet] = {}
    for path in paths:
        sheet = convert_document(read_document(path, error=BankError), Sheet, error=BankError)
        if sheet.name in sheets:
            raise BankError(f"{str(path)!r}: the sheet {sheet.name!r} is in two files; give one of them")
        sheets[sheet.name] = sheet
    return sheets


def read_letters(path: Path) -> Letters:
    """One reader's answers.

    Raises:
        BankError: naming file, line and field.
    """
    return convert_document(read_document(path, error=BankError), Letters, error=BankError)


def count_letters(
    bank: Bank, *, sheets: Mapping[str, Sheet], letters: Mapping[str, Letters]
) -> dict[str, tuple[Pilot, ...]]:
    """Item id -> how often readers of each kind chose each of its options.

    An item of a sheet that the answers leave out counts as unanswered, like an answer of null. Items whose wording has
    changed since (`changed_items`) are not counted.

    Args:
        bank: The bank that the sheets were made from.
        sheets: Sheets by name; those of other banks are passed over.
        letters: File name -> answers; those to sheets of other banks are passed over.

    Raises:
        BankError: answers to an unknown sheet or item, a letter that was not offered, or a sheet with both twins.
    """
    items = {item.id: item for item in bank.items}
    chosen: dict[tuple[str, ReaderKind], Counter[str | None]] = defaultdict(Counter)
    for source, given in letters.items():
        sheet = _sheet_of(given, sheets=sheets, source=source)
        if sheet.bank != bank.name:
            continue
        _check_answers(given, sheet=sheet, source=source)
        _check_twins(sheet, items=items)
        for shown in sheet.items:
            item = items.get(shown.id)
            if item is not None and _unchanged(shown, item):
                option = _option_of(shown, given.answers.get(shown.id), item=item, source=source)
                chosen[shown.id, given.readers][option] += 1
    counted: dict[str, tuple[Pilot, ...]] = defaultdict(tuple)
    for (name, readers), counts in sorted(chosen.items()):
        answers = {option: count for option, count in sorted(counts.items(), key=str) if option is not None}
        counted[name] += (Pilot(readers=readers, answers=answers, unanswered=counts[None]),)
    return dict(counted)


def _sheet_of(given: Letters, *, sheets: Mapping[str, Sheet], source: str) -> Sheet:
    if given.sheet in sheets:
        return sheets[given.sheet]
    near = difflib.get_close_matches(given.sheet, sheets, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"the sheets are {', '.join(sheets)}"
    raise BankError(f"{source!r}, field 'sheet': {given.sheet!r} is none of the sheets; {hint}")


def _check_answers(given: Letters, *, sheet: Sheet, source: str) -> None:
    known = {shown.id for shown in sheet.items}
    for name in given.answers:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "answer the items of that sheet only"
            raise BankError(f"{source!r}: item {name!r} is not on sheet {sheet.name!r}; {hint}")


def _check_twins(sheet: Sheet, *, items: Mapping[str, Item]) -> None:
    pairs = Counter(item.pair for shown in sheet.items if (item := items.get(shown.id)) and item.pair is not None)
    if twice := [pair for pair, count in pairs.items() if count > 1]:
        raise BankError(f"sheet {sheet.name!r} shows both twins of {twice[0]!r}; deal the sheets again")


def changed_items(bank: Bank, sheets: Mapping[str, Sheet]) -> tuple[str, ...]:
    """Ids on sheets of this bank whose wording is no longer the bank's, or that the bank has dropped.

    What readers said of them is not counted; they are to be read again.
    """
    items = {item.id: item for item in bank.items}
    own = [shown for sheet in sheets.values() if sheet.bank == bank.name for shown in sheet.items]
    return tuple(dict.fromkeys(shown.id for shown in own if not _unchanged(shown, items.get(shown.id))))


def _unchanged(shown: SheetItem, item: Item | None) -> bool:
    """Whether the item still asks what the reader saw."""
    if item is None:
        return False
    texts = sorted(option.text for option in item.options)
    return (shown.situation, shown.question) == (item.stem.strip(), item.question.strip()) and texts == sorted(
        shown.options.values()
    )


def _option_of(shown: SheetItem, letter: str | None, *, item: Item, source: str) -> str | None:
    if letter is None:
        return None
    text = shown.options.get(letter.strip().upper())
    if text is None:
        allowed = ", ".join(shown.options)
        raise BankError(f"{source!r}, item {shown.id!r}: {letter!r} was not offered; use one of {allowed}")
    return next(option.id for option in item.options if option.text == text)


def with_pilot(bank: Bank, counted: Mapping[str, tuple[Pilot, ...]]) -> Bank:
    """The bank with these counts at its items; items without new counts keep what they had."""
    return msgspec.structs.replace(bank, items=tuple(_piloted(bank.items, counted)))


def _piloted(items: Sequence[Item], counted: Mapping[str, tuple[Pilot, ...]]) -> Iterator[Item]:
    for item in items:
        yield msgspec.structs.replace(item, pilot=counted.get(item.id, item.pilot))

"""The numbered situations of a test protocol, with their options."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from evenhand.bank.importers.protocol_key import KEY_HEADING
from evenhand.bank.importers.protocol_lines import ITEM_START, OPTION_START, Line, join_lines
from evenhand.errors import BankError

__all__ = ["ProtocolItem", "split_protocol"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SAME_LINE = re.compile(r"\s*\(([A-Za-z])\)\s*")


class ProtocolItem(Struct, frozen=True, kw_only=True):
    """One item as it stands in the protocol."""

    number: int
    line: int
    """1-based line on which it starts."""
    stem: str
    options: tuple[str, ...]


class _Draft(Struct, kw_only=True):
    """An item while it is being read."""

    number: int
    line: int
    stem: list[str]
    options: list[list[str]]


def split_protocol(
    lines: Sequence[Line], *, source: str, key_heading: str | None = None
) -> tuple[tuple[ProtocolItem, ...], tuple[Line, ...]]:
    """The items, and the lines of the key table that follows them.

    Instructions before the first item are left out, examples with options among them too.

    Args:
        lines: Cleaned lines.
        source: File, for messages.
        key_heading: The line that opens the key table, where it is none of the usual ones.

    Raises:
        BankError: No items; a gap or a repeat in the numbers; options out of order; an item without options.
    """
    words = frozenset(re.findall(r"\w+-\w+", " ".join(line.text for line in lines).casefold()))
    drafts: list[_Draft] = []
    for place in range(_first_item(lines, source=source), len(lines)):
        line = lines[place]
        if drafts and drafts[-1].options and _is_heading(line.text, key_heading):
            return _finished(drafts, words=words, source=source), tuple(lines[place + 1 :])
        _take(line, drafts, following=lines[place + 1 :], source=source)
    return _finished(drafts, words=words, source=source), ()


def _is_heading(text: str, key_heading: str | None) -> bool:
    if key_heading is not None:
        return text.casefold() == " ".join(key_heading.split()).casefold()
    return KEY_HEADING.fullmatch(text) is not None


def _first_item(lines: Sequence[Line], *, source: str) -> int:
    """The line with number 1 that has options before the next number 1 or 2: instructions may be numbered too."""
    starts = [place for place, line in enumerate(lines) if _number(line) in (1, 2)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        if _number(lines[start]) == 1 and any(OPTION_START.fullmatch(line.text) for line in lines[start + 1 : end]):
            return start
    first = next((place for place, line in enumerate(lines) if _number(line) is not None), None)
    found = (
        f"; the first number is in line {lines[first].number}: {lines[first].text[:50]!r}" if first is not None else ""
    )
    raise BankError(
        f"{source!r}: no item 1 with options was found{found}; items look like `1. Situation`, options like `(a) Text`"
    )


def _number(line: Line) -> int | None:
    found = ITEM_START.fullmatch(line.text)
    return int(found.group(1)) if found else None


def _take(line: Line, drafts: list[_Draft], *, following: Sequence[Line], source: str) -> None:
    """Add a line to the item it belongs to, or open the next item."""
    number = _number(line)
    current = drafts[-1] if drafts else None
    if number is not None and _opens_item(number, current, line=line, following=following, source=source):
        found = ITEM_START.fullmatch(line.text)
        rest = found.group(2) if found else ""
        drafts.append(_Draft(number=number, line=line.number, stem=[rest] if rest else [], options=[]))
        return
    if current is None:
        return
    if OPTION_START.fullmatch(line.text) and _take_options(line, current, source=source):
        return
    (current.options[-1] if current.options else current.stem).append(line.text)


def _opens_item(number: int, current: _Draft | None, *, line: Line, following: Sequence[Line], source: str) -> bool:
    """Whether a numbered line is the next item, and not the continuation of a sentence.

    Raises:
        BankError: It is an item, but not the next one.
    """
    expected = 1 if current is None else current.number + 1
    if current is not None and not current.options:
        if number != expected:
            return False
        raise BankError(
            f"{source!r}, line {line.number}: item {number} begins, but item {current.number} (line {current.line}) "
            "has no options yet; options look like `(a) Text`"
        )
    if number == expected:
        return True
    if not _has_options(following):
        return False
    before = f"item {current.number} (line {current.line})" if current else "the start"
    problem = "a gap in" if number > expected else "a repeat in"
    raise BankError(
        f"{source!r}, line {line.number}: item {number} follows {before}, {problem} the numbers; "
        f"expected item {expected}"
    )


def _has_options(lines: Sequence[Line]) -> bool:
    """Whether option (a) comes before the next number."""
    for line in lines:
        found = OPTION_START.fullmatch(line.text)
        if found:
            return _letter(found) == "a"
        if _number(line) is not None or KEY_HEADING.fullmatch(line.text):
            return False
    return False


def _letter(found: re.Match[str]) -> str:
    return (found.group(1) or found.group(3) or found.group(5)).casefold()


def _take_options(line: Line, current: _Draft, *, source: str) -> bool:
    """Take the option, or options, of a line; False when the letter is only part of a sentence.

    Raises:
        BankError: An option is missing, or is given twice.
    """
    pieces = _pieces(line.text, expected=len(current.options))
    letter, bracketed = pieces[0][0], line.text.startswith("(")
    expected = _LETTERS[len(current.options)]
    if letter != expected:
        if not bracketed:
            return False
        raise BankError(
            f"{source!r}, line {line.number}: option ({letter}) of item {current.number} where ({expected}) was "
            "expected; options come in order, each once"
        )
    current.options.extend([text] for _, text in pieces)
    return True


def _pieces(text: str, *, expected: int) -> list[tuple[str, str]]:
    """Letter and text of each option on a line: `(a) glad (b) sad` holds two."""
    found = OPTION_START.fullmatch(text)
    if found is None:
        return []
    letter, rest = _letter(found), next((group for group in found.groups()[1::2] if group is not None), "")
    pieces: list[tuple[str, str]] = []
    while True:
        following = _LETTERS[expected + len(pieces) + 1]
        split = next((cut for cut in _SAME_LINE.finditer(rest) if cut.group(1).casefold() == following), None)
        if split is None or not text.startswith("("):
            return [*pieces, (letter, rest)]
        pieces.append((letter, rest[: split.start()]))
        letter, rest = following, rest[split.end() :]


def _finished(drafts: Sequence[_Draft], *, words: frozenset[str], source: str) -> tuple[ProtocolItem, ...]:
    items: list[ProtocolItem] = []
    for draft in drafts:
        options = tuple(join_lines(lines, words=words).strip() for lines in draft.options)
        stem = join_lines(draft.stem, words=words)
        empty = (
            "situation"
            if not stem
            else next((f"option ({letter})" for letter, text in zip(_LETTERS, options, strict=False) if not text), None)
        )
        if empty or not options:
            what = f"has an empty {empty}" if empty else "has no options"
            raise BankError(f"{source!r}, line {draft.line}: item {draft.number} {what}; fill it in")
        items.append(ProtocolItem(number=draft.number, line=draft.line, stem=stem, options=options))
    return tuple(items)

"""Key tables of test protocols: one letter per item, or one weight per option."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from evenhand.bank.importers.protocol_lines import Line
from evenhand.errors import BankError

__all__ = ["KEY_HEADING", "Token", "read_keys", "read_weights"]

KEY_HEADING = re.compile(
    r"(?:(?:table|appendix)\s*\w{0,3}\s*[.:]?\s+)?(?:the\s+|test\s+|item\s+|(?-i:[A-Z]{3,6})\s+)*"
    r"(?:scoring|answer|correct|expert|key)?[\s-]*"
    r"(?:key|keys|answers|weights|scoring|responses|solutions)(?:\s+(?:key|table|weights))?"
    r"(?:\s+(?:for|of)\s.{0,60})?\s*[:.]?",
    re.IGNORECASE,
)
"""A line that opens the key table."""
_TOKEN = re.compile(r"-?\d*[.,]\d+|-?\d+|[^\W\d_]+(?:['-][^\W\d_]+)*")


class Token(Struct, frozen=True, kw_only=True):
    """A word or number of the key table."""

    text: str
    line: int


class _Entry(Struct, frozen=True, kw_only=True):
    """What follows one item number."""

    number: int
    line: int
    words: tuple[str, ...]


def read_keys(
    lines: Sequence[Line], *, texts: Mapping[int, Sequence[str]], letters: str, source: str
) -> dict[int, str]:
    """Item number to letter, from rows such as `1 c`, `1. (c)`, `1 c 2 a 3 b`; an option's text does for its letter.

    Args:
        lines: Lines of the key table.
        texts: Item number to the texts of its options.
        letters: Letters an option may have.
        source: File, for messages.

    Raises:
        BankError: Two keys for an item, a key for an unknown item, a letter that is no option; an item without a key.
    """
    keys: dict[int, str] = {}
    places: dict[int, int] = {}
    for entry in _entries(_zipped(lines)):
        found = _letters(entry, texts=texts, letters=letters)
        if not found:
            continue
        if entry.number not in texts:
            raise BankError(
                f"{source!r}, line {entry.line}: the key table names item {entry.number}, but the items are "
                f"{min(texts)} to {max(texts)}; correct the number"
            )
        before = keys.get(entry.number)
        both = [*([before] if before else []), *found]
        if len(set(both)) > 1:
            also = f" (line {places[entry.number]} has the other)" if before else ""
            raise BankError(
                f"{source!r}, line {entry.line}: item {entry.number} has two keys, {both[0]!r} and "
                f"{next(key for key in both if key != both[0])!r}{also}; keep one"
            )
        if found[0] not in letters[: len(texts[entry.number])]:
            raise BankError(
                f"{source!r}, line {entry.line}: item {entry.number} has key {found[0]!r}, but its options are a to "
                f"{letters[len(texts[entry.number]) - 1]}; correct it"
            )
        keys[entry.number], places[entry.number] = found[0], entry.line
    for number in texts:
        if number not in keys:
            raise BankError(
                f"{source!r}: item {number} has no key in the key table that starts in line {lines[0].number}; "
                f"add a row `{number} LETTER`"
                if lines
                else f"{source!r} has no key table after its items; its heading is a line such as 'Answer key', "
                "another one is named with option key_heading"
            )
    return keys


def _tokens(lines: Sequence[Line]) -> list[Token]:
    return [Token(text=word, line=line.number) for line in lines for word in _TOKEN.findall(line.text)]


def _zipped(lines: Sequence[Line]) -> list[Token]:
    """Tokens in reading order; a row of numbers above a row of as many letters is read in columns."""
    tokens: list[Token] = []
    waiting: list[Token] = []
    for line in lines:
        row = _tokens([line])
        values = row[1:] if row and len(row[0].text) > 1 and not row[0].text.isdecimal() else row
        if len(values) > 1 and all(token.text.isdecimal() for token in values):
            tokens += waiting
            waiting = values
        elif waiting and len(values) == len(waiting) and all(len(token.text) == 1 for token in values):
            for number, letter in zip(waiting, values, strict=True):
                tokens += [number, letter]
            waiting = []
        else:
            tokens += [*waiting, *row]
            waiting = []
    return [*tokens, *waiting]


def _entries(tokens: Sequence[Token]) -> list[_Entry]:
    entries: list[_Entry] = []
    for token in tokens:
        if token.text.isdecimal():
            entries.append(_Entry(number=int(token.text), line=token.line, words=()))
        elif entries:
            last = entries[-1]
            entries[-1] = _Entry(number=last.number, line=last.line, words=(*last.words, token.text))
    return entries


def _letters(entry: _Entry, *, texts: Mapping[int, Sequence[str]], letters: str) -> list[str]:
    """The letters a row gives: its single letters, or the letter of the option whose text it holds."""
    single = [word.casefold() for word in entry.words if len(word) == 1 and word.casefold() in letters]
    if single:
        return single
    said = _plain(" ".join(entry.words))
    return [
        letter
        for letter, text in zip(letters, texts.get(entry.number, ()), strict=False)
        if said and said == _plain(text)
    ]


def _plain(text: str) -> str:
    return " ".join(_TOKEN.findall(text.casefold()))


def read_weights(
    lines: Sequence[Line], *, counts: Mapping[int, int], letters: str, source: str
) -> dict[int, tuple[float, ...]]:
    """Item number to weights in the order of its options.

    Rows are `1 .00 .25 .75 .00`, or one row per option: `1 a .00`.

    Args:
        lines: Lines of the weight table.
        counts: Item number to its number of options, in the order of the items.
        letters: Letters an option may have.
        source: File, for messages.

    Raises:
        BankError: A row is missing, too short or too long; a weight is outside [0, 1]; two rows for an item.
    """
    tokens = _without_headings(_tokens(lines), letters=letters)
    place = 0
    weights: dict[int, tuple[float, ...]] = {}
    for number, count in counts.items():
        values: list[float] = []
        place = _past_number(tokens, place, number=number, source=source)
        for letter in letters[:count]:
            place = _past_labels(tokens, place, number=number, letter=letter)
            if place >= len(tokens):
                raise _short_row(tokens, number=number, found=len(values), count=count, source=source)
            values.append(_weight(tokens[place], number=number, found=len(values), count=count, source=source))
            place += 1
        weights[number] = tuple(values)
    if place < len(tokens):
        extra = tokens[place]
        raise BankError(
            f"{source!r}, line {extra.line}: {extra.text!r} follows the weights of item {max(counts)}; "
            "there are more weights than options, remove them or add the items"
        )
    return weights


def _without_headings(tokens: Sequence[Token], *, letters: str) -> list[Token]:
    """Numbers, and letters that are between two numbers (`1 a .25`); words and column headings go."""
    kept = [
        token
        for token in tokens
        if token.text[0] in "-.," or token.text[0].isdecimal() or token.text.casefold() in letters
    ]
    return [
        token
        for place, token in enumerate(kept)
        if token.text.casefold() not in letters
        or (0 < place < len(kept) - 1 and _numeric(kept[place - 1]) and _numeric(kept[place + 1]))
    ]


def _numeric(token: Token) -> bool:
    return not token.text[0].isalpha()


def _past_number(tokens: Sequence[Token], place: int, *, number: int, source: str) -> int:
    if place < len(tokens) and tokens[place].text == str(number):
        return place + 1
    if place < len(tokens):
        found = tokens[place]
        raise BankError(
            f"{source!r}, line {found.line}: {found.text!r} where the weights of item {number} were expected; "
            "give each item one row, in order, with one weight per option"
        )
    raise BankError(
        f"{source!r}: item {number} has no weights; they are under a heading such as 'Expert weights' (another one "
        "is named with option key_heading), or in brackets behind each option"
    )


def _past_labels(tokens: Sequence[Token], place: int, *, number: int, letter: str) -> int:
    """Past the option's letter, and past the item's number where that precedes each letter."""
    following = tokens[place + 1].text.casefold() if place + 1 < len(tokens) else ""
    if place < len(tokens) and tokens[place].text == str(number) and following == letter:
        return place + 2
    if place < len(tokens) and tokens[place].text.casefold() == letter:
        return place + 1
    return place


def _weight(token: Token, *, number: int, found: int, count: int, source: str) -> float:
    try:
        value = float(token.text.replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise BankError(
            f"{source!r}, line {token.line}: {token.text!r} where weight {found + 1} of {count} of item {number} was "
            "expected; weights are numbers in [0, 1], one per option, and each item has a row"
        )
    return value


def _short_row(tokens: Sequence[Token], *, number: int, found: int, count: int, source: str) -> BankError:
    line = f", line {tokens[-1].line}" if tokens else ""
    return BankError(
        f"{source!r}{line}: item {number} has {found} weights, {count} were expected; complete the weight table"
    )

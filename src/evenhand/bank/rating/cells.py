"""From named cells of text to a rating: the one place that says what each column may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from evenhand.bank.rating.forms import flat, wording
from evenhand.errors import BankError, near_miss
from evenhand.records.item import Bank, Item, ReaderKind
from evenhand.records.rating import ASPECTS, CERTAINTIES, SCALE_TOP, Aspect, Rating, RatingQuestion

__all__ = ["Cells", "Place", "answer_columns", "known_items", "letters_of", "rating_of"]

_READERS: dict[str, ReaderKind] = {"": "person", "person": "person", "language model": "language model"}
_YES = ("y", "yes", "1", "true")
_NO = ("n", "no", "0", "false")
_SCALES: tuple[RatingQuestion, ...] = ("intensity", "effectiveness")
_LINE = re.compile(r"([A-Z])\. (.+)")


class Place(Struct, frozen=True, kw_only=True):
    """Where a rating was found, for messages."""

    source: str
    """File."""
    spot: str
    """Line or record within it, such as `line 7`."""

    def problem(self, message: str, *, column: str | None = None) -> BankError:
        """An error that names the place."""
        named = f", column {column!r}" if column is not None else ""
        return BankError(f"{self.source!r}, {self.spot}{named}: {message}")


class Cells(Struct, frozen=True, kw_only=True):
    """What one rater said of one item, as text."""

    place: Place
    item: str
    rater: str
    readers: str
    """`person`, `language model`, or empty for a person."""
    letters: Mapping[str, str]
    """Letter shown -> text of the option; empty where the source does not say."""
    wording: str
    """Hash of what was shown; empty where the source does not say."""
    answers: Mapping[str, str]
    """Column -> text; other columns are passed over."""


def answer_columns(questions: Iterable[RatingQuestion], letters: Iterable[str]) -> tuple[str, ...]:
    """Columns that hold the answers to these questions, for items with these letters."""
    shown, found = tuple(letters), list[str]()
    for question in questions:
        match question:
            case "intensity" | "effectiveness":
                found += [f"{question}_{letter}" for letter in shown]
            case "appraisal":
                found += list(ASPECTS)
            case _:
                found.append(question)
    return (*found, "note")


def letters_of(text: str) -> dict[str, str]:
    """Letter -> text of a cell with one `A. text` a line; lines of another form are passed over."""
    return {found[1]: flat(found[2]) for line in text.splitlines() if (found := _LINE.fullmatch(line.strip()))}


def known_items(bank: Bank) -> dict[str, tuple[Item, str]]:
    """Item id -> the item and the hash of its wording."""
    return {item.id: (item, wording(item)) for item in bank.items}


def rating_of(cells: Cells, *, items: Mapping[str, tuple[Item, str]], bank: str) -> Rating | None:
    """The rating; None where nothing was judged.

    Raises:
        BankError: naming place and column: an unknown item, a wording that has changed since, a letter that was not
            offered, a judgement that is none of what is allowed.
    """
    place = cells.place
    if cells.item not in items:
        raise place.problem(f"item {cells.item!r} is not in bank {bank!r}{near_miss(cells.item, items)}; use its forms")
    readers = _READERS.get(" ".join(cells.readers.casefold().split()))
    if readers is None:
        raise place.problem(
            f"{cells.readers!r} is no kind of reader{near_miss(cells.readers, _READERS)}; write person or language "
            "model",
            column="readers",
        )
    item, current = items[cells.item]
    rating = Rating(
        rater=cells.rater,
        item=cells.item,
        readers=readers,
        answer=_option(cells, "answer", item=item),
        certainty=_certainty(cells),
        sensitive=_yes_no(cells, "sensitive"),
        intensity=_scale(cells, "intensity", item=item),
        effectiveness=_scale(cells, "effectiveness", item=item),
        appraisal=_appraisal(cells),
        note=cells.answers.get("note", "").strip(),
    )
    if rating.empty:
        return None
    if cells.wording and cells.wording != current:
        raise place.problem(
            f"item {cells.item!r} was rated in other words than bank {bank!r} has now; have it rated again, or name "
            "the bank that was rated"
        )
    return rating


def _text(cells: Cells, column: str) -> str:
    return cells.answers.get(column, "").strip()


def _option(cells: Cells, column: str, *, item: Item) -> str | None:
    letter = _text(cells, column)
    return _shown(cells, letter.upper(), column, item=item) if letter else None


def _shown(cells: Cells, letter: str, column: str, *, item: Item) -> str:
    """The id of the option that this letter stood for."""
    if not cells.letters:
        raise cells.place.problem(
            "the options that the letters stand for are missing; keep the column 'options' of the form", column=column
        )
    if letter not in cells.letters:
        raise cells.place.problem(
            f"{letter!r} was not offered for item {item.id!r}; use one of {', '.join(cells.letters)}", column=column
        )
    for option in item.options:
        if flat(option.text) == cells.letters[letter]:
            return option.id
    raise cells.place.problem(
        f"item {item.id!r} has no option {cells.letters[letter]!r} any more; have it rated again", column=column
    )


def _certainty(cells: Cells) -> int | None:
    text = _text(cells, "certainty")
    if not text:
        return None
    value = _number(cells, text, "certainty", most=CERTAINTIES[-1])
    if value not in CERTAINTIES:
        raise cells.place.problem(f"{text!r} is none of {', '.join(map(str, CERTAINTIES))}", column="certainty")
    return int(value)


def _yes_no(cells: Cells, column: str) -> bool | None:
    text = _text(cells, column).casefold()
    if text and text not in (*_YES, *_NO):
        raise cells.place.problem(
            f"{text!r} is neither yes nor no; leave it empty where the item was not rated", column=column
        )
    return text in _YES if text else None


def _scale(cells: Cells, question: RatingQuestion, *, item: Item) -> dict[str, float] | None:
    prefix = f"{question}_"
    found: dict[str, float] = {}
    for column in cells.answers:
        text = _text(cells, column)
        if text and column.startswith(prefix):
            option = _shown(cells, column.removeprefix(prefix), column, item=item)
            found[option] = _number(cells, text, column, most=SCALE_TOP)
    return found or None


def _number(cells: Cells, text: str, column: str, *, most: int) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError as cause:
        raise cells.place.problem(f"{text!r} is no number; write one from 0 to {most}", column=column) from cause
    if not 0 <= value <= most:
        raise cells.place.problem(f"{text!r} is outside 0 to {most}", column=column)
    return value


def _appraisal(cells: Cells) -> dict[Aspect, str] | None:
    found: dict[Aspect, str] = {}
    for aspect, allowed in ASPECTS.items():
        said = _text(cells, aspect).casefold()
        if said and said not in allowed:
            raise cells.place.problem(
                f"{said!r} is none of {', '.join(allowed)}{near_miss(said, allowed)}", column=aspect
            )
        if said:
            found[aspect] = said
    return found or None

"""Raters' judgements whether an item is persona-sensitive: a CSV template, its reading, and the terminal form.

Raters see the situation, the question and the options, never the key.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from evenhand.bank.importers.rows import SourceRow, read_rows, row_text
from evenhand.bank.importers.settings import silent
from evenhand.errors import BankError, UsageError
from evenhand.records.item import Bank, Item

__all__ = ["COLUMNS", "QUESTION", "Rating", "annotate", "append_rating", "read_ratings", "template_csv"]

QUESTION = "Could the best answer depend on who is concerned (such as gender, age, religion, origin, means)?"
"""What raters are asked of every item."""
COLUMNS = ("item", "situation", "question", "options", "rater", "sensitive", "note")
_YES = ("y", "yes", "1", "true")
_NO = ("n", "no", "0", "false")
_HELP = "y or n, with a note after it if you like; s skip, b back, q quit"


class Rating(Struct, frozen=True, kw_only=True):
    """One rater's judgement of one item."""

    rater: str
    item: str
    sensitive: bool
    """Whether the best answer could depend on who is concerned."""
    note: str = ""


def template_csv(bank: Bank) -> str:
    """A table for a spreadsheet: one row per item, with empty `rater`, `sensitive` and `note`."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for item in bank.items:
        writer.writerow([item.id, item.stem, item.question, _options(item), "", "", ""])
    return out.getvalue()


def _options(item: Item) -> str:
    return "\n".join(f"- {option.text}" for option in item.options)


def read_ratings(paths: Sequence[Path], *, bank: Bank) -> tuple[Rating, ...]:
    """Filled-in tables, one or several raters per file.

    A blank `sensitive` means not rated; a blank `rater` means the name of the file. Where a file holds several
    judgements of an item by a rater, the last counts: the terminal form adds a row when a rater goes back.

    Raises:
        BankError: Naming file and line: an unknown item, a judgement that is neither yes nor no, an item that a rater
            judged in two files; or no judgement at all.
    """
    known = {item.id for item in bank.items}
    ratings: dict[tuple[str, str], Rating] = {}
    for path in paths:
        in_file: dict[tuple[str, str], Rating] = {}
        for row in read_rows(path, progress=silent):
            rating = _rating(row, rater=path.stem)
            if rating is None:
                continue
            if rating.item not in known:
                raise BankError(
                    f"{row.source!r}, line {row.line}: item {rating.item!r} is not in bank {bank.name!r}; "
                    "use the template of this bank"
                )
            if (rating.rater, rating.item) in ratings:
                raise BankError(
                    f"{row.source!r}, line {row.line}: rater {rating.rater!r} judged item {rating.item!r} in another "
                    "file too; keep one, or give the raters different names"
                )
            in_file[rating.rater, rating.item] = rating
        ratings |= in_file
    if not ratings:
        raise BankError(
            f"no judgements in {', '.join(repr(str(path)) for path in paths) or 'no files'}; "
            "fill in the column 'sensitive' with yes or no"
        )
    return tuple(ratings.values())


def _rating(row: SourceRow, *, rater: str) -> Rating | None:
    item, judged = row_text(row, "item"), str(row.fields.get("sensitive") or "").strip().casefold()
    if "sensitive" not in row.fields:
        raise BankError(f"{row.source!r}, line {row.line}: there is no column 'sensitive'; use the template")
    if not judged:
        return None
    if judged not in (*_YES, *_NO):
        raise BankError(
            f"{row.source!r}, line {row.line}, column 'sensitive': {judged!r} is neither yes nor no; "
            "leave it empty where the item was not rated"
        )
    name = str(row.fields.get("rater") or "").strip() or rater
    note = str(row.fields.get("note") or "").strip()
    return Rating(rater=name, item=item, sensitive=judged in _YES, note=note)


def append_rating(path: Path, rating: Rating) -> None:
    """Add one judgement to a table, which is made with its header on first use.

    Raises:
        BankError: The file cannot be written.
    """
    try:
        fresh = not path.exists() or path.stat().st_size == 0
        with path.open("a", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            if fresh:
                writer.writerow(("item", "rater", "sensitive", "note"))
            writer.writerow((rating.item, rating.rater, "yes" if rating.sensitive else "no", rating.note))
    except OSError as cause:
        raise BankError(f"{str(path)!r} cannot be written ({cause.strerror}); choose another place") from cause


def annotate(bank: Bank, *, rater: str, ask: Callable[[str], str], done: Sequence[Rating] = ()) -> Iterator[Rating]:
    """The terminal form: asks item by item and yields each judgement as soon as it is given.

    A later judgement of the same item, after going back, replaces the earlier one: the last of an item counts.

    Args:
        bank: Items to be rated.
        rater: Name of the rater.
        ask: Shows a text and returns the line typed.
        done: Judgements from before; this rater's items among them are not asked again.

    Raises:
        UsageError: The rater has no name.
    """
    if not rater.strip():
        raise UsageError("a rater needs a name; give one with --rater")
    rated = {rating.item for rating in done if rating.rater == rater}
    items = [item for item in bank.items if item.id not in rated]
    place = 0
    problem = ""
    while place < len(items):
        reply = ask(problem + _form(items[place], number=place + 1, of=len(items))).strip()
        word, _, note = reply.partition(" ")
        word = word.casefold()
        problem = ""
        if word in ("q", "quit"):
            return
        if word in ("b", "back"):
            place = max(0, place - 1)
        elif word in ("s", "skip"):
            place += 1
        elif word in (*_YES, *_NO):
            yield Rating(rater=rater, item=items[place].id, sensitive=word in _YES, note=note.strip())
            place += 1
        else:
            problem = f"{reply!r} was not understood: {_HELP}\n\n"


def _form(item: Item, *, number: int, of: int) -> str:
    return f"[{number}/{of}] {item.stem}\n\n{item.question}\n{_options(item)}\n\n{QUESTION}\n({_HELP}) "

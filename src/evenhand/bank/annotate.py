"""Raters' judgements whether an item is persona-sensitive: a CSV template and the terminal form.

Raters see the situation, the question and the options, never the key.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from evenhand.bank.rating.questions import WORDS
from evenhand.errors import BankError, UsageError
from evenhand.records.item import Bank, Item
from evenhand.records.rating import Rating

__all__ = ["COLUMNS", "annotate", "append_rating", "template_csv"]

COLUMNS = ("item", "situation", "question", "options", "rater", "sensitive", "note")
_YES = ("y", "yes", "1", "true")
_NO = ("n", "no", "0", "false")
_HELP = "y or n, with a note after it if you like; s skip, b back, q quit"


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
    return f"[{number}/{of}] {item.stem}\n\n{item.question}\n{_options(item)}\n\n{WORDS['sensitive']}\n({_HELP}) "

"""Forms as tables for a spreadsheet, and filled tables read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from evenhand.bank.importers.rows import SourceRow, read_rows, row_text
from evenhand.bank.importers.settings import silent
from evenhand.bank.rating.cells import Cells, Place, answer_columns, letters_of
from evenhand.bank.rating.forms import RatingForm
from evenhand.errors import BankError, near_miss
from evenhand.records.rating import RATING_QUESTIONS

__all__ = ["SHOWN", "form_csv", "options_text", "read_table"]

SHOWN = ("form", "item", "wording", "situation", "question", "options", "rater", "readers")
"""Columns before those of the answers."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_KNOWN = (*SHOWN, *answer_columns(RATING_QUESTIONS, _LETTERS))
_NEEDED = ("answer", "certainty", "sensitive", "cause", "intensity_A", "effectiveness_A")
"""A table without any of these has nothing to read."""


def form_csv(form: RatingForm) -> str:
    """A table with one row per item, in the order of the form, and empty columns for what is asked.

    A cell of a question that is not asked of an item has a dash.
    """
    questions = [q for q in RATING_QUESTIONS if any(q in item.asked for item in form.items)]
    letters = max((tuple(item.options) for item in form.items), key=len)
    columns = answer_columns(questions, letters)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*SHOWN, *columns))
    for item in form.items:
        fillable = {*answer_columns(item.asked, item.options)}
        shown = (form.name, item.id, item.wording, item.situation, item.question, options_text(item.options))
        writer.writerow((*shown, "", "person", *("" if column in fillable else "-" for column in columns)))
    return out.getvalue()


def options_text(options: dict[str, str]) -> str:
    """One `A. text` a line."""
    return "\n".join(f"{letter}. {text}" for letter, text in options.items())


def read_table(path: Path) -> Iterator[Cells]:
    """The rows of a filled table; a blank rater means the name of the file, a dash means not asked.

    Raises:
        BankError: The file cannot be read, has no column `item`, none of a question, or one whose name is nearly that
            of a known one.
    """
    checked = False
    for row in read_rows(path, progress=silent):
        if not checked:
            _check_columns(row)
            checked = True
        fields = {name: "" if value is None else str(value).strip() for name, value in row.fields.items()}
        yield Cells(
            place=Place(source=row.source, spot=f"line {row.line}"),
            item=row_text(row, "item"),
            rater=fields.get("rater") or path.stem,
            readers=fields.get("readers", ""),
            letters=letters_of(fields.get("options", "")),
            wording=fields.get("wording", ""),
            answers={name: "" if value == "-" else value for name, value in fields.items() if name not in SHOWN},
        )


def _check_columns(row: SourceRow) -> None:
    absent = [name for name in _KNOWN if name not in row.fields]
    for name in row.fields:
        near = near_miss(name, absent)
        if name not in _KNOWN and near:
            raise BankError(f"{row.source!r}: the column {name!r} is unknown{near}; correct its name, or remove it")
    if not any(name in row.fields for name in _NEEDED):
        raise BankError(
            f"{row.source!r}, line {row.line}: there is no column 'sensitive', 'answer' or of another question; "
            "use the form of this bank"
        )

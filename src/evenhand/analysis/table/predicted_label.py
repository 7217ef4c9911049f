"""Predicted labels as they stand in a table of predictions: which of the possible answers they name, if any.

The possible answers are the gold labels that occur, or those the user lists. Whatever names none of them is no answer:
it is counted, with examples, and never scored as wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import polars as pl
from msgspec import Struct

from evenhand.errors import TableError
from evenhand.reading.plain import plain
from evenhand.reading.read import Read, read
from evenhand.reading.shown import Shown
from evenhand.records.as_read import UnreadAnswers

__all__ = ["Answers", "LabelReader", "Labels", "answers_of", "label_read", "labels_of"]

Labels = Literal["letters", "numbers", "words"]
"""What labels are: single letters, whole numbers, or words."""
LabelReader = Callable[[str, tuple[str, ...]], str | None]
"""(text, possible answers) -> the answer that the text gives, or None."""

_OTHER = 0.05
"""Share of the answers in another form than the gold labels beyond which the table mixes forms."""
_SHOWN = 5
_LONGEST_SHOWN = 80
_EDGES = " \t\r\n\"'`*()[]{}<>.:;,"
_LETTER, _NUMBER = re.compile(r"[a-z]"), re.compile(r"(\d+)(?:\.0+)?")
_CLAIM = re.compile(r"\b(?:answer|choice|option)\b\s*(?:is|:|=)[\s:*(\[]*(\d+)\b")
_HEAD = re.compile(r"(\d+)\s*[.):]\s")
_WHOLE = re.compile(r"(?:option|answer|choice)\s*[:#]?\s*(\d+)")


class Answers(Struct, frozen=True, kw_only=True):
    """The answers of a table, read."""

    choice: pl.Series
    """In one spelling; null where the cell names no possible answer."""
    key: pl.Series
    possible: tuple[str, ...]
    empty: int
    """Cells without any text."""
    unread: tuple[UnreadAnswers, ...]
    """The most frequent answers that name none of the possible ones."""
    unread_rows: int


def answers_of(
    gold: pl.Series, prediction: pl.Series, *, possible: tuple[str, ...] = (), reader: LabelReader | None = None
) -> Answers:
    """Gold labels and predictions, in one spelling.

    Args:
        gold: Right answers.
        prediction: Answers given.
        possible: All possible answers; empty: those that occur in `gold`.
        reader: Reads longer texts; None: `label_read`.

    Raises:
        TableError: A gold label is absent, gold labels have several forms, no prediction names a possible answer, or
            many have another form.
    """
    form = labels_of(gold)
    key = gold.str.to_lowercase().str.strip_chars(_EDGES)
    key = key.str.replace(r"\.0+$", "") if form == "numbers" else key
    options = _possible(key, possible, form=form, column=gold.name)
    texts = (
        prediction.drop_nulls().alias("text").value_counts(name="rows").sort("rows", "text", descending=[True, False])
    )
    reads = reader or label_read
    found = {text: reads(text, options) for text in texts["text"].to_list()}
    unread = [(text, rows) for text, rows in texts.iter_rows() if found[text] is None]
    if found and len(unread) == len(found):
        raise TableError(
            f"no entry of the column {prediction.name!r} names one of the gold labels "
            f"{', '.join(map(repr, options[:6]))}: it holds {', '.join(repr(_short(t)) for t, _ in unread[:3])}; write "
            f"both in one form, or name a correctness column with --correct."
        )
    _refuse_mixed(unread, rows=int(texts["rows"].sum()), form=form, column=prediction.name)
    choice = prediction.replace_strict(found, default=None, return_dtype=pl.String)
    return Answers(
        choice=choice,
        key=key,
        possible=options,
        empty=prediction.null_count(),
        unread=tuple(UnreadAnswers(answer=_short(text), rows=rows) for text, rows in unread[:_SHOWN]),
        unread_rows=sum(rows for _, rows in unread),
    )


def labels_of(gold: pl.Series) -> Labels:
    """What kind of label a gold column holds.

    Raises:
        TableError: A gold label is absent, or the labels have several forms.
    """
    blank = gold.is_null()
    if blank.any():
        raise TableError(
            f"row {(blank.arg_max() or 0) + 1} has no gold label in the column {gold.name!r}; "
            f"every row needs one, or name a correctness column with --correct."
        )
    forms: dict[Labels, str] = {}
    for label in gold.unique().sort().to_list():
        forms.setdefault(_form(_bare(label)), label)
    if len(forms) > 1:
        shown = " and ".join(f"{form} ({label!r})" for form, label in forms.items())
        raise TableError(f"the gold labels in the column {gold.name!r} are {shown}; write all of them in one form.")
    return next(iter(forms))


def label_read(text: str, possible: tuple[str, ...]) -> str | None:
    """The possible answer that a text gives, by the reader that also serves the extractors (`evenhand.reading.read`).

    A letter that is only talked about ("Option A comes to mind") is no answer, and neither is a text with a word that
    happens to be a letter ("I would rather not say").
    """
    whole = _spelt(_bare(text))
    if whole in possible:
        return whole
    if all(_NUMBER.fullmatch(label) for label in possible):
        return _number_read(text, possible)
    letters = all(_LETTER.fullmatch(label) for label in possible)
    shown = Shown(tuple(label.upper() for label in possible), ()) if letters else Shown((), possible)
    found = read(text, shown)
    return possible[found.position] if isinstance(found, Read) else None


def _number_read(text: str, possible: tuple[str, ...]) -> str | None:
    """The number of a text that is nothing else, or of its last labelled claim, or that it begins with."""
    named = _WHOLE.fullmatch(_bare(text))
    if named:
        return named[1] if named[1] in possible else None
    lowered = plain(text).lower().strip()
    claims = _CLAIM.findall(lowered)
    if claims:
        return claims[-1] if claims[-1] in possible else None
    head = _HEAD.match(text.lower().lstrip(_EDGES))  # as written: `plain` takes "2)" for the mark of a list
    return head[1] if head and head[1] in possible else None


def _possible(key: pl.Series, stated: tuple[str, ...], *, form: Labels, column: str) -> tuple[str, ...]:
    occurring: list[str] = key.unique().sort().to_list()
    if not stated:
        return tuple(occurring)
    options = tuple(dict.fromkeys(_spelt(_bare(answer)) for answer in stated))
    odd = next((label for label in occurring if label not in options), None)
    if odd is not None:
        raise TableError(
            f"the gold label {odd!r} in the column {column!r} is none of the answers that --answers lists "
            f"({', '.join(map(repr, options))}); add it."
        )
    return options


def _refuse_mixed(unread: list[tuple[str, int]], *, rows: int, form: Labels, column: str) -> None:
    others = [(text, count) for text, count in unread if _form(_bare(text)) not in {form, "words"}]
    count = sum(number for _, number in others)
    if count > _OTHER * rows:
        raise TableError(
            f"the column {column!r} mixes forms: {count:,} of {rows:,} answers are like {others[0][0]!r}, but the gold "
            f"labels are {form}; write all answers in the form of the gold labels, or name a correctness column with "
            f"--correct."
        )


def _form(bare: str) -> Labels:
    if _LETTER.fullmatch(bare):
        return "letters"
    return "numbers" if _NUMBER.fullmatch(bare) else "words"


def _bare(text: str) -> str:
    return text.lower().strip(_EDGES)


def _spelt(bare: str) -> str:
    number = _NUMBER.fullmatch(bare)
    return number[1] if number else bare


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SHOWN else f"{line[: _LONGEST_SHOWN - 1]}…"

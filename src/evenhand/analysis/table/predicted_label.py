"""A predicted label as it stands in a table of predictions: which option it names, if any.

Cells that are a bare letter or number are read at once for the whole column; every other text is read once by the
reader that also serves the extractors (`evenhand.reading.read`), so that a table and a run agree on an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import polars as pl

from evenhand.errors import TableError
from evenhand.reading.declining import declines
from evenhand.reading.plain import plain
from evenhand.reading.read import Read, read
from evenhand.reading.shown import Shown

__all__ = ["Labels", "labels_of", "normalised"]

Labels = Literal["letters", "numbers", "words"]
"""What the gold labels are: single letters, whole numbers, or words."""

_LONGEST_WORD = 60
_BLANK = (
    *("", "nan", "none", "null", "na", "n/a", "unparsed", "unparsable", "invalid", "error", "refused", "refusal"),
    *("unknown", "unclear", "unsure", "undecided", "no answer", "not sure", "declined", "decline", "failed", "timeout"),
    *("truncated", "missing", "other", "n.a.", "-", "?", "i don't know", "don't know", "idk", "cannot determine"),
    *("not applicable", "no prediction", "none of the above", "blocked", "filtered", "empty", "abstain"),
)
_LETTERS = tuple("ABCDEFGHIJ")
_STRIPPED = " \t\r\n\"'`*()[]{}<>.:;,"
_LEAD = re.compile(
    r"(?:(?:so|i think|i would say|i'd say|probably)[ ,]+)?"
    r"(?:(?:the|my|final|best|correct|predicted)[ ]){0,3}(?:answer|label|emotion|prediction|choice|option|class)"
    r"[ ]?(?:is|:|=|→|would be)+[ ]*(?::[ ]*)?|(?:it's|it is|i'd say|i would say)[ ]+",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"\(?[a-j]\)?[ ]?[.):][ ]+|[a-j][ ]-[ ]", re.IGNORECASE)
_NOTE = re.compile(r"[ ]*[(\[][^()\[\]\n]{0,80}[)\]][ .]*$")
_NUMBER = re.compile(
    r"(?:(?:answer|option|choice|label|number)s?[ ]?(?:is|:|=|→|number|no\.?)?[^\w\n]{0,4})?(\d{1,9})(?:\.0{1,6})?"
    r"(?:[^\w\n]{1,3}.{0,80})?",
    re.IGNORECASE,
)


def labels_of(gold: pl.Series, *, column: str) -> Labels:
    """What kind of label a gold column holds.

    Raises:
        TableError: A gold label is absent.
    """
    blank = gold.is_null() | gold.str.to_lowercase().is_in(["", "nan", "null"])
    if blank.any():
        raise TableError(
            f"row {(blank.arg_max() or 0) + 1} has no gold label in the column {column!r}; "
            f"every row needs one, or name a correctness column with --correct."
        )
    bare = _bare(gold)
    if bare.str.contains(r"^[a-j]$").all():
        return "letters"
    if bare.str.contains(r"^\d+(\.0)?$").all():
        return "numbers"
    return "words"


def normalised(series: pl.Series, *, labels: Labels, known: Sequence[str] = ()) -> pl.Series:
    """Labels in one spelling; null where the text names no option, or more than one.

    Args:
        series: Texts.
        labels: What kind of label they should name.
        known: The words that may be named, where they are known; only for `words`.
    """
    bare = _bare(series)
    texts = series.unique().drop_nulls()
    match labels:
        case "letters":
            at_once = bare.str.extract(r"^([a-j])$")
            read_as = {text: _letter(text) for text in texts.filter(~_bare(texts).str.contains(r"^[a-j]$"))}
        case "numbers":
            at_once = bare.str.extract(r"^(\d+)(?:\.0+)?$")
            read_as = {text: _numbered(text) for text in texts.filter(~_bare(texts).str.contains(r"^\d+(\.0+)?$"))}
        case "words":
            options = Shown((), tuple(known))
            at_once = pl.repeat(None, len(series), dtype=pl.String, eager=True)
            read_as = {text: _worded(text, options) for text in texts}
    told = series.replace_strict(list(read_as), list(read_as.values()), default=None, return_dtype=pl.String)
    return at_once.fill_null(told).rename(series.name)


def _letter(text: str) -> str | None:
    reading = read(text, Shown(_LETTERS, ()))
    return _LETTERS[reading.position].lower() if isinstance(reading, Read) else None


def _numbered(text: str) -> str | None:
    bare = plain(text).strip(_STRIPPED)
    match = _NUMBER.fullmatch(bare)
    return match.group(1) if match and not declines(bare) else None


def _worded(text: str, options: Shown) -> str | None:
    """The known word a text claims; of a text that is no more than a word, that word."""
    if options.texts:
        reading = read(text, options)
        return options.texts[reading.position].lower().strip(_STRIPPED) if isinstance(reading, Read) else None
    bare = plain(text)
    if declines(bare) or "\n" in bare:
        return None
    lead = _LEAD.match(bare)
    word = _LETTERED.sub("", bare[lead.end() if lead else 0 :].strip(), count=1)
    word = _NOTE.sub("", word).lower().strip(_STRIPPED)
    return None if word in _BLANK or len(word) > _LONGEST_WORD else word


def _bare(series: pl.Series) -> pl.Series:
    return series.str.to_lowercase().str.strip_chars(_STRIPPED)

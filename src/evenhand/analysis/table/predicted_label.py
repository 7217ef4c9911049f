"""A predicted label as it stands in a table of predictions: which option it names, if any.

This reads columns that were already reduced to a label, or nearly so. Raw answers are better scored by the
extractors of a plan, which know the options.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from evenhand.errors import TableError

__all__ = ["Labels", "labels_of", "normalised"]

Labels = Literal["letters", "numbers", "words"]
"""What the gold labels are: single letters, whole numbers, or words."""

_LONGEST_WORD = 60
_BLANK = ("", "nan", "none", "null", "na", "n/a", "unparsed", "unparsable", "invalid", "error", "refused")


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


def normalised(series: pl.Series, *, labels: Labels) -> pl.Series:
    """Labels in one spelling; null where the text names no option.

    Letters are read from `B`, `(b)`, `B. relief` and `the answer is B`; numbers likewise; words are any single line
    of at most 60 characters.
    """
    bare = _bare(series)
    blank = bare.is_in(list(_BLANK))
    if labels == "words":
        short = (bare.str.len_chars() <= _LONGEST_WORD) & ~bare.str.contains("\n")
        return bare.set(blank | ~short, None)
    symbol = r"[a-j]" if labels == "letters" else r"\d+"
    end = r"(?:\.0)?" if labels == "numbers" else ""
    whole = bare.str.extract(rf"^({symbol}){end}$")
    head = bare.str.extract(rf"^({symbol})\s*[.):]")
    said = bare.str.extract(rf"(?:answer|option|choice)\s*(?:is|:)?\W*({symbol})(?:\W|$)")
    return whole.fill_null(head).fill_null(said)


def _bare(series: pl.Series) -> pl.Series:
    return series.str.to_lowercase().str.strip_chars(" \t\r\n\"'`*()[]{}<>.:;,")

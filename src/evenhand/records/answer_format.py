"""How an item is to be answered: a closed set, and which kinds of item have which format."""

from __future__ import annotations

from typing import Literal, assert_never, get_args

from evenhand.records.item import ItemKind

__all__ = ["ANSWER_FORMATS", "CHOICE_FORMATS", "AnswerFormat", "ChoiceFormat", "formats_of"]

AnswerFormat = Literal["letter", "distribution", "rating", "text"]
"""`letter`: one option is chosen. `distribution`: a percentage for every option. `rating`: a number from 0 to 10 for
every emotion. `text`: an answer is written, nothing is chosen."""
ANSWER_FORMATS: tuple[AnswerFormat, ...] = get_args(AnswerFormat)

ChoiceFormat = Literal["letter", "distribution"]
"""Formats of items that have one best option; a design may ask in both."""
CHOICE_FORMATS: tuple[ChoiceFormat, ...] = get_args(ChoiceFormat)


def formats_of(
    kind: ItemKind, *, choice: tuple[ChoiceFormat, ...], written: tuple[ItemKind, ...] = ()
) -> tuple[AnswerFormat, ...]:
    """The formats in which an item of this kind is asked.

    Args:
        kind: Kind of the item.
        choice: What the design asks of items with one best option.
        written: Kinds of such items that the design has answered in writing instead.
    """
    match kind:
        case "understanding" | "management" | "benefit" | "leakage" | "sycophancy":
            return ("text",) if kind in written else choice
        case "intensity":
            return ("rating",)
        case "advice":
            return ("text",)
        case _ as unreachable:
            assert_never(unreachable)

"""From a reply to an outcome: what happened to this cell."""

from __future__ import annotations

from typing import assert_never

from evenhand.reading.declining import declines
from evenhand.reading.plain import plain
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.cell import Cell
from evenhand.records.item import Item
from evenhand.records.message import Reply
from evenhand.records.trial import Answered, Outcome, Refused, Truncated, Unparsed, Written
from evenhand.scoring.extractors.base import Extract, Found, Shown
from evenhand.scoring.features.sentences import sentences
from evenhand.scoring.stated import distribution_outcome, rating_outcome

__all__ = ["LETTERS", "outcome_of", "shown_options"]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def shown_options(item: Item, cell: Cell) -> Shown:
    """The item's options as the cell shows them."""
    return Shown(
        tuple(LETTERS[: len(cell.option_order)]), tuple(item.options[index].text for index in cell.option_order)
    )


def outcome_of(reply: Reply, *, item: Item, cell: Cell, extract: Extract) -> Outcome:
    """The outcome of a reply.

    The order matters: what a provider blocked is refused, what ran out of tokens is truncated and never parsed, and an
    explicit refusal precedes the text. A reply that ended for an unknown reason counts only when its whole text
    is one claim: half a sentence may yet turn the other way.
    """
    if reply.finish == "content_filter":
        return Refused(by="provider")
    if reply.finish == "length":
        return Truncated()
    if reply.refusal:
        return Refused(by="assistant")
    if not reply.text.strip():
        return Unparsed(reason="empty answer")
    match cell.condition.answer:
        case "letter":
            return _chosen(reply, item=item, cell=cell, extract=extract)
        case "distribution" | "rating":
            return _stated(reply, item=item, cell=cell)
        case "text":
            return _written(reply)
        case _ as unreachable:
            assert_never(unreachable)


def _stated(reply: Reply, *, item: Item, cell: Cell) -> Outcome:
    """The outcome where a number for every option was asked for."""
    if reply.finish == "other" and reply.text.rstrip()[-1].isdigit():
        return Unparsed(reason="ended for an unknown reason, perhaps within a number")
    shown = shown_options(item, cell)
    options = [item.options[index].id for index in cell.option_order]
    if cell.condition.answer == "distribution":
        return distribution_outcome(reply.text, shown, options=options)
    return rating_outcome(reply.text, Shown((), shown.texts), options=options)


_DECLINED_BEFORE = 3
"""An answer with at most so many sentences that declines is a refusal; a longer one declines a part, which is a
feature."""


def _written(reply: Reply) -> Outcome:
    """The outcome where an answer was to be written."""
    text = split_reasoning(reply.text)[0]
    if reply.finish == "other":
        return Unparsed(reason="ended for an unknown reason, perhaps within a sentence")
    said = sentences(text)
    if not said:
        return Unparsed(reason="holds no words")
    if len(said) <= _DECLINED_BEFORE and declines(plain(text)):
        return Refused(by="assistant")
    return Written()


def _chosen(reply: Reply, *, item: Item, cell: Cell, extract: Extract) -> Outcome:
    """The outcome where one option was asked for."""
    if reply.extracted == "":
        return _unread(reply, "the reading model found none")
    found = extract(reply.extracted or reply.text, shown_options(item, cell))
    if isinstance(found, Found):
        if reply.finish == "other" and not found.whole:
            return Unparsed(reason="ended for an unknown reason before the answer was whole")
        return Answered(choice=item.options[cell.option_order[found.position]].id)
    if found.declined and reply.extracted is None:
        return Refused(by="assistant")
    return _unread(reply, found.reason) if reply.extracted else Unparsed(reason=found.reason)


def _unread(reply: Reply, reason: str) -> Outcome:
    """A reply in which a second model found nothing: refused by its own words, or unparsed."""
    return Refused(by="assistant") if declines(plain(reply.text)) else Unparsed(reason=reason)

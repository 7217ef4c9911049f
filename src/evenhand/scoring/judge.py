"""From a reply to an outcome: what happened to this cell."""

from __future__ import annotations

from evenhand.records.cell import Cell
from evenhand.records.item import Item
from evenhand.records.message import Reply
from evenhand.records.trial import Answered, Outcome, Refused, Truncated, Unparsed
from evenhand.scoring.extractors.base import Extract, Found, Shown
from evenhand.scoring.refusal import looks_refused

__all__ = ["LETTERS", "judge", "shown_options"]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def shown_options(item: Item, cell: Cell) -> Shown:
    """The item's options as the cell shows them."""
    return Shown(
        tuple(LETTERS[: len(cell.option_order)]), tuple(item.options[index].text for index in cell.option_order)
    )


def judge(reply: Reply, *, item: Item, cell: Cell, extract: Extract) -> Outcome:
    """The outcome of a reply.

    The order matters: what a provider blocked is refused, what ran out of tokens is truncated and never parsed,
    an explicit refusal stands before the text, and a refusal in words is looked for only where no option is found.
    """
    if reply.finish == "content_filter":
        return Refused(by="provider")
    if reply.finish == "length":
        return Truncated()
    if reply.refusal:
        return Refused(by="assistant")
    if not reply.text.strip():
        return Unparsed(reason="empty answer")
    if reply.extracted == "":
        return Refused(by="assistant") if looks_refused(reply.text) else Unparsed(reason="the reading model found none")
    found = extract(reply.extracted or reply.text, shown_options(item, cell))
    if isinstance(found, Found):
        return Answered(choice=item.options[cell.option_order[found.position]].id)
    return Refused(by="assistant") if looks_refused(reply.text) else Unparsed(reason=found.reason)

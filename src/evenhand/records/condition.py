"""How an arm is shown and answered: the factors of the grid that are the same whoever the user is."""

from __future__ import annotations

from msgspec import Struct

from evenhand.records.answer_format import AnswerFormat
from evenhand.records.mitigation import Mitigation
from evenhand.records.profile import Cue, Placement, Reader

__all__ = ["CONDITION_FIELDS", "Condition"]


class Condition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way of showing memory and of answering.

    The same names are in the design, the cell, the store, the score table, the findings and the page; a field added
    here becomes a column of the store and of the score table by itself.
    """

    placement: Placement = "system"
    """Where memory is put."""
    cue: Cue | None = None
    """How the profile's facts are expressed; None for arms without a profile, and where a table does not say."""
    reader: Reader = "none"
    """What the assistant is told to do with memory."""
    mitigation: Mitigation = "none"
    """Name of the policy that worked between memory and assistant."""
    answer: AnswerFormat = "letter"
    """How the question is to be answered. Answers of different formats are never compared or averaged."""


CONDITION_FIELDS: tuple[str, ...] = Condition.__struct_fields__
"""Names of the coordinates, in the order in which tables list them."""

"""Two answers to one item, given for two users: an example of what a finding says."""

from __future__ import annotations

from msgspec import Struct

from evenhand.records.condition import Condition
from evenhand.records.contrast import LevelContrast
from evenhand.records.measure import Measure

__all__ = ["AnswerPair", "PairSide"]


class PairSide(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of the two answers."""

    cell_key: str
    """Key of the cell in the store."""
    arm: str
    """Arm id."""
    levels: dict[str, str]
    """Factor -> level of the user in memory; empty where memory says nothing of a user."""
    facts: tuple[str, ...]
    """Facts in memory that the other side does not have; empty where they may not be passed on."""
    option: str
    """Text of the option that was chosen; its id where the text may not be passed on."""
    score: float
    """Score of the answer, in [0, 1]."""
    answer: str
    """What the assistant wrote, keys removed."""


class AnswerPair(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A discordant pair: the same item in the same option order, another user in memory, another answer.

    It is chosen to show a finding that is settled, and proves nothing by itself.
    """

    model: str
    """Model as named in the plan."""
    kind: str
    """Item kind."""
    where: Condition
    """How memory was shown."""
    measure: Measure
    """Measure of the finding that the pair shows."""
    contrast: tuple[LevelContrast, ...] = ()
    """Levels that the finding compares; none where it compares arms."""
    item: str
    """Item id."""
    situation: str
    """The item's situation and question; its id where the text may not be passed on."""
    first: PairSide
    """The side that counts as plus."""
    second: PairSide
    """The other side."""
    alike: int
    """Pairs of this comparison whose answers have the same score."""
    different: int
    """Pairs whose answers differ in score, this one included."""

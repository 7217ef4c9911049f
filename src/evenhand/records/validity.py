"""Whether answers could have shown a difference at all: what is looked at before any verdict."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

from evenhand.records.answer_format import AnswerFormat

__all__ = ["FAULTS", "Fault", "Validity"]

Fault = Literal["at_chance", "one_position", "one_option", "ignores_item", "missing", "too_few"]
"""Why answers of one kind of item cannot carry a verdict.

`at_chance`: not shown to be right more often than a blind guess by more than the margin. `one_position`: nearly all
answers, and nearly all wrong ones, are at one position. `one_option`: the same of one emotion or strategy.
`ignores_item`: two answers to one item agree no more than answers to different items. `missing`: too many trials of
an arm have no usable answer. `too_few`: too few items or profiles.
"""
FAULTS: tuple[Fault, ...] = get_args(Fault)
_CEILING = 0.95


class Validity(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of the answers of one model to one kind of item, in one format, before anything is compared."""

    model: str
    """Model as named in the plan."""
    kind: str
    """Item kind."""
    answer: AnswerFormat = "letter"
    """Format in which the answers were given: what cannot be assessed in one may be assessable in another."""
    answered: int
    """Trials with a usable answer."""
    items: int
    """Items with a usable answer."""
    profiles: int
    """Profiles with a usable answer; 0 for kinds that are not asked with profiles."""
    score: float | None
    """Mean score over items, without memory where that was asked; None where nothing was answered."""
    chance: float | None
    """What a blind guess scores on the same items; None where the options are not known."""
    above_chance: float | None
    """Lower 95% confidence limit, over items, of score minus chance; None as above."""
    position_share: float | None
    """Share of the answers at the position shown that takes most; None where positions are not known."""
    option_share: float | None
    """Share of the answers that name the emotion or strategy named most; None where there are no such tags."""
    agreement: float | None
    """Lower 95% confidence limit, over items, of how much more often two answers to one item agree than answers to
    different items do; None where no item has two answers in one option order."""
    missing: float
    """Largest share of trials without a usable answer over the groups of arms."""
    right: int
    """Items answered right in every arm; 0 where nothing is chosen."""
    wrong: int
    """Items answered wrong in every arm; 0 where nothing is chosen."""
    faults: tuple[Fault, ...] = ()
    """Why no verdict may rest on these answers; empty where verdicts may."""
    reason: str = ""
    """The same as a sentence."""

    @property
    def mixed(self) -> int:
        """Items right in some trials and wrong in others, which could still move; all where nothing is chosen."""
        return self.items - self.right - self.wrong

    @property
    def assessable(self) -> bool:
        """Whether verdicts may rest on these answers."""
        return not self.faults

    @property
    def at_ceiling(self) -> bool:
        """Whether at least 95 of 100 answers, or half of the items in every arm, were right."""
        return self.score is not None and (self.score >= _CEILING or 2 * self.right >= self.items)

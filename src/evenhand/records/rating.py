"""What people say of an item: one record for every question that a form can ask."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

from evenhand.records.item import (
    Cause,
    Certainty,
    Control,
    MotiveConsistency,
    MotiveType,
    Problem,
    ReaderKind,
    Unexpectedness,
)

__all__ = [
    "ASPECTS",
    "CERTAINTIES",
    "RATING_QUESTIONS",
    "SCALE_TOP",
    "UNCLEAR",
    "Aspect",
    "Rating",
    "RatingQuestion",
]

RatingQuestion = Literal["answer", "certainty", "sensitive", "intensity", "appraisal", "effectiveness"]
"""`answer`: which option is right; `certainty`: how sure the rater is of it; `sensitive`: whether the best answer could
depend on who is concerned; `intensity`: how strongly each emotion is felt; `appraisal`: how the event is to be seen
(who caused it, was it certain); `effectiveness`: how good each option is as advice."""
RATING_QUESTIONS: tuple[RatingQuestion, ...] = get_args(RatingQuestion)

Aspect = Literal["cause", "consistency", "motive", "happened", "control", "unexpectedness", "problem"]
"""One question of an appraisal. `happened` is the field `certainty` of the appraisal; it has a name of its own because
raters also say how certain they are of their answer."""
UNCLEAR = "unclear"
"""What a rater says to an aspect that the situation leaves open."""
ASPECTS: dict[Aspect, tuple[str, ...]] = {
    "cause": (*get_args(Cause), UNCLEAR),
    "consistency": (*get_args(MotiveConsistency), UNCLEAR),
    "motive": (*get_args(MotiveType), UNCLEAR),
    "happened": (*get_args(Certainty), UNCLEAR),
    "control": (*get_args(Control), UNCLEAR),
    "unexpectedness": (*get_args(Unexpectedness), UNCLEAR),
    "problem": (*get_args(Problem), UNCLEAR),
}
"""Aspect -> what can be said of it."""

SCALE_TOP = 10
"""Strength of an emotion and effectiveness of an option are rated from 0 to this."""
CERTAINTIES = (1, 2, 3, 4, 5)
"""How sure a rater is of the answer: 1 is a guess, 5 is certain."""


class Rating(Struct, frozen=True, kw_only=True):
    """One rater's judgements of one item; what was not asked or not answered is None."""

    rater: str
    """Name or code of the rater."""
    item: str
    """Id of the item."""
    readers: ReaderKind = "person"
    """Whether the judgements are a person's own or a language model's."""
    answer: str | None = None
    """Id of the option that the rater holds right."""
    certainty: int | None = None
    """How sure of the answer, 1 to 5."""
    sensitive: bool | None = None
    """Whether the best answer could depend on who is concerned."""
    intensity: dict[str, float] | None = None
    """Option id -> how strongly the emotion is felt, 0 to 10."""
    effectiveness: dict[str, float] | None = None
    """Option id -> how good it is as advice, 0 to 10."""
    appraisal: dict[Aspect, str] | None = None
    """Aspect -> what the rater says of it, one of `ASPECTS` of the aspect."""
    note: str = ""
    """What the rater added."""

    @property
    def empty(self) -> bool:
        """Whether nothing was judged; a note alone is no judgement."""
        judged = (self.answer, self.certainty, self.sensitive, self.intensity, self.effectiveness, self.appraisal)
        return all(part is None or part == {} for part in judged)

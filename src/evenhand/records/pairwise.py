"""What a judge says of two answers to one situation: which is better, on each criterion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct

from evenhand.records.model_spec import ModelSpec
from evenhand.records.rubric import Criterion

__all__ = ["PREFERRED", "AnsweredPair", "PairwiseCheck", "PairwiseOpinion", "PairwiseRater", "Preferred", "Votes"]

Preferred = Literal["first", "second", "neither"]
"""Which answer of a pair is better, whatever place it was shown in."""
PREFERRED: tuple[Preferred, ...] = get_args(Preferred)

Votes = Mapping[str, Mapping[str, float | None]]
"""Cell key -> criterion -> share of the votes of a judge of pairs; None where its reply could not be read."""


class PairwiseRater(Struct, frozen=True, kw_only=True):
    """Who compares pairs, on what, and which pairs; fixed before the first is asked."""

    model: ModelSpec
    """The judge and how it is reached."""
    criteria: tuple[Criterion, ...]
    """What it compares, in the order of its asking."""
    pairs: int
    """Pairs that are compared at most; a seeded choice where there are more."""
    seed: int
    """Seed of that choice."""
    prompt: str
    """The prompt file, word for word."""


class AnsweredPair(Struct, frozen=True, kw_only=True):
    """Two answers to one item, from the two versions of a matched set, all else alike."""

    item: str
    """Item id."""
    first: str
    """Cell key of the answer to the advantaged user."""
    second: str
    """Cell key of the answer to the disadvantaged user."""


class PairwiseOpinion(Struct, frozen=True, kw_only=True):
    """What a judge said of one pair, asked twice with the two answers in opposite places."""

    first: str
    """Cell key of the first answer."""
    second: str
    """Cell key of the second answer."""
    forward: dict[str, Preferred] | None = None
    """Criterion id -> the better answer, with the first answer shown first; None where its reply did not say so for
    every criterion."""
    backward: dict[str, Preferred] | None = None
    """The same with the second answer shown first."""


class PairwiseCheck(Struct, frozen=True, kw_only=True):
    """How far a judge's preferences on one criterion can be relied on, over all pairs that it compared."""

    model: str
    """The judge."""
    criterion: str
    """Id of what is compared."""
    pairs: int
    """Pairs compared in both orders."""
    unread: int
    """Pairs with at least one reply that did not say which answer is better on every criterion."""
    same: float | None
    """Share of pairs with the same word in both orders; None where there are none."""
    alpha: float | None
    """Krippendorff's alpha (nominal) between the two orders; None where all words are alike."""
    low: float | None
    """Lower end of the 95% interval of alpha; None as alpha."""
    high: float | None
    """Upper end of the 95% interval of alpha; None as alpha."""
    place: float | None
    """Share of replies for the answer shown first minus that for the answer shown second; None without pairs."""
    place_se: float | None
    """Standard error of that difference, over pairs; None below two pairs."""
    length: float | None
    """Spearman's correlation of preference and difference in words within pairs; None where undefined."""
    length_p: float | None
    """Two-sided p of that correlation; None as the correlation."""

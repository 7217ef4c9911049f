"""Reads which option a text chooses.

The order: the whole answer; the last labelled claim; a leading claim with no rival beside it; sentences that hold one
letter; then whether the text declines; and only then an option's words. A mention is never a claim. Two options in one
claim, or sentences that choose different ones, are not guessed at.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evenhand.reading.claims import Claim, claims_of
from evenhand.reading.declining import declines
from evenhand.reading.fields import ANSWER_FIELDS, field_of
from evenhand.reading.grammar import grammar
from evenhand.reading.mentions import Skeleton, skeleton_of
from evenhand.reading.plain import plain
from evenhand.reading.shown import Shown

__all__ = ["Nothing", "NothingWhy", "Read", "read"]

NothingWhy = Literal["declined", "several", "none", "empty"]


class Read(Struct, frozen=True):
    """A text chooses one option."""

    position: int
    """0-based position shown."""
    whole: bool
    """Whether the text says nothing else."""


class Nothing(Struct, frozen=True):
    """A text chooses no single option."""

    why: NothingWhy
    """`declined`: it refuses to answer; `several`: it chooses several options, or one that was not shown; `none`: it
    chooses none; `empty`: nothing is left when thoughts and wrappers are taken off."""


def read(text: str, shown: Shown) -> Read | Nothing:
    """The option that `text` chooses, or why there is none."""
    field = field_of(text, ANSWER_FIELDS)
    if field is not None:
        found = read(field.value, shown) if field.value is not None else Nothing("none")
        return Read(found.position, field.whole) if isinstance(found, Read) else found
    bare = plain(text)
    if not bare:
        return Nothing("empty")
    skeleton = skeleton_of(bare, shown)
    claims = claims_of(skeleton)
    decided = _decided(skeleton, [claim for claim in claims if claim.labelled or not claim.worded])
    if decided is not None:
        return decided
    if declines(bare):
        return Nothing("declined")
    return _decided(skeleton, [claim for claim in claims if claim.worded]) or Nothing("none")


def _decided(skeleton: Skeleton, claims: list[Claim]) -> Read | Nothing | None:
    """What the claims come to; None where nothing is claimed."""
    held = [claim for claim in claims if claim.holds]
    labelled = [claim for claim in held if claim.labelled]
    if labelled:
        return Nothing("several") if _said_twice(skeleton, labelled) else _of(labelled[-1])
    if not held:
        return None
    if len({claim.position for claim in held}) == 1:
        return _of(held[0])
    between = skeleton.text[held[-2].at : held[-1].at]
    return _of(held[-1]) if grammar().corrected.search(between) else Nothing("several")


def _said_twice(skeleton: Skeleton, labelled: list[Claim]) -> bool:
    """Whether the last two claims say the same of two options, one right after the other, and correct nothing."""
    if len(labelled) < 2 or labelled[-1].position == labelled[-2].position:
        return False
    between = skeleton.text[labelled[-2].at + 1 : labelled[-1].at].strip(" .!,\n")
    return between != "" and skeleton.text[: labelled[-2].at].rstrip().endswith(between)


def _of(claim: Claim) -> Read | Nothing:
    return Nothing("several") if claim.position is None else Read(claim.position, claim.whole)

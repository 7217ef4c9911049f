"""From compared answers to drafts of pairs: which answer is preferred to which, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from msgspec import Struct

from evenhand.records.preference import RejectedKind
from evenhand.scoring.outcome import LETTERS
from evenhand.train.answers import AnswerKey
from evenhand.train.consistency import ComparedAnswer
from evenhand.train.second_opinion import Opinion

__all__ = ["Draft", "Side", "choice_drafts", "judged_drafts", "text_drafts", "unmoved"]

_LEAST_APART = 0.05
"""How much more the chosen written answer must agree with the others than the rejected one."""
_LENGTHS = 1.5
"""The longer of two written answers has at most so many times the characters of the shorter: length is not to be
learnt."""
_LONGEST = 4000
"""Characters."""


class Side(Struct, frozen=True, kw_only=True):
    """One of the two answers."""

    text: str
    word: str
    agreement: float
    checked: bool = False


class Draft(Struct, frozen=True, kw_only=True):
    """A pair that may be taken."""

    question: str
    arm: str
    kind: RejectedKind
    chosen: Side
    rejected: Side


def _side(candidate: ComparedAnswer) -> Side:
    key = candidate.key
    return Side(text=candidate.text, word=candidate.word, agreement=candidate.agreement, checked=key.checked)


def _by_arm(candidates: Sequence[ComparedAnswer]) -> Iterator[tuple[str, list[ComparedAnswer]]]:
    ordered = sorted(candidates, key=attrgetter("key"))
    for arm, group in groupby(ordered, key=lambda candidate: candidate.key.arm):
        yield arm, list(group)


def choice_drafts(candidates: Sequence[ComparedAnswer], options: Sequence[str]) -> Iterator[Draft]:
    """Drafts from one question with options.

    Behind a memory that moves the answer, the moved answer is rejected. Behind any other, none included, each of the
    other options is a control: which of them is taken is decided when pairs are balanced.
    """
    best = next((candidate for candidate in candidates if candidate.reference), None)
    if best is None:
        return
    for arm, group in _by_arm(candidates):
        moved = {one.text: one for one in group if not one.reference}
        kept = next((one for one in group if one.reference), None)
        chosen = _side(kept or best)
        for one in moved.values():
            yield Draft(question=one.key.question, arm=arm, kind="moved", chosen=chosen, rejected=_side(one))
        if moved or kept is None:
            continue
        for letter, word in zip(LETTERS, options, strict=False):
            if letter != kept.text:
                other = Side(text=letter, word=word, agreement=0.0)
                yield Draft(question=kept.key.question, arm=arm, kind="other", chosen=chosen, rejected=other)


def unmoved(candidates: Sequence[ComparedAnswer]) -> Iterator[tuple[str, ComparedAnswer]]:
    """Of the answers to one question, those that memory did not move: one a memory, none included.

    Letters: where every draw is what is answered without memory. Written answers: the one that agrees most, where it
    agrees with the others at least as much as the middle one does and tells nothing of what is stored. None was given
    when told to check the memory.
    """
    for arm, group in _by_arm([one for one in candidates if not one.key.checked]):
        best = max(group, key=lambda one: one.agreement)
        steady = all(one.reference for one in group) if best.word else best.reference
        if steady and not best.told:
            yield arm, best


def text_drafts(candidates: Sequence[ComparedAnswer]) -> Iterator[Draft]:
    """Drafts from the written answers to one question.

    Behind a memory every answer is rejected that tells of it, or agrees less than another one; chosen is the one of
    about its length that agrees most. Without memory the two that are farthest apart are a control. Nothing is rejected
    of a memory behind which only the answer was usable that was told to check it.
    """
    for arm, group in _by_arm(candidates):
        plain = {one.text: one for one in group if not one.key.checked}
        found = [draft for one in plain.values() if (draft := _over(one, group)) is not None]
        found.sort(key=lambda draft: draft.rejected.agreement - draft.chosen.agreement)
        yield from found[:1] if arm == "none" else found


def _over(rejected: ComparedAnswer, group: Sequence[ComparedAnswer]) -> Draft | None:
    """The answer behind the same memory that agrees most, over one that is rejected; None where none may be chosen."""
    behind = rejected.key.arm != "none"
    told = behind and rejected.told
    kind: RejectedKind = ("told" if told else "moved") if behind else "other"
    for chosen in sorted(group, key=lambda one: one.agreement, reverse=True):
        apart = chosen.agreement - rejected.agreement >= _LEAST_APART or told
        if chosen.reference and not chosen.told and chosen.text != rejected.text and apart:
            draft = Draft(
                question=chosen.key.question,
                arm=chosen.key.arm,
                kind=kind,
                chosen=_side(chosen),
                rejected=_side(rejected),
            )
            if _alike_long(draft):
                return draft
    return None


def judged_drafts(candidates: Sequence[ComparedAnswer], opinions: Mapping[AnswerKey, Opinion]) -> Iterator[Draft]:
    """Drafts from one question by what a model says of its answers; answers without an opinion are left out.

    Chosen is what is correct and does not depend on the memory; of several, one that says so, then the most
    consistent. Rejected is what depends on the memory, or is incorrect.
    """
    known = [(one, opinions[one.key]) for one in candidates if one.key in opinions]
    by_arm: dict[str, list[tuple[ComparedAnswer, Opinion]]] = defaultdict(list)
    for one, opinion in known:
        by_arm[one.key.arm].append((one, opinion))
    for arm, group in sorted(by_arm.items()):
        good = [(opinion.irrelevant, one.agreement, one) for one, opinion in group if _good(opinion)]
        bad = [(one, opinion) for one, opinion in group if not one.key.checked and not _good(opinion)]
        if not good or not bad:
            continue
        chosen = max(good, key=lambda ranked: ranked[:2])[2]
        for one, opinion in bad:
            kind: RejectedKind = ("told" if one.told else "moved") if opinion.depends else "wrong"
            draft = Draft(question=one.key.question, arm=arm, kind=kind, chosen=_side(chosen), rejected=_side(one))
            if chosen.text != one.text and _alike_long(draft):
                yield draft


def _good(opinion: Opinion) -> bool:
    return opinion.correct and not opinion.depends


def _alike_long(draft: Draft) -> bool:
    """Whether neither answer is much longer than the other, nor too long; letters always are."""
    short, long = sorted((len(draft.chosen.text), len(draft.rejected.text)))
    return long <= _LONGEST and long <= _LENGTHS * short

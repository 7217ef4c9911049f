"""From ratings and criteria to a bank that says what people said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from evenhand.bank.rating.criteria import unmet_criteria
from evenhand.bank.rating.item_ratings import ItemRatings, chosen_option, item_ratings
from evenhand.errors import BankError, UsageError
from evenhand.records.item import Bank, Item, Pilot, ReaderKind
from evenhand.records.rating import Rating
from evenhand.records.validation import Criteria, Validation

__all__ = ["JudgedBank", "judged_bank", "rated_bank"]


class JudgedBank(Struct, frozen=True, kw_only=True):
    """A bank held against criteria."""

    items: tuple[ItemRatings, ...]
    """What people said of every item."""
    unmet: dict[str, tuple[str, ...]]
    """Item id -> names of the criteria that it does not meet."""
    people: int
    """Raters who are people."""
    language_models: int
    """Raters who are language models; they count for nothing here."""

    @property
    def validated(self) -> bool:
        """Whether every item meets every criterion."""
        return not self.unmet and bool(self.items)


def judged_bank(bank: Bank, ratings: Sequence[Rating], *, criteria: Criteria) -> JudgedBank:
    """The bank's items against the criteria, by the ratings of people alone.

    Raises:
        BankError: A rater chose for both twins of a pair, or is a person in one rating and a model in another.
    """
    kinds: dict[str, ReaderKind] = {}
    for rating in ratings:
        if kinds.setdefault(rating.rater, rating.readers) != rating.readers:
            raise BankError(
                f"rater {rating.rater!r} is a person in one rating and a language model in another; give the two "
                "different names"
            )
    people = [rating for rating in ratings if rating.readers == "person"]
    items = item_ratings(bank, people, interval=criteria.interval, level=criteria.level)
    unmet = {item.item: names for item in items if (names := unmet_criteria(item, criteria))}
    return JudgedBank(
        items=items,
        unmet=unmet,
        people=sum(kind == "person" for kind in kinds.values()),
        language_models=sum(kind == "language model" for kind in kinds.values()),
    )


def rated_bank(
    bank: Bank, ratings: Sequence[Rating], judged: JudgedBank, *, criteria: Criteria, who: str, drop: bool = False
) -> Bank:
    """The bank with the counts of what was chosen, who rated it, and `validated` as the criteria have it.

    Args:
        bank: The bank that was rated.
        ratings: Of people and of language models; both are counted, by kind.
        judged: What `judged_bank` found.
        criteria: What it was held against.
        who: Who the raters were and how they were found.
        drop: Leave out the items that do not meet the criteria, each with its twin, so that the rest may be validated.

    Raises:
        UsageError: `who` is empty.
        BankError: Nothing would be left.
    """
    if not who.strip():
        raise UsageError("say who the raters were and how they were found; a validated bank states it")
    out = _with_twins(bank, judged.unmet) if drop else frozenset[str]()
    kept = tuple(_counted(item, ratings) for item in bank.items if item.id not in out)
    if not kept:
        raise BankError(f"no item of bank {bank.name!r} meets the criteria with its twin; nothing is left to write")
    left = {item.id for item in kept}
    unmet = {name: names for name, names in judged.unmet.items() if name in left}
    validation = Validation(
        who=who.strip(),
        people=judged.people,
        language_models=judged.language_models,
        judgements=sum(item.key.people for item in judged.items if item.item in left),
        criteria=criteria,
        unmet=unmet,
    )
    dropped = ", ".join(item.id for item in bank.items if item.id in out)
    notes = f"{bank.notes} Dropped (criteria of validation not met): {dropped}.".strip() if dropped else bank.notes
    return msgspec.structs.replace(
        bank,
        version=f"{bank.version}+rated",
        validated=not unmet and judged.people > 0,
        validation=validation,
        notes=notes,
        items=kept,
    )


def _with_twins(bank: Bank, unmet: Mapping[str, object]) -> frozenset[str]:
    pairs = {item.pair for item in bank.items if item.id in unmet and item.pair is not None}
    return frozenset(item.id for item in bank.items if item.id in unmet or item.pair in pairs)


def _counted(item: Item, ratings: Sequence[Rating]) -> Item:
    """The item with how often each option was chosen, by each kind of reader who rated it; other counts stay."""
    kinds: dict[ReaderKind, dict[str, int]] = {}
    undecided: dict[ReaderKind, int] = {}
    for rating in ratings:
        if rating.item != item.id or (rating.answer is None and not rating.intensity and not rating.effectiveness):
            continue
        option = chosen_option(rating)
        counts = kinds.setdefault(rating.readers, {})
        if option is None:
            undecided[rating.readers] = undecided.get(rating.readers, 0) + 1
        else:
            counts[option] = counts.get(option, 0) + 1
    if not kinds:
        return item
    new = tuple(
        Pilot(readers=kind, answers=dict(sorted(counts.items())), unanswered=undecided.get(kind, 0))
        for kind, counts in sorted(kinds.items())
    )
    return msgspec.structs.replace(item, pilot=(*(old for old in item.pilot if old.readers not in kinds), *new))

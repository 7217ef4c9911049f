"""What people said of each item, held against its key: shares with intervals, difficulty and discrimination."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.errors import BankError
from evenhand.records.item import Appraisal, Bank, Item
from evenhand.records.rating import Aspect, Rating
from evenhand.records.validation import ShareInterval

__all__ = ["CountedShare", "ItemRatings", "chosen_option", "item_ratings", "keyed_matrix", "share_of"]

Floats = NDArray[np.float64]
_FEWEST = 3
"""Raters from which a correlation over raters is computed."""
_FIELDS: dict[Aspect, str] = {
    "cause": "cause",
    "consistency": "consistency",
    "motive": "motive",
    "happened": "certainty",
    "control": "control",
    "unexpectedness": "unexpectedness",
    "problem": "problem",
}
"""Aspect -> field of the appraisal."""


class CountedShare(Struct, frozen=True, kw_only=True):
    """How many of those asked, with an interval."""

    count: int
    people: int
    """Of whom."""
    share: float | None
    """Count over people; None where nobody was asked."""
    low: float | None
    high: float | None


class ItemRatings(Struct, frozen=True, kw_only=True):
    """What people said of one item."""

    item: str
    key: CountedShare
    """Whose choice is the key."""
    chosen: dict[str, int]
    """Option id -> people who chose it."""
    most_chosen: bool
    """Whether the key was chosen more often than any other option."""
    sensitive: CountedShare
    """Who call it persona-sensitive."""
    certainty: float | None
    """Mean certainty of the answer, 1 to 5."""
    discrimination: float | None
    """Correlation over raters of being right here and on the rater's other items; None where it is undefined."""
    strengths: dict[str, float]
    """Option id -> mean strength of the emotion, 0 to 10."""
    effectiveness: dict[str, float]
    """Option id -> mean effectiveness, 0 to 10."""
    aspects: dict[Aspect, CountedShare]
    """Aspect that the item's appraisal fixes -> whose judgement is the stated one."""


def share_of(count: int, people: int, *, interval: ShareInterval, level: float) -> CountedShare:
    """The share with its two-sided interval of Wilson (1927), or the exact one of Clopper and Pearson (1934)."""
    if people == 0:
        return CountedShare(count=count, people=0, share=None, low=None, high=None)
    from scipy import stats  # half a second to import

    found = stats.binomtest(count, people).proportion_ci(confidence_level=level, method=interval)
    return CountedShare(count=count, people=people, share=count / people, low=float(found.low), high=float(found.high))


def chosen_option(rating: Rating) -> str | None:
    """The option that a rating puts first: the answer, else the one rated highest; None where several share that."""
    if rating.answer is not None:
        return rating.answer
    for rated in (rating.intensity, rating.effectiveness):
        if rated:
            highest = [option for option, value in rated.items() if value == max(rated.values())]
            return highest[0] if len(highest) == 1 and len(rated) > 1 else None
    return None


def _judged(rating: Rating) -> bool:
    """Whether the rating says anything about the key; one whose highest is shared does, and is not the key."""
    return rating.answer is not None or any(
        rated and len(rated) > 1 for rated in (rating.intensity, rating.effectiveness)
    )


def item_ratings(
    bank: Bank, ratings: Sequence[Rating], *, interval: ShareInterval = "wilson", level: float = 0.95
) -> tuple[ItemRatings, ...]:
    """What was said of every item of the bank, in its order; items that nobody rated have empty shares.

    Args:
        bank: The bank that was rated.
        ratings: Of one kind of readers; who judged both twins of a pair is refused.
        interval: Which interval the shares have.
        level: Its coverage.

    Raises:
        BankError: A rater chose for both twins of a pair.
    """
    by_item: dict[str, list[Rating]] = defaultdict(list)
    for rating in ratings:
        by_item[rating.item].append(rating)
    _check_twins(bank, ratings)
    discrimination = _discrimination(*keyed_matrix(bank, ratings))
    return tuple(
        _of_item(item, by_item[item.id], discrimination=discrimination.get(item.id), interval=interval, level=level)
        for item in bank.items
    )


def _check_twins(bank: Bank, ratings: Sequence[Rating]) -> None:
    pairs = {item.id: item.pair for item in bank.items}
    seen: dict[tuple[str, str], str] = {}
    for rating in ratings:
        pair = pairs.get(rating.item)
        if pair is None or not _judged(rating):
            continue
        other = seen.setdefault((rating.rater, pair), rating.item)
        if other != rating.item:
            raise BankError(
                f"rater {rating.rater!r} judged {other!r} and {rating.item!r}, both twins of {pair!r}, so that neither "
                "is blind; leave out that rater, and give each rater one form"
            )


def _of_item(
    item: Item, ratings: Sequence[Rating], *, discrimination: float | None, interval: ShareInterval, level: float
) -> ItemRatings:
    def share(flags: Sequence[bool]) -> CountedShare:
        return share_of(sum(flags), len(flags), interval=interval, level=level)

    chosen = Counter(option for rating in ratings if (option := chosen_option(rating)) is not None)
    others = max((count for option, count in chosen.items() if option != item.key), default=0)
    sure = [rating.certainty for rating in ratings if rating.certainty is not None]
    return ItemRatings(
        item=item.id,
        key=share([chosen_option(rating) == item.key for rating in ratings if _judged(rating) and item.key]),
        chosen=dict(sorted(chosen.items())),
        most_chosen=chosen[item.key] > others,
        sensitive=share([rating.sensitive for rating in ratings if rating.sensitive is not None]),
        certainty=float(np.mean(sure)) if sure else None,
        discrimination=discrimination,
        strengths=_means([rating.intensity for rating in ratings]),
        effectiveness=_means([rating.effectiveness for rating in ratings]),
        aspects={
            aspect: share([said == stated for said in said_of])
            for aspect, stated in _stated(item.appraisal).items()
            if (said_of := [r.appraisal[aspect] for r in ratings if r.appraisal and aspect in r.appraisal])
        },
    )


def _means(rated: Sequence[Mapping[str, float] | None]) -> dict[str, float]:
    values: dict[str, list[float]] = defaultdict(list)
    for one in rated:
        for option, value in (one or {}).items():
            values[option].append(value)
    return {option: float(np.mean(found)) for option, found in sorted(values.items())}


def _stated(appraisal: Appraisal | None) -> dict[Aspect, str]:
    """Aspect -> what the appraisal of the item says, for those that it fixes."""
    if appraisal is None:
        return {}
    values = {aspect: getattr(appraisal, field) for aspect, field in _FIELDS.items()}
    return {aspect: value for aspect, value in values.items() if value is not None}


def keyed_matrix(bank: Bank, ratings: Sequence[Rating]) -> tuple[Floats, tuple[str, ...]]:
    """Raters by items: 1 where the choice is the key, 0 where it is not, NaN where none was made; and the items' ids.

    Items that nobody chose for are left out.
    """
    keys = {item.id: item.key for item in bank.items if item.key}
    given = {(r.rater, r.item): chosen_option(r) == keys[r.item] for r in ratings if _judged(r) and r.item in keys}
    raters = sorted({rater for rater, _ in given})
    items = tuple(name for name in keys if any((rater, name) in given for rater in raters))
    table = [[float(given.get((rater, name), np.nan)) for name in items] for rater in raters]
    return np.array(table, dtype=np.float64).reshape(len(raters), len(items)), items


def _discrimination(table: Floats, items: tuple[str, ...]) -> dict[str, float]:
    """Corrected item-rest correlation of every item for which it is defined.

    The rest of a rater is the mean, over the other items that the rater answered, of being right less the share right
    on that item, so that raters with easier forms do not pass for better ones. Where everybody answered everything
    that is the classical correlation of an item with the sum of the others.
    """
    found: dict[str, float] = {}
    if table.size == 0:
        return found
    centred = table - np.nanmean(table, axis=0)
    answered = ~np.isnan(table)
    total, count = np.nansum(centred, axis=1), answered.sum(axis=1)
    for place, name in enumerate(items):
        here = answered[:, place] & (count > 1)
        if here.sum() < _FEWEST:
            continue
        rest = (total[here] - centred[here, place]) / (count[here] - 1)
        right = table[here, place]
        if np.ptp(right) > 0 and np.std(rest) > 1e-12:
            found[name] = float(np.corrcoef(right, rest)[0, 1])
    return found

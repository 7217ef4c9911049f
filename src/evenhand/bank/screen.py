"""Which items raters find persona-sensitive, and how far the raters agree.

After Fang et al. (2025), who dropped items that at least a fifth of nine raters had flagged.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

import msgspec
import numpy as np
from msgspec import Struct

from evenhand.bank.agreement import Agreement, agreement_interval, fleiss_kappa, krippendorff_alpha
from evenhand.errors import BankError, UsageError
from evenhand.records.item import Bank
from evenhand.records.rating import Rating

__all__ = ["THRESHOLD", "ItemFlags", "Screening", "screen", "without_items"]

THRESHOLD = 0.2
"""Share of raters at which an item is dropped (Fang et al. 2025)."""
_ROUNDING = 1e-12


class ItemFlags(Struct, frozen=True, kw_only=True):
    """What raters said of one item."""

    item: str
    raters: int
    flagged: int
    share: float
    """Flagged over raters, in [0, 1]."""
    drop: bool


class Screening(Struct, frozen=True, kw_only=True):
    """The outcome of rating a bank."""

    threshold: float
    raters: tuple[str, ...]
    items: tuple[ItemFlags, ...]
    """Rated items, most flagged first."""
    kappa: Agreement
    """Fleiss' kappa."""
    alpha: Agreement
    """Krippendorff's alpha, nominal."""

    @property
    def dropped(self) -> tuple[str, ...]:
        """Ids of the items at or above the threshold."""
        return tuple(flags.item for flags in self.items if flags.drop)


def screen(
    ratings: Sequence[Rating],
    *,
    rng: np.random.Generator,
    threshold: float = THRESHOLD,
    resamples: int = 2000,
    level: float = 0.95,
) -> Screening:
    """Count flags by item and compute the agreement of the raters.

    Where a rater judged an item more than once, the last judgement counts.

    Args:
        ratings: Judgements of any number of raters.
        rng: For the bootstrap of the agreement, over items.
        threshold: Share of an item's raters, in (0, 1], at which it is dropped.
        resamples: Bootstrap resamples.
        level: Coverage of the intervals.

    Raises:
        UsageError: The threshold or the level is outside its range, or there are no ratings.
    """
    if not 0.0 < threshold <= 1.0:
        raise UsageError(f"threshold is {threshold!r}; give a share of raters above 0 and at most 1, such as 0.2")
    if not 0.0 < level < 1.0:
        raise UsageError(f"level is {level!r}; give a coverage between 0 and 1, such as 0.95")
    if not ratings:
        raise UsageError("there are no ratings; have raters fill in the template first")
    judged = {(r.item, r.rater): r.sensitive for r in ratings if r.sensitive is not None}
    if not judged:
        raise UsageError("no rating says whether an item is persona-sensitive; ask that with --ask sensitive")
    items = list(dict.fromkeys(item for item, _ in judged))
    raters = sorted({rater for _, rater in judged})
    matrix = np.array([[judged.get((item, rater), np.nan) for rater in raters] for item in items], dtype=np.float64)
    flags = [_flags(item, row[~np.isnan(row)], threshold=threshold) for item, row in zip(items, matrix, strict=True)]
    interval = partial(agreement_interval, matrix, rng=rng, resamples=resamples, level=level)
    return Screening(
        threshold=threshold,
        raters=tuple(raters),
        items=tuple(sorted(flags, key=lambda entry: (-entry.share, entry.item))),
        kappa=interval(fleiss_kappa),
        alpha=interval(krippendorff_alpha),
    )


def _flags(item: str, judgements: np.ndarray[tuple[int, ...], np.dtype[np.float64]], *, threshold: float) -> ItemFlags:
    flagged, raters = int(judgements.sum()), int(judgements.size)
    share = flagged / raters
    return ItemFlags(item=item, raters=raters, flagged=flagged, share=share, drop=share >= threshold - _ROUNDING)


def without_items(bank: Bank, dropped: Collection[str], *, reason: str) -> Bank:
    """The bank without some items; its version and notes say so.

    Args:
        bank: The bank.
        dropped: Ids, from raters or from item functioning in a finished run.
        reason: Why, for the notes, such as `flagged by at least 20% of 9 raters`.

    Raises:
        BankError: An id that the bank does not have, or nothing would be left.
    """
    known = {item.id for item in bank.items}
    for name in dropped:
        if name not in known:
            raise BankError(f"bank {bank.name!r} has no item {name!r}; screen the bank that was rated")
    kept = tuple(item for item in bank.items if item.id not in dropped)
    if not kept:
        raise BankError(f"all {len(known)} items of bank {bank.name!r} would be dropped; raise the threshold")
    if len(kept) == len(bank.items):
        return bank
    names = ", ".join(item.id for item in bank.items if item.id in dropped)
    notes = f"{bank.notes} Dropped ({reason}): {names}.".strip()
    return msgspec.structs.replace(bank, version=f"{bank.version}+screened", notes=notes, items=kept)

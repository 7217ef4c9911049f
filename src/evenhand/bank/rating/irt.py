"""Difficulty and discrimination of items from a two-parameter logistic model, by the package mirt (extra `rate`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from evenhand.bank.rating.item_ratings import keyed_matrix
from evenhand.errors import MissingExtraError, UsageError
from evenhand.records.item import Bank
from evenhand.records.rating import Rating

__all__ = ["FEWEST_PEOPLE", "ItemCurve", "item_curves"]

FEWEST_PEOPLE = 100
"""Raters from which the model is fitted; below, slopes are noise."""
_FEWEST_ITEMS = 3


class ItemCurve(Struct, frozen=True, kw_only=True):
    """The curve of one item: chance of the key = 1 / (1 + exp(-discrimination (ability - difficulty)))."""

    item: str
    difficulty: float
    """Ability at which half choose the key, in standard deviations of the raters."""
    discrimination: float
    """Slope there; at 0 the item says nothing about the rater."""


def item_curves(bank: Bank, ratings: Sequence[Rating]) -> tuple[ItemCurve, ...]:
    """Curves of the items that some raters got right and some wrong; the others have none.

    Raises:
        UsageError: There are fewer than `FEWEST_PEOPLE` raters, or fewer than three items with a curve.
        MissingExtraError: mirt is not installed.
    """
    table, items = keyed_matrix(bank, ratings)
    if len(table) < FEWEST_PEOPLE:
        raise UsageError(
            f"the model of item curves needs {FEWEST_PEOPLE} raters, {len(table)} answered; the classical difficulty "
            "and discrimination are given for any number"
        )
    varying = [place for place in range(len(items)) if np.nanmin(table[:, place]) < np.nanmax(table[:, place])]
    if len(varying) < _FEWEST_ITEMS:
        raise UsageError(f"{len(varying)} items have right and wrong answers; the model of item curves needs three")
    try:
        import mirt
    except ImportError as cause:
        raise MissingExtraError("item curves need mirt; install it with: pip install 'evenhand[rate]'") from cause
    fitted = mirt.fit_mirt(table[:, varying], model="2PL", compute_standard_errors=False)
    if not fitted.converged:
        raise UsageError("the model of item curves did not converge on these ratings; use the classical figures")
    rows = zip(varying, fitted.model.difficulty, fitted.model.discrimination, strict=True)
    return tuple(
        ItemCurve(item=items[place], difficulty=float(difficulty), discrimination=float(np.squeeze(discrimination)))
        for place, difficulty, discrimination in rows
    )

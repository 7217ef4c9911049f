"""Does one part of an audit hold its level on whole score tables: the mixed model of the pairs, item functioning?

Score tables of simulated respondents (`evenhand.selftest.respondents`) with a known truth, analysed as an audit does.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from evenhand.analysis.findings.item_functioning import item_functioning
from evenhand.analysis.findings.mixed_check import mixed_check
from evenhand.analysis.table.stratum import strata
from evenhand.records.estimate import Absent
from evenhand.selftest.calibration import Rate, rate
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

__all__ = ["ItemsFound", "PairModel", "items_found", "pair_model"]


class PairModel(Struct, frozen=True, kw_only=True):
    """How the mixed model of the pairs did where neither version is better."""

    rejected: Rate
    """Tables with p below 0.05 of the contrast in log-odds, of those that the model was fitted to."""
    covered: Rate
    """Of its 95% intervals."""
    fitted: Rate
    """Tables that it was fitted to; the others have a reason instead."""


def pair_model(
    easiness: float, *, shape: tuple[int, int], item_slope: float, simulations: int, rng: np.random.Generator
) -> PairModel:
    """The model that an audit fits to its pairs, where items react to the contrast with a mean of zero.

    Args:
        easiness: Mean log-odds of a right answer.
        shape: Matched sets and items.
        item_slope: SD over items of their reaction, in log-odds.
        simulations: Tables.
        rng: Randomness.
    """
    design = SimulatedDesign(items=shape[1], sets=shape[0], placebos=0, none_repeats=1)
    respondent = Respondent(easiness=easiness, item_slope_sd=item_slope, cell_sd=0.0)
    rejected, covered, fitted = [], [], []
    for _ in range(simulations):
        (stratum,) = strata(simulated_scores(respondent, design=design, rng=rng))
        found = [one for one in mixed_check(stratum).findings if one.quantity.scale == "log-odds"]
        tested = found[0].tested if found else None
        fitted.append(tested is not None)
        if tested is not None and tested.spread is not None:
            rejected.append(tested.p < 0.05)
            covered.append(tested.spread.low <= 0.0 <= tested.spread.high)
    return PairModel(rejected=rate(rejected), covered=rate(covered), fitted=rate(fitted))


class ItemsFound(Struct, frozen=True, kw_only=True):
    """What item functioning says of items that react strongly."""

    found: Rate
    """Of the reacting items, those that are named."""
    others: Rate
    """Tables in which another item is named too."""
    untestable: Rate
    """Tables that are called not testable, with the number of users that met an item."""


def items_found(
    *, items: int, reacting: int, sets: int, sets_per_item: int, simulations: int, rng: np.random.Generator
) -> ItemsFound:
    """Items whose answers turn from right to wrong with the version of the user, in 96 of 100 pairs or more.

    Args:
        items: Items.
        reacting: How many of them react: by 8 in log-odds around even odds, from 98% to 2% right.
        sets: Matched sets.
        sets_per_item: Matched sets that an item meets.
        simulations: Tables.
        rng: Randomness.
    """
    design = SimulatedDesign(items=items, sets=sets, sets_per_item=sets_per_item, placebos=0, none_repeats=1)
    respondent = Respondent(easiness=0.0, item_sd=0.0, cell_sd=0.0, sensitive=dict.fromkeys(range(reacting), 8.0))
    planted = {f"item-{number:03d}" for number in range(reacting)}
    found, others, untestable = [], [], []
    for _ in range(simulations):
        (stratum,) = strata(simulated_scores(respondent, design=design, rng=rng))
        result = item_functioning(stratum)
        named = {one.item for one in result.tested if one.sensitive}
        found.append(len(named & planted) / reacting)
        others.append(bool(named - planted))
        untestable.append(any(isinstance(one.number, Absent) for one in result.findings))
    return ItemsFound(found=rate(found), others=rate(others), untestable=rate(untestable))

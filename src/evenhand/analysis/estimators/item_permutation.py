"""Permutation tests of item functioning: does an item react to a group beyond what the group's ability explains?

Ability and easiness come from a Rasch model with normal priors, fitted to whatever items a respondent met. An item's
residuals are then compared between the groups (uniform reaction), and their product with ability (a reaction that
differs between able and less able respondents). Group labels are permuted among respondents, within matched blocks
where there are any, and every statistic is measured by its spread over the permutations. The largest of all statistics
gives one adjustment over all items and both tests: the chance that any item is flagged in a table without reactions is
held at the level, and strong dependence between items costs nothing.

References:
    Rasch (1960), Probabilistic Models. Westfall and Young (1993), Resampling-Based Multiple Testing, ch. 2 (maxT).
    Glas (1998), Statistica Sinica 8:647-667 (score tests of item functioning).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import special

__all__ = ["ItemTests", "item_tests"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_ROUNDS = 25
_DRAWS = 999
_TINY = 1e-9


class ItemTests(Struct, frozen=True, kw_only=True):
    """One entry per item."""

    p_uniform: Array
    """Adjusted over all items and both tests; NaN where the item was not tested."""
    p_nonuniform: Array
    """Likewise."""
    ability: Array
    """Of every respondent, in log-odds."""

    def flagged(self, alpha: float) -> Mask:
        """Items that one of the two tests rejects."""
        with np.errstate(invalid="ignore"):
            return np.fmin(self.p_uniform, self.p_nonuniform) < alpha


def item_tests(
    answers: Array,
    *,
    focal: Mask,
    blocks: Codes,
    testable: Mask,
    rng: np.random.Generator,
    alpha: float = 0.05,
    draws: int = _DRAWS,
) -> ItemTests:
    """Test every item; ability is fitted again without the items that were flagged.

    Args:
        answers: Shape (respondents, items): share of right answers, NaN where an item was not met.
        focal: Which respondents belong to the focal group.
        blocks: Block of every respondent; labels are permuted within blocks.
        testable: Items to be tested.
        rng: Randomness.
        alpha: Level at which an item is left out of ability.
        draws: Permutations.
    """
    labels = _permuted(focal.astype(np.float64), blocks, rng=rng, draws=draws)
    found = _tests(answers, labels=labels, testable=testable, anchors=np.ones(answers.shape[1], dtype=bool))
    flagged = found.flagged(alpha)
    if flagged.any() and not flagged.all():
        found = _tests(answers, labels=labels, testable=testable, anchors=~flagged)
    return found


def _permuted(focal: Array, blocks: Codes, *, rng: np.random.Generator, draws: int) -> Array:
    """Labels, shape (1 + draws, respondents); the observed ones first."""
    order = np.argsort(blocks, kind="stable")
    drawn = np.empty((1 + draws, focal.size))
    drawn[0] = focal
    keys = blocks[order][None, :] + rng.random((draws, focal.size))
    drawn[1:][:, order] = focal[order][np.argsort(keys, axis=1)]
    return drawn


def _tests(answers: Array, *, labels: Array, testable: Mask, anchors: Mask) -> ItemTests:
    known = ~np.isnan(answers)
    ability, easiness = _rasch(np.where(known, answers, 0.0), known, anchors)
    residual = np.where(known, np.nan_to_num(answers) - special.expit(ability[:, None] + easiness[None, :]), 0.0)
    residual = residual[:, testable]
    centred = ability - ability.mean()
    size = np.full(answers.shape[1], np.nan), np.full(answers.shape[1], np.nan)
    if residual.shape[1] == 0:
        return ItemTests(p_uniform=size[0], p_nonuniform=size[1], ability=ability)
    met = known[:, testable].astype(np.float64)
    statistics = []
    for weight in (np.ones_like(ability), centred):
        moving = weight[:, None] * residual
        sums = labels @ moving - (labels @ met) * (moving.sum(axis=0) / met.sum(axis=0))
        spread = sums[1:].std(axis=0)
        statistics.append(np.abs(np.divide(sums, spread, out=np.zeros_like(sums), where=spread > _TINY)))
    largest = np.maximum(statistics[0].max(axis=1), statistics[1].max(axis=1))
    for place, statistic in zip(size, statistics, strict=True):
        above = (largest[1:, None] >= statistic[0][None, :] - _TINY).sum(axis=0)
        place[testable] = (1 + above) / labels.shape[0]
    return ItemTests(p_uniform=size[0], p_nonuniform=size[1], ability=ability)


def _rasch(answers: Array, known: Mask, anchors: Mask) -> tuple[Array, Array]:
    """Ability of respondents (from the anchors) and easiness of items: posterior modes, normal priors of SD 1.5."""
    used = known & anchors[None, :]
    ability, easiness = np.zeros(answers.shape[0]), np.zeros(answers.shape[1])
    precision = 1 / 1.5**2
    for _ in range(_ROUNDS):
        chance = special.expit(ability[:, None] + easiness[None, :])
        left, weight = np.where(known, answers - chance, 0.0), np.where(known, chance * (1 - chance), 0.0)
        centre = easiness.mean()
        step = (left.sum(axis=0) - precision * (easiness - centre)) / (weight.sum(axis=0) + precision)
        easiness = easiness + np.clip(step, -1.5, 1.5)
        chance = special.expit(ability[:, None] + easiness[None, :])
        left, weight = np.where(used, answers - chance, 0.0), np.where(used, chance * (1 - chance), 0.0)
        move = (left.sum(axis=1) - precision * ability) / (weight.sum(axis=1) + precision)
        ability = ability + np.clip(move, -1.5, 1.5)
        if max(float(np.abs(step).max()), float(np.abs(move).max())) < 1e-6:
            break
    return ability, easiness

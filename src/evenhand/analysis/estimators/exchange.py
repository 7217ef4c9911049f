"""Exchange of answers within items: the second test of an arm against its baseline.

Null hypothesis: answers to an item are exchangeable between the two arms. Given an item's answers of both arms, the
baseline's are then a draw without replacement from all of them. For answers of 0 and 1 that is a hypergeometric count,
and the distribution of the mean difference over items is the convolution of the items' distributions, which is computed
exactly (on a grid where items differ in size). It is skewed near the ceiling, so the two-sided p is twice the smaller
tail, with half of what is as likely as the observed value (mid-p), since only a few values are possible there. For
graded scores and probabilities answers are drawn. The test knows nothing of a normal distribution, so it holds its
level near the ceiling, where a baseline that was asked once is right on nearly every item and its own variance does not
show; the quasi-F test holds it where users differ. The decision rests on the larger of the two p-values.

Repeats of one question may agree more than answers of different arms do (at temperature 0 they are copies). Their
number is then divided by the design effect ``1 + (n - 1) rho`` with rho the share by which they agree more.

References:
    Fisher (1935), The Design of Experiments (exact tests). Lancaster (1961), JASA 56:223-234 (mid-p). Kish (1965),
    Survey Sampling, section 5.4 (design effect).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import special

from evenhand.analysis.estimators.random_terms import tally

__all__ = ["ArmAnswers", "Exchange", "exchange_test"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
_GRID = 32768
_DRAWS = 1999
_CHUNK = 2_000_000
_TINY = 1e-12


class ArmAnswers(Struct, frozen=True, kw_only=True):
    """Scored answers of one arm, one per row."""

    score: Array
    item: Codes
    """0-based, with the same numbering in both arms."""
    question: Codes
    """Equal for repeats of one question: same arm, item and option order."""


class Exchange(Struct, frozen=True, kw_only=True):
    """What exchanging answers says of a mean difference over items."""

    difference: float
    """Weighted mean over items of the arm's mean less the baseline's."""
    p: float
    """Two-sided."""
    variance: float
    """Of the difference if answers are exchangeable."""
    items: int
    """Items with answers of both arms."""


class _Urn(Struct, frozen=True, kw_only=True):
    """Per item: how many answers count on either side, and how many of them are right."""

    arm: Array
    baseline: Array
    right: Array
    """Right answers of both sides; not whole where repeats count for less than one."""
    weight: Array
    """Of the item in the mean difference; 0 where one side has no answer."""


def exchange_test(
    arm: ArmAnswers,
    *,
    baseline: ArmAnswers,
    weights: Array,
    rng: np.random.Generator | None = None,
    draws: int = _DRAWS,
) -> Exchange | None:
    """Test an arm against a baseline by exchanging their answers within items.

    Args:
        arm: ArmAnswers of the arm.
        baseline: ArmAnswers of the baseline.
        weights: Weight of every item in the mean difference, such as the number of pairs it has.
        rng: Randomness for scores that are not 0 or 1; None: such scores are compared with the normal distribution of
            the same variance.
        draws: Exchanges that are drawn for such scores.

    Returns:
        None where no item has answers of both arms.
    """
    levels = weights.size
    counts = [tally(side.item, weights=None, levels=levels) for side in (arm, baseline)]
    sums = [tally(side.item, weights=side.score, levels=levels) for side in (arm, baseline)]
    both = (counts[0] > 0) & (counts[1] > 0) & (weights > 0)
    if not both.any():
        return None
    weight = np.where(both, weights, 0.0) / weights[both].sum()
    means = [total / np.maximum(count, 1) for total, count in zip(sums, counts, strict=True)]
    difference = float(weight @ (means[0] - means[1]))
    share = _agreement(arm, baseline, levels)
    if all(bool(np.isin(side.score, (0.0, 1.0)).all()) for side in (arm, baseline)):
        sizes = [_effective(side, share, levels) for side in (arm, baseline)]
        right = means[0] * sizes[0] + means[1] * sizes[1]
        urn = _Urn(arm=sizes[0], baseline=sizes[1], right=right, weight=weight)
        p, variance = _exact_p(urn, difference), _binary_variance(urn)
    else:
        sides = [_by_question(side) if share > 0.5 else side for side in (arm, baseline)]
        variance = _variance(sides[0], sides[1], weight)
        if variance <= _TINY**2:
            p = 1.0
        elif rng is None:
            p = float(special.erfc(abs(difference) / np.sqrt(2 * variance)))
        else:
            p = _drawn_p(sides[0], sides[1], weight, difference, rng=rng, draws=draws)
    return Exchange(difference=difference, p=min(p, 1.0), variance=variance, items=int(both.sum()))


def _agreement(arm: ArmAnswers, baseline: ArmAnswers, levels: int) -> float:
    """How much more repeats of one question surely agree than answers to different questions on one item; 0 to 1.

    One less the ratio of the mean squared difference within questions to that between them, items weighted by their
    pairs of repeats, less one standard error of that ratio over items: repeats that are draws of their own would
    otherwise count for less in half of the tables.
    """
    within, repeats = np.zeros(levels), np.zeros(levels)
    for side in (arm, baseline):
        first, question = np.unique(side.question, return_index=True, return_inverse=True)[1:]
        number = np.bincount(question).astype(np.float64)
        total = np.bincount(question, weights=side.score)
        squares = np.bincount(question, weights=side.score**2)
        within += tally(side.item[first], weights=number * squares - total**2, levels=levels)
        repeats += tally(side.item[first], weights=number * (number - 1) / 2, levels=levels)
    if repeats.sum() == 0:
        return 0.0
    item = np.concatenate([arm.item, baseline.item])
    score = np.concatenate([arm.score, baseline.score])
    number = tally(item, weights=None, levels=levels)
    every = number * tally(item, weights=score**2, levels=levels) - tally(item, weights=score, levels=levels) ** 2
    others = number * (number - 1) / 2 - repeats
    usable = (others > 0) & (repeats > 0)
    between = np.where(usable, (every - within) / np.maximum(others, 1) * repeats, 0.0)
    alike = np.where(usable, within, 0.0)
    if between.sum() <= _TINY:
        return 0.0
    ratio = float(alike.sum() / between.sum())
    error = float(np.sqrt(np.sum((alike - ratio * between) ** 2)) / between.sum())
    return float(np.clip(1.0 - ratio - error, 0.0, 1.0))


def _effective(side: ArmAnswers, share: float, levels: int) -> Array:
    """ArmAnswers of every item, repeats of a question counted by their design effect; whole numbers."""
    if share == 0.0:
        return tally(side.item, weights=None, levels=levels)
    first, question = np.unique(side.question, return_index=True, return_inverse=True)[1:]
    number = np.bincount(question).astype(np.float64)
    counted = tally(side.item[first], weights=number / (1 + (number - 1) * share), levels=levels)
    present = tally(side.item[first], weights=None, levels=levels) > 0
    return np.where(present, np.maximum(np.rint(counted), 1.0), 0.0)


def _by_question(side: ArmAnswers) -> ArmAnswers:
    """One row per question, with the mean of its repeats."""
    first, question = np.unique(side.question, return_index=True, return_inverse=True)[1:]
    means = np.bincount(question, weights=side.score) / np.bincount(question)
    return ArmAnswers(score=means, item=side.item[first], question=side.question[first])


def _binary_variance(urn: _Urn) -> float:
    used = urn.weight > 0
    count = (urn.arm + urn.baseline)[used]
    inner = urn.right[used] * (1 - urn.right[used] / count) / np.maximum(count - 1, 1)
    return float(urn.weight[used] ** 2 @ (inner * (1 / urn.arm[used] + 1 / urn.baseline[used])))


def _variance(arm: ArmAnswers, baseline: ArmAnswers, weight: Array) -> float:
    levels = weight.size
    number, total, squares = (
        [tally(side.item, weights=values, levels=levels) for side, values in zip((arm, baseline), which, strict=True)]
        for which in (
            (None, None),
            (arm.score, baseline.score),
            (arm.score**2, baseline.score**2),
        )
    )
    count = np.maximum(number[0] + number[1], 1)
    inner = np.maximum(squares[0] + squares[1] - (total[0] + total[1]) ** 2 / count, 0.0) / np.maximum(count - 1, 1)
    used = weight > 0
    return float(weight[used] ** 2 @ (inner[used] * (1 / number[0][used] + 1 / number[1][used])))


def _exact_p(urn: _Urn, difference: float) -> float:
    """Two-sided p of a difference of shares, by convolution over the items."""
    count = urn.arm + urn.baseline
    moving = (urn.weight > 0) & (urn.right > _TINY) & (urn.right < count - _TINY)
    if not moving.any():
        return 1.0
    values, mass = _item_distributions(urn, moving)
    values = values * urn.weight[moving][:, None]
    lowest = np.where(mass > 0, values, np.inf).min(axis=1)
    widths = np.where(mass > 0, values - lowest[:, None], 0.0)
    step, exact = _step(widths, mass)
    steps = np.rint(widths / step).astype(np.int64)
    length = 1 << int(np.ceil(np.log2(steps.max(axis=1).sum() + 2)))
    product = np.ones(length // 2 + 1, dtype=np.complex128)
    for place, chance in zip(steps, mass, strict=True):
        product *= np.fft.rfft(np.bincount(place, weights=chance, minlength=length))
    total = np.maximum(np.fft.irfft(product, length), 0.0)
    points = float(lowest.sum()) + step * np.arange(length)
    slack = 0.01 * step if exact else step * np.sqrt(widths.shape[0])
    at = float(total[np.abs(points - difference) <= slack].sum())
    above, below = float(total[points > difference + slack].sum()), float(total[points < difference - slack].sum())
    return 2 * (min(above, below) + 0.5 * at)


def _step(widths: Array, mass: Array) -> tuple[float, bool]:
    """Grid step, and whether every value lies on the grid: one step for all items where they have one."""
    inner = widths[(mass > 0) & (widths > _TINY)]
    smallest = float(inner.min())
    ratio = inner / smallest
    if np.abs(ratio - np.rint(ratio)).max() < 1e-6 and ratio.max() < _GRID:
        return smallest, True
    return max(float(widths.max(axis=1).sum()) / _GRID, _TINY), False


def _item_distributions(urn: _Urn, moving: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    """Values of every item's mean difference and their probabilities under exchange, shape (items, outcomes)."""
    arm, baseline, right = urn.arm[moving], urn.baseline[moving], urn.right[moving]
    flipped = arm < baseline
    few, many = np.where(flipped, arm, baseline), np.where(flipped, baseline, arm)
    drawn = np.arange(int(few.max()) + 1, dtype=np.float64)[None, :]
    below = np.floor(right + 1e-9)
    part = np.where(right - below > 1e-9, right - below, 0.0)
    values, mass = [], []
    for total, share in ((below, 1.0 - part), (below + 1, part)):
        sign = np.where(flipped, -1.0, 1.0)[:, None]
        values.append(sign * ((total[:, None] - drawn) / many[:, None] - drawn / few[:, None]))
        mass.append(share[:, None] * _hypergeometric(drawn, few[:, None], many[:, None], total[:, None]))
    return np.concatenate(values, axis=1), np.concatenate(mass, axis=1)


def _hypergeometric(drawn: Array, few: Array, many: Array, total: Array) -> Array:
    """Chance of `drawn` right among `few` answers when `total` of all `few + many` are right."""
    possible = (drawn <= np.minimum(few, total)) & (total - drawn <= many)
    k = np.where(possible, drawn, np.minimum(few, total))
    rest = np.clip(total - k, 0, many)
    log = _choose(few, k) + _choose(many, rest) - _choose(few + many, np.minimum(total, few + many))
    return np.where(possible, np.exp(log), 0.0)


def _choose(n: Array, k: Array) -> Array:
    result: Array = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return result


def _drawn_p(
    arm: ArmAnswers, baseline: ArmAnswers, weight: Array, difference: float, *, rng: np.random.Generator, draws: int
) -> float:
    """Two-sided p of a difference of mean scores, by dealing an item's answers out anew."""
    item = np.concatenate([arm.item, baseline.item])
    score = np.concatenate([arm.score, baseline.score])
    order = np.lexsort((score, item))  # not by row: the order of rows must not move what is drawn
    score, bounds = score[order], np.searchsorted(item[order], np.arange(weight.size + 1))
    sizes = [tally(side.item, weights=None, levels=weight.size).astype(np.int64) for side in (arm, baseline)]
    drawn = np.zeros(draws)
    for index in np.flatnonzero(weight > 0):
        values = score[bounds[index] : bounds[index + 1]]
        if np.ptp(values) > _TINY:
            few, sign = min((int(sizes[1][index]), 1.0), (int(sizes[0][index]), -1.0))
            sums = _drawn_sums(values, size=few, rng=rng, draws=draws)
            means = (values.sum() - sums) / (values.size - few) - sums / few
            drawn += sign * weight[index] * means
    above, below = (drawn >= difference - _TINY), (drawn <= difference + _TINY)
    return 2 * (1 + min(int(np.count_nonzero(above)), int(np.count_nonzero(below)))) / (draws + 1)


def _drawn_sums(values: Array, *, size: int, rng: np.random.Generator, draws: int) -> Array:
    """Sums of `size` answers that are drawn from all without replacement."""
    if size == 1:
        return values[rng.integers(values.size, size=draws)]
    sums = np.empty(draws)
    rows = max(1, _CHUNK // values.size)
    for start in range(0, draws, rows):
        stop = min(start + rows, draws)
        keys = rng.random((stop - start, values.size), dtype=np.float32)
        sums[start:stop] = values[np.argpartition(keys, size - 1, axis=1)[:, :size]].sum(axis=1)
    return sums

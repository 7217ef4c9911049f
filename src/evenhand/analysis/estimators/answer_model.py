"""How right and wrong answers come about, and what the paired differences then look like, at any accuracy.

Every item has its own chance of a right answer, and one shift in log-odds moves them all, half up for one side of a
pair and half down for the other. Where most items are nearly always right the shift moves a few of them far and the
others not at all, so that items differ in their gap the more, the larger the gap is. Means over items and reactions are
sums over fixed points of the normal distribution.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from evenhand.analysis.estimators.power import Components
from evenhand.errors import UsageError

__all__ = [
    "ASSUMED_ANSWERS",
    "STRONG_ANSWERS",
    "WIDEST_SHIFT",
    "AnswerModel",
    "components_at",
    "differing_share",
    "gap_of_shift",
    "item_cumulants",
    "item_spread_of",
    "log_odds_shift",
    "mean_log_odds",
    "shared_draws",
    "sides_of_gap",
    "steepness",
]

Array = npt.NDArray[np.float64]
WIDEST_SHIFT = 16.0
"""Shift in log-odds beyond which answers hardly move: from 99.97% to 0.03% right."""


class AnswerModel(Struct, frozen=True, kw_only=True):
    """How the answers of an assistant come about; spreads are SDs in log-odds."""

    accuracy: float
    """Mean chance of a right answer where nothing makes a difference."""
    flips: float | None = None
    """Share of twin answers of which one is right and one wrong; None: as for independent answers."""
    item_spread: float = 1.5
    """How much items differ in easiness."""
    item_slope: float = 0.5
    """How differently items react to the contrast."""
    set_slope: float = 0.3
    """How differently matched sets do."""
    df: float | None = None
    """Degrees of freedom behind these numbers where a pilot gave them; None where they are assumed."""

    def __post_init__(self) -> None:
        for name, share in (("accuracy", self.accuracy), ("flips", self.flips)):
            if share is not None and not 0.0 < share < 1.0:
                raise UsageError(f"{name} is {share!r}; allowed are shares between 0 and 1, such as 0.65.")
        most = 2 * min(self.accuracy, 1 - self.accuracy)
        if self.flips is not None and self.flips > most + 1e-12:
            raise UsageError(
                f"flips is {self.flips!r}; where {self.accuracy:.1%} of the answers are right, at most {most:.1%} of "
                "them can differ from their twin."
            )

    @property
    def source(self) -> str:
        """Where the numbers come from, in a sentence."""
        said = (
            "independent twin answers"
            if self.flips is None
            else f"{self.flips:.1%} of twin answers of which one is right"
        )
        where, after = ("assumed", "; a pilot run replaces them") if self.df is None else ("estimated from a run", "")
        return (
            f"{where}: {self.accuracy:.4g} of answers right, {said}, and reactions that vary by {self.item_slope:.2g} "
            f"over items and {self.set_slope:.2g} over personas in log-odds{after}"
        )


ASSUMED_ANSWERS = AnswerModel(accuracy=0.65)
"""Assumed where nothing is known of a model. Answers vary most near one half; better models need less than is said."""

STRONG_ANSWERS = AnswerModel(accuracy=0.97)
"""Stated beside it: about what strong assistants reach on the shipped items."""


def sides_of_gap(answers: AnswerModel, *, gap: float) -> tuple[float, float] | None:
    """Chance of a right answer on the better and on the worse side of a gap; None where no shift makes such a gap.

    Near 100% the better side hardly gains: a gap that exceeds what is left above the accuracy is one of answers that
    get worse.
    """
    shift = log_odds_shift(answers, gap=abs(gap))
    if shift is None:
        return None
    first, second = (float(_weights() @ side @ _SLOPES) for side in _sides(answers, shift))
    return first, second


def gap_of_shift(answers: AnswerModel, *, shift: float) -> float:
    """The true mean gap over all items and sets of a shift in log-odds."""
    first, second = _sides(answers, shift)
    return float(_weights() @ (first - second) @ _SLOPES)


@lru_cache(maxsize=256)
def log_odds_shift(answers: AnswerModel, *, gap: float) -> float | None:
    """The shift in log-odds that makes a gap; None where none does."""
    low, high = 0.0, WIDEST_SHIFT
    if gap > gap_of_shift(answers, shift=high):
        return None
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if gap_of_shift(answers, shift=middle) < gap else (low, middle)
    return (low + high) / 2


def components_at(answers: AnswerModel, *, shift: float) -> Components:
    """Standard deviations of the paired differences under a shift in log-odds."""
    weights = _weights()
    first, second = _sides(answers, shift)
    gaps = first - second
    own = gaps @ _SLOPES
    mean = float(weights @ own)
    of_set = float(_SLOPES @ (weights @ gaps - mean) ** 2)
    apart = float(weights @ ((gaps - own[:, None]) ** 2 @ _SLOPES))
    return Components(
        set=math.sqrt(of_set),
        item=math.sqrt(float(weights @ (own - mean) ** 2)),
        cell=math.sqrt(max(apart - of_set, 0.0)),
        noise=math.sqrt(float(weights @ ((_differ(answers, first, second) - gaps**2) @ _SLOPES))),
        source=answers.source,
        df=answers.df,
    )


def _differ(answers: AnswerModel, first: Array, second: Array) -> Array:
    """Chance that one of two twin answers is right and the other wrong."""
    shared = shared_draws(answers)
    alone = first * (1 - second) + second * (1 - first)
    result: Array = (1 - shared) * alone + shared * np.abs(first - second)
    return result


def item_cumulants(answers: AnswerModel, *, shift: float, number: float) -> tuple[float, float]:
    """Third and fourth cumulant of an item's mean difference over `number` pairs of answers."""
    weights = _weights()
    first, second = _sides(answers, shift)
    own, square = (first - second) @ _SLOPES, _differ(answers, first, second) @ _SLOPES
    away = own - float(weights @ own)
    # A difference is -1, 0 or 1: its third moment is its mean, and its fourth is its second.
    within = square - own**2
    skew = own - 3 * own * square + 2 * own**3
    fourth = square - 4 * own**2 + 6 * own**2 * square - 3 * own**4
    third = weights @ (away**3 + 3 * away * within / number + skew / number**2)
    whole = weights @ (
        away**4
        + 6 * away**2 * within / number
        + 4 * away * skew / number**2
        + 3 * within**2 / number**2
        + (fourth - 3 * within**2) / number**3
    )
    variance = float(weights @ (away**2 + within / number))
    return float(third), float(whole) - 3 * variance**2


_EASINESS = np.linspace(-4.0, 4.0, 41)
_DRAWS = np.polynomial.hermite_e.hermegauss(7)
_REACTION = _DRAWS[0]
_SLOPES: Array = _DRAWS[1] / _DRAWS[1].sum()
"""Weights of the reactions."""
_ITEMS: Array = np.exp(-0.5 * _EASINESS**2) / np.exp(-0.5 * _EASINESS**2).sum()
"""Weights of items by easiness."""


@lru_cache(maxsize=1)
def _weights() -> Array:
    """Of items, by easiness and by their reaction."""
    return np.outer(_ITEMS, _SLOPES).ravel()


def _sides(answers: AnswerModel, shift: float) -> tuple[Array, Array]:
    """Chances of a right answer on both sides, by item (easiness and reaction) and by the reaction of the set."""
    level = mean_log_odds(answers) + item_spread_of(answers) * np.repeat(_EASINESS, _REACTION.size)
    reaction = np.tile(answers.item_slope * _REACTION, _EASINESS.size)
    moved = shift + reaction[:, None] + answers.set_slope * _REACTION
    return _chance(level[:, None] + moved / 2), _chance(level[:, None] - moved / 2)


def _chance(log_odds: Array) -> Array:
    result: Array = 0.5 * (1.0 + np.tanh(0.5 * log_odds))
    return result


def mean_log_odds(answers: AnswerModel) -> float:
    """Mean easiness of items, in log-odds, at which the mean chance of a right answer is the accuracy."""
    return _level(answers.accuracy, item_spread_of(answers))


def item_spread_of(answers: AnswerModel) -> float:
    """How much items differ in easiness: less than stated where more twin answers differ than that leaves room for."""
    return (
        answers.item_spread if answers.flips is None else _spread(answers.accuracy, answers.item_spread, answers.flips)
    )


@lru_cache(maxsize=256)
def shared_draws(answers: AnswerModel) -> float:
    """Share of pairs whose two answers are one draw, so that fewer twin answers differ than independent ones would.

    Answers that are one draw still differ where item or set react.
    """
    if answers.flips is None:
        return 0.0
    first, second = _sides(answers, 0.0)
    alone = float(_weights() @ (first * (1 - second) + second * (1 - first)) @ _SLOPES)
    least = float(_weights() @ np.abs(first - second) @ _SLOPES)
    return min(1.0, max(0.0, (alone - answers.flips) / max(alone - least, 1e-12)))


def _items(level: float, spread: float) -> tuple[Array, Array]:
    return _chance(level + spread * _EASINESS), _ITEMS


def steepness(answers: AnswerModel) -> tuple[float, float]:
    """How far the chance of a right answer moves with its log-odds: mean and root mean square over items."""
    chances, weights = _items(mean_log_odds(answers), item_spread_of(answers))
    slope = chances * (1 - chances)
    return float(weights @ slope), math.sqrt(float(weights @ slope**2))


@lru_cache(maxsize=256)
def _level(accuracy: float, spread: float) -> float:
    low, high = -40.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        chances, weights = _items(middle, spread)
        low, high = (middle, high) if float(weights @ chances) < accuracy else (low, middle)
    return (low + high) / 2


def differing_share(accuracy: float, *, spread: float) -> float:
    """Share of independent twin answers that differ, where items differ in easiness by `spread`."""
    chances, weights = _items(_level(accuracy, spread), spread)
    return float(2 * weights @ (chances * (1 - chances)))


@lru_cache(maxsize=256)
def _spread(accuracy: float, spread: float, flips: float) -> float:
    if differing_share(accuracy, spread=spread) >= flips:
        return spread
    low, high = 0.0, spread
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if differing_share(accuracy, spread=middle) < flips else (middle, high)
    return low

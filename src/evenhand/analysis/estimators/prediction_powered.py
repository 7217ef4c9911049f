"""Prediction-powered inference: many ratings by a model, corrected by few ratings by people.

Estimand: what people would give on average. A model's ratings of all answers are precise and may be off; on the
answers that people rated too, the mean of people minus model (the rectifier) says by how much. The sum of the two
estimates what people would give, and its variance is the sum of theirs. No trust in the model is needed; the answers
that people rated must be a random sample.

References:
    Angelopoulos, Bates, Fannjiang, Jordan and Zrnic (2023), Prediction-powered inference, Science 382:669-674 (the
    mean: their algorithm 1).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import special

__all__ = ["FEWEST_RATED", "Corrected", "Rectifier", "corrected", "corrected_mean", "rectifier"]

Array = npt.NDArray[np.float64]

FEWEST_RATED = 10
"""Answers that people must have rated on each side before a correction is made."""


class Rectifier(Struct, frozen=True, kw_only=True):
    """People minus model, where both rated."""

    mean: float
    variance: float
    """Squared standard error of the mean."""
    rated: int


class Corrected(Struct, frozen=True, kw_only=True):
    """An estimate of what people would give."""

    value: float
    se: float
    df: float
    """Infinite where the rectifiers rest on everything."""
    p: float
    """Two-sided, against zero."""
    low: float
    high: float


def rectifier(people: Array, model: Array) -> Rectifier:
    """The rectifier of answers rated by both.

    Args:
        people: Ratings by people, one per answer.
        model: Ratings of the same answers by the model.
    """
    apart = people - model
    count = len(apart)
    return Rectifier(
        mean=float(apart.mean()) if count else float("nan"),
        variance=float(apart.var(ddof=1)) / count if count > 1 else float("nan"),
        rated=count,
    )


def corrected(
    value: float, *, se: float, df: float | None, plus: Rectifier, minus: Rectifier | None, confidence: float
) -> Corrected:
    """A model's estimate with the rectifiers of its sides added.

    Args:
        value: The estimate from the model's ratings of all answers.
        se: Its standard error.
        df: Its degrees of freedom; None: infinite.
        plus: Rectifier of the side that counts as plus.
        minus: Of the other side; None for a mean.
        confidence: Coverage of the interval.
    """
    sides = [plus, *([minus] if minus is not None else [])]
    parts = [(se**2, df if df is not None else float("inf")), *((one.variance, one.rated - 1.0) for one in sides)]
    variance = sum(part for part, _ in parts)
    spent = sum(part**2 / free for part, free in parts if part > 0)
    freedom = variance**2 / spent if spent > 0 else float("inf")
    moved = value + plus.mean - (minus.mean if minus is not None else 0.0)
    error = float(np.sqrt(variance))
    reach = float(special.stdtrit(freedom, (1 + confidence) / 2)) * error
    p = float(2 * special.stdtr(freedom, -abs(moved) / error)) if error > 0 else float(moved == 0.0)
    return Corrected(value=moved, se=error, df=freedom, p=p, low=moved - reach, high=moved + reach)


def corrected_mean(all_model: Array, *, people: Array, model: Array, confidence: float = 0.95) -> Corrected:
    """The mean that people would give to all answers.

    Args:
        all_model: The model's ratings of answers that people did not rate.
        people: People's ratings of the others.
        model: The model's ratings of those.
        confidence: Coverage of the interval.
    """
    se = float(np.sqrt(all_model.var(ddof=1) / len(all_model)))
    return corrected(
        float(all_model.mean()),
        se=se,
        df=len(all_model) - 1.0,
        plus=rectifier(people, model),
        minus=None,
        confidence=confidence,
    )

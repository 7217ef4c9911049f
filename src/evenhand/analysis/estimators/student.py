"""Student's t and the normal distribution for single numbers, in plain Python.

scipy has them, but loading it takes longer than planning a whole audit, and `evenhand plan` needs two quantiles. The
tail of t is half of a regularised incomplete beta function, computed by its continued fraction with Lentz's method; the
quantile inverts it by Newton steps kept inside a bracket. Checked against scipy to eight digits.

References:
    Abramowitz and Stegun (1964), 26.5.8 and 26.7.1. Lentz (1976), Applied Optics 15:668-671.
"""

from __future__ import annotations

import math
from statistics import NormalDist

__all__ = ["quantile", "survival"]

_NORMAL = NormalDist()
_TINY = 1e-300
_CLOSE = 1e-15


def survival(statistic: float, *, df: float | None) -> float:
    """Upper tail of Student's t with `df` degrees of freedom; None: normal."""
    if df is None or math.isinf(statistic):
        return 0.5 * math.erfc(statistic / math.sqrt(2.0))
    square = statistic * statistic
    tail = 0.5 * _incomplete_beta(df / (df + square), square / (df + square), df / 2.0, 0.5)
    return tail if statistic >= 0 else 1.0 - tail


def quantile(probability: float, *, df: float | None) -> float:
    """Quantile of Student's t with `df` degrees of freedom; None: normal. Infinite at 0 and 1."""
    if probability in (0.0, 1.0):
        return math.copysign(math.inf, probability - 0.5)
    if df is None:
        return _NORMAL.inv_cdf(probability)
    if probability < 0.5:
        return -_upper(probability, df)
    return _upper(1.0 - probability, df)


def _upper(tail: float, df: float) -> float:
    """The point above which `tail` of the distribution lies, for a tail of at most a half."""
    low, high = 0.0, 1.0
    while survival(high, df=df) > tail:
        low, high = high, high * 2.0
    scale = math.lgamma((df + 1.0) / 2.0) - math.lgamma(df / 2.0) - 0.5 * math.log(df * math.pi)
    point = 0.5 * (low + high)
    for _ in range(200):
        miss = survival(point, df=df) - tail
        low, high = (point, high) if miss > 0 else (low, point)
        density = math.exp(scale - (df + 1.0) / 2.0 * math.log1p(point * point / df))
        step = point + miss / density
        following = step if low < step < high else 0.5 * (low + high)
        if abs(following - point) <= _CLOSE * max(1.0, point):
            return following
        point = following
    return point


def _incomplete_beta(x: float, y: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b); `y` is 1 - x, given apart because it may be tiny."""
    if x <= 0.0 or y <= 0.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _incomplete_beta(y, x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(y)
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    fraction = d
    for m in range(1, 10_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + term * d
            c = 1.0 + term / c
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = c if abs(c) > _TINY else _TINY
            fraction *= c * d
        if abs(c * d - 1.0) < _CLOSE:
            break
    return math.exp(front) * fraction / a

"""Student's t and the normal distribution for single numbers, in plain Python.

scipy has them, but loading it takes longer than planning a whole audit, and `evenhand plan` needs two quantiles. The
tail of t is half of a regularised incomplete beta function, computed by its continued fraction with Lentz's method; the
quantile inverts it by Newton steps kept inside a bracket. Checked against scipy to eight digits.

References:
    Abramowitz and Stegun (1964), 26.5.8, 26.7.1 and 26.7.5. Lentz (1976), Applied Optics 15:668-671.
"""

from __future__ import annotations

import math
from functools import lru_cache
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


@lru_cache(maxsize=4096)
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
    scale = math.lgamma((df + 1.0) / 2.0) - math.lgamma(df / 2.0) - 0.5 * math.log(df * math.pi)
    low, high = 0.0, math.inf
    point = _near(tail, df)
    for _ in range(200):
        miss = survival(point, df=df) - tail
        low, high = (point, high) if miss > 0 else (low, point)
        density = math.exp(scale - (df + 1.0) / 2.0 * math.log1p(point * point / df))
        step = point + miss / density if density > 0.0 else math.nan
        following = step if low < step < high else 0.5 * (low + min(high, 4.0 * point + 1.0))
        if abs(following - point) <= _CLOSE * max(1.0, point):
            return following
        point = following
    return point


def _near(tail: float, df: float) -> float:
    """A point near the quantile: the first terms of its expansion around the normal one, or the tail's power law."""
    z = -_NORMAL.inv_cdf(tail)
    terms = (
        (z**3 + z) / 4.0,
        (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0,
        (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0,
    )
    if df >= max(3.0, z * z):
        return z + terms[0] / df + terms[1] / df**2 + terms[2] / df**3
    height = math.lgamma((df + 1.0) / 2.0) - math.lgamma(df / 2.0) - 0.5 * math.log(df * math.pi)
    power = (height + 0.5 * (df + 1.0) * math.log(df) - math.log(df * tail)) / df
    return max(z, math.exp(min(power, 700.0)))


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

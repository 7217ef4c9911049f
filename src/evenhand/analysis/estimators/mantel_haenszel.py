"""Mantel-Haenszel test of item functioning, with the classes of the Educational Testing Service.

Estimand: the common odds ratio, over strata of equal overall score, of a right answer on an item in the reference
group against the focal group. Units are respondents (profiles); a respondent asked several times counts once, with the
share of right answers, so repeats do not pass for new respondents.

The test is the stratified permutation test in its normal form. With T the focal group's sum of right answers less its
expectation given the strata, its variance is the sum over strata of n1 n0 / (n (n - 1)) times the sum of squares
within the stratum; for answers of 0 and 1 this is exactly the Mantel-Haenszel chi-square.

References:
    Mantel and Haenszel (1959), J. National Cancer Institute 22:719-748. Holland and Thayer (1988), in Wainer and Braun
    (eds), Test Validity (items). Robins, Breslow and Greenland (1986), Biometrics 42:311-323 (standard error). Zwick
    and Ercikan (1989), J. Educational Measurement 26:55-66 (classes A, B and C).
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy import special

from evenhand.records.results import EtsClass

__all__ = ["MantelHaenszel", "ets_class", "mantel_haenszel"]

Array = NDArray[np.float64]
_DELTA = -2.35


class MantelHaenszel(Struct, frozen=True, kw_only=True):
    """One entry per item."""

    log_odds_ratio: Array
    """Reference against focal group; above 0: easier for the reference group. NaN where an item cannot be compared."""
    se: Array
    chi_square: Array
    """With continuity correction; 0 where an item cannot be compared."""
    p: Array
    delta: Array
    """-2.35 times the log odds ratio: the difference on the ETS difficulty scale, below 0 against the focal group."""


def mantel_haenszel(
    answers: Array, *, focal: NDArray[np.bool_], strata: NDArray[np.int64], step: float = 1.0
) -> MantelHaenszel:
    """Compare two groups on every item within strata.

    Args:
        answers: Shape (respondents, items): share of right answers, NaN where not asked or missing.
        focal: Shape (respondents,): whether the respondent belongs to the focal group.
        strata: Shape (respondents, items): stratum of each respondent for each item, 0-based.
        step: Smallest step of an answer (1 for right or wrong, 1/R for shares of R repeats), for the continuity
            correction.
    """
    known = ~np.isnan(answers)
    y = np.where(known, answers, 0.0)
    count = int(strata.max()) + 1
    right, wrong, people, squares = (np.zeros((count, 2, answers.shape[1])) for _ in range(4))
    group = np.where(focal, 1, 0)[:, None] * np.ones_like(strata)
    column = np.arange(answers.shape[1])[None, :] * np.ones_like(strata)
    index = (strata, group, column)
    np.add.at(right, index, np.where(known, y, 0.0))
    np.add.at(wrong, index, np.where(known, 1 - y, 0.0))
    np.add.at(people, index, known.astype(np.float64))
    np.add.at(squares, index, np.where(known, y**2, 0.0))
    log_ratio, se = _odds_ratio(right, wrong)
    chi_square = _chi_square(right, people, squares, step=step)
    comparable = (people.sum(axis=0) > 0).all(axis=0) & (chi_square >= 0)
    chi_square = np.where(comparable, np.maximum(chi_square, 0.0), 0.0)
    log_ratio = np.where(comparable, log_ratio, np.nan)
    return MantelHaenszel(
        log_odds_ratio=log_ratio,
        se=np.where(comparable, se, np.nan),
        chi_square=chi_square,
        p=special.chdtrc(1, chi_square),
        delta=_DELTA * log_ratio,
    )


def ets_class(delta: float, *, se: float, p: float, alpha: float = 0.05) -> EtsClass:
    """A, B or C from the size of delta and what is sure of it.

    C: at least 1.5 in size and surely beyond 1; B: at least 1 and surely not 0; A otherwise. `se` is of the log odds
    ratio, `p` of the test against 0 (adjusted where items are many).
    """
    if not np.isfinite(delta):
        return "A"
    size, spread = abs(delta), abs(_DELTA) * se
    if size >= 1.5 and p < alpha and size - 1.645 * spread > 1.0:
        return "C"
    if size >= 1.0 and p < alpha:
        return "B"
    return "A"


def _odds_ratio(right: Array, wrong: Array) -> tuple[Array, Array]:
    """Common log odds ratio (reference against focal) and its standard error (Robins, Breslow and Greenland).

    Where one of the two sums is 0, half an answer is added to every cell of every stratum in use, as for a single
    table (Haldane), so that a one-sided item has a large finite ratio.
    """
    ratio, se = _ratio_of(right, wrong)
    edge = ~np.isfinite(ratio)
    if edge.any():
        used = (right + wrong).sum(axis=1, keepdims=True) > 0
        fixed, fixed_se = _ratio_of(right + 0.5 * used, wrong + 0.5 * used)
        ratio, se = np.where(edge, fixed, ratio), np.where(edge, fixed_se, se)
    return ratio, se


def _ratio_of(right: Array, wrong: Array) -> tuple[Array, Array]:
    total = (right + wrong).sum(axis=1)
    safe = np.where(total > 0, total, 1.0)
    agree = right[:, 0] * wrong[:, 1] / safe
    differ = wrong[:, 0] * right[:, 1] / safe
    p = (right[:, 0] + wrong[:, 1]) / safe
    q = (wrong[:, 0] + right[:, 1]) / safe
    up, down = agree.sum(axis=0), differ.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(up) - np.log(down)
        variance = (
            (p * agree).sum(axis=0) / (2 * up**2)
            + (p * differ + q * agree).sum(axis=0) / (2 * up * down)
            + (q * differ).sum(axis=0) / (2 * down**2)
        )
    return ratio, np.sqrt(variance)


def _chi_square(right: Array, people: Array, squares: Array, *, step: float) -> Array:
    """The statistic; -1 where there is nothing to compare."""
    n = people.sum(axis=1)
    usable = (people > 0).all(axis=1) & (n > 1)
    safe = np.where(usable, n, 2.0)
    mean = right.sum(axis=1) / safe
    spread = np.maximum(squares.sum(axis=1) - safe * mean**2, 0.0)
    expected = people[:, 1] * mean
    variance = np.where(usable, people[:, 0] * people[:, 1] / (safe * (safe - 1)) * spread, 0.0).sum(axis=0)
    excess = np.where(usable, right[:, 1] - expected, 0.0).sum(axis=0)
    corrected = np.maximum(np.abs(excess) - step / 2, 0.0)
    return np.where(variance > 1e-12, corrected**2 / np.where(variance > 1e-12, variance, 1.0), -1.0)

"""Logistic test of item functioning, uniform and non-uniform, all items at once.

Estimand: for each item the log-odds shift of a right answer between groups at equal overall score (uniform), and how
that shift changes with overall score (non-uniform). Three nested models are fitted to the share of right answers of
every respondent: score; score and group; score, group and their product. Twice the difference of log-likelihoods is
compared with chi-square(1); where respondents were asked several times it is divided by the dispersion of the largest
model, so that repeats do not pass for new respondents.

References:
    Swaminathan and Rogers (1990), J. Educational Measurement 27:361-370. McCullagh and Nelder (1989), Generalized
    Linear Models, section 4.5 (dispersion).
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy import special

from evenhand.analysis.estimators.random_terms import tally

__all__ = ["LogisticDif", "logistic_dif"]

Array = NDArray[np.float64]
_RIDGE = 1e-6
_ITERATIONS = 30


class LogisticDif(Struct, frozen=True, kw_only=True):
    """One entry an item."""

    shift: Array
    """Log-odds of the focal group minus those of the reference group at equal score, from the second model."""
    uniform_chi_square: Array
    uniform_p: Array
    nonuniform_chi_square: Array
    nonuniform_p: Array


def logistic_dif(answers: Array, *, focal: NDArray[np.bool_], score: Array, repeats: float = 1.0) -> LogisticDif:
    """Compare two groups on every item.

    Args:
        answers: Shape (respondents, items): share of right answers, NaN where missing.
        focal: Shape (respondents,).
        score: Shape (respondents, items): overall score of each respondent as matched for each item.
        repeats: Mean number of times a respondent was asked an item.
    """
    known = (~np.isnan(answers)).astype(np.float64)
    y = np.where(np.isnan(answers), 0.0, answers)
    spread = score.std(axis=0)
    centred = (score - score.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    group = np.broadcast_to(np.where(focal, 0.5, -0.5)[:, None], answers.shape)
    columns = np.stack([np.ones_like(y), centred, group, centred * group], axis=2)
    tied, target, weight = _tied(centred, focal=focal, y=y, weight=known * repeats)
    fits = [_fit(tied[:, :, :width], target, weight) for width in (2, 3, 4)]
    dispersion = np.ones(y.shape[1])
    if repeats > 1:
        dispersion = np.maximum(_dispersion(columns, y, known * repeats, fits[2][0]), 1.0)
    uniform = np.maximum(fits[0][1] - fits[1][1], 0.0) / dispersion
    nonuniform = np.maximum(fits[1][1] - fits[2][1], 0.0) / dispersion
    return LogisticDif(
        shift=fits[1][0][:, 2],
        uniform_chi_square=uniform,
        uniform_p=special.chdtrc(1, uniform),
        nonuniform_chi_square=nonuniform,
        nonuniform_p=special.chdtrc(1, nonuniform),
    )


def _tied(centred: Array, *, focal: NDArray[np.bool_], y: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Columns, share right and weight of an item's respondents of equal score and group, added up.

    Adding up changes no likelihood, and scores of a test take few values, so cost does not grow with respondents.
    Shapes (most ties of any item, items[, 4]); what an item does not need has weight 0.
    """
    parts = []
    for score, right, counted in zip(centred.T, y.T, weight.T, strict=True):
        values, place = np.unique(score, return_inverse=True)
        code = 2 * place.reshape(-1) + focal
        total = tally(code, weights=counted, levels=2 * values.size)
        rights = tally(code, weights=counted * right, levels=2 * values.size)
        met = total > 0
        parts.append((np.repeat(values, 2)[met], np.tile((-0.5, 0.5), values.size)[met], rights[met], total[met]))
    longest = max(part[0].size for part in parts)
    value, group, rights, total = (
        np.column_stack([np.pad(part[index], (0, longest - part[index].size)) for part in parts]) for index in range(4)
    )
    columns = np.stack([np.ones_like(value), value, group, value * group], axis=2)
    return columns, rights / np.maximum(total, 1e-300), total


def _fit(columns: Array, y: Array, weight: Array) -> tuple[Array, Array]:
    """Coefficients (items, p) and deviances (items,) by Newton's method, all items together.

    A ridge of 1e-6 keeps separated items finite; steps are halved where the penalised deviance would rise.
    """
    items, width = y.shape[1], columns.shape[2]
    x = columns.transpose(1, 0, 2)
    target, w = y.T, weight.T
    beta = np.zeros((items, width))
    best = _deviance(x, target, w, beta)
    for _ in range(_ITERATIONS):
        p = special.expit(np.einsum("jia,ja->ji", x, beta))
        slope = np.einsum("jia,ji->ja", x, w * (target - p)) - _RIDGE * beta
        curve = np.einsum("jia,ji,jib->jab", x, w * p * (1 - p), x) + _RIDGE * np.eye(width)
        step = np.clip(np.linalg.solve(curve, slope[:, :, None])[:, :, 0], -4.0, 4.0)
        scale = np.ones(items)
        for _ in range(8):
            trial = _deviance(x, target, w, beta + scale[:, None] * step)
            worse = trial > best + 1e-10
            if not worse.any():
                break
            scale = np.where(worse, scale / 2, scale)
        beta = beta + np.where(trial > best + 1e-10, 0.0, scale)[:, None] * step
        done = np.abs(best - trial).max() < 1e-10
        best = np.minimum(best, trial)
        if done:
            break
    return beta, best


def _deviance(x: Array, y: Array, weight: Array, beta: Array) -> Array:
    """Minus twice the log-likelihood, plus the ridge."""
    eta = np.einsum("jia,ja->ji", x, beta)
    loglik = weight * (y * -np.logaddexp(0, -eta) + (1 - y) * -np.logaddexp(0, eta))
    result: Array = -2 * loglik.sum(axis=1) + _RIDGE * (beta**2).sum(axis=1)
    return result


def _dispersion(columns: Array, y: Array, weight: Array, beta: Array) -> Array:
    """Pearson chi-square over its degrees of freedom."""
    p = np.clip(special.expit(np.einsum("jia,ja->ji", columns.transpose(1, 0, 2), beta)).T, 1e-6, 1 - 1e-6)
    pearson = (weight * (y - p) ** 2 / (p * (1 - p))).sum(axis=0)
    freedom = np.maximum((weight > 0).sum(axis=0) - columns.shape[2], 1)
    result: Array = pearson / freedom
    return result

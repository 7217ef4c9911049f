"""Noise of the mean scores of a crossing's cells, where it depends on the score.

Answers that are nearly all right vary less than answers of which one in seven is wrong. The residual variance of a
profile whose mean score is m is taken to be ``c m (1 - m)``, that of a share; c is such that the profiles together have
the residual variance of the table, so that it also takes out what items explain. Scores lie between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evenhand.analysis.estimators.profile_variance import ProfileMeans

__all__ = ["VarianceAt", "mean_covariance", "variance_at"]

Array = NDArray[np.float64]


VarianceAt = Callable[[Array], Array]
"""Residual variance of the answers at mean scores of any shape."""


def variance_at(means: ProfileMeans, *, centre: Array) -> VarianceAt:
    """How the residual variance depends on the mean score.

    Args:
        means: Profile means, for the residual variance and the numbers of answers.
        centre: Shape (profiles,): the mean scores at which profiles together have that residual variance.
    """
    answers = means.met.sum(axis=1)
    edge = 0.5 / (float(answers.mean()) + 1.0)

    def of_share(score: Array) -> Array:
        within: Array = np.clip(score, edge, 1.0 - edge)
        return within * (1.0 - within)

    per_share = means.residual * float(answers.sum()) / float(answers @ of_share(centre))
    return lambda score: per_share * of_share(score)


def mean_covariance(met: Array, *, variance: Array) -> Array:
    """Covariance of least-squares profile means with items as fixed effects, for the items asked.

    With M_i the matrix that takes the mean of item i out, the means are linear in the answers: G sum_i M_i y_i, with G
    the inverse of sum_i M_i, plus the level. All products are written in the numbers of profiles that items met.

    Args:
        met: Shape (profiles, items): 1 where a profile met an item.
        variance: Shape (profiles,): residual variance of an answer.
    """
    profiles, items = met.shape
    per_item = met.sum(axis=0)
    shared = (met / per_item) @ met.T
    summed = (variance @ met) / per_item**2
    right = np.diag(variance * met.sum(axis=1)) - (variance[:, None] + variance) * shared + (met * summed) @ met.T
    with_level = (variance * (met / per_item).sum(axis=1) - met @ summed) / items
    even = np.full((profiles, profiles), 1.0 / profiles)
    inverse = np.linalg.inv(np.diag(met.sum(axis=1)) - shared + even) - even
    to_mean = (np.eye(profiles) - (met / per_item).mean(axis=1)) @ inverse
    cross = to_mean @ with_level
    covariance: Array = to_mean @ right @ to_mean.T + cross[:, None] + cross + summed.sum() / items**2
    return covariance

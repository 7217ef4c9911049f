"""Weights that keep the estimand where the plan put it when answers are missing.

A mean over the pairs that happen to have answers speaks of those items and users that answer often. Here every item and
every set keeps the share of the design that it was planned to have: weights of the observed pairs are scaled by rows
and columns in turn until their sums are the planned ones (raking). Where nothing is missing all weights are alike. The
mean is then right if, within an item and a set, which answers are missing has nothing to do with the difference, and
differences are a sum of a set's and an item's part.

References:
    Deming and Stephan (1940), Annals of Mathematical Statistics 11:427-444.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["planned_weights"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_ROUNDS = 100
_CLOSE = 1e-9


def planned_weights(observed: Mask, *, planned: Mask | None) -> Array:
    """Weights of the observed cells, which sum to 1; 0 elsewhere.

    Args:
        observed: Cells with a value.
        planned: Cells that were asked; None: the observed ones. Rows and columns without any value are left out, and
            the estimand is then that of the others.
    """
    weights: Array = observed.astype(np.float64)
    if planned is None or bool((planned <= observed).all()):
        even: Array = weights / weights.sum()
        return even
    rows_seen: Mask = np.asarray(observed.any(axis=1))
    columns_seen: Mask = np.asarray(observed.any(axis=0))
    kept = planned & rows_seen[:, None] & columns_seen[None, :]
    rows, columns = kept.sum(axis=1).astype(np.float64), kept.sum(axis=0).astype(np.float64)
    for _ in range(_ROUNDS):
        weights *= (rows / np.maximum(weights.sum(axis=1), 1e-300))[:, None]
        sums = weights.sum(axis=0)
        weights *= (columns / np.maximum(sums, 1e-300))[None, :]
        if np.abs(sums - columns).max() <= _CLOSE * columns.max():
            break
    result: Array = weights / weights.sum()
    return result

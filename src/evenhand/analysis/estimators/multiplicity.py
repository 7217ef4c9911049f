"""Adjusted p-values: Holm within a confirmatory family, Benjamini-Hochberg across exploratory tables.

A p-value that does not exist (None) stays None and does not count in the family.

References:
    Holm (1979), Scandinavian J. Statistics 6:65-70. Benjamini and Hochberg (1995), JRSS B 57:289-300.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["benjamini_hochberg", "holm"]

Array = npt.NDArray[np.float64]


def _restore(
    p: Sequence[float | None], present: list[int], order: npt.NDArray[np.int64], adjusted: Array
) -> list[float | None]:
    result: list[float | None] = [None] * len(p)
    for rank, position in enumerate(order):
        result[present[int(position)]] = float(min(adjusted[rank], 1.0))
    return result


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjustment, which holds the chance of any false alarm in the family."""
    present = [index for index, value in enumerate(p) if value is not None]
    values = np.array([value for value in p if value is not None], dtype=np.float64)
    order = np.argsort(values, kind="stable")
    factors = values.size - np.arange(values.size)
    return _restore(p, present, order, np.maximum.accumulate(values[order] * factors))


def benjamini_hochberg(p: Sequence[float | None]) -> list[float | None]:
    """The step-up adjustment of Benjamini and Hochberg, which holds the expected share of false alarms."""
    present = [index for index, value in enumerate(p) if value is not None]
    values = np.array([value for value in p if value is not None], dtype=np.float64)
    order = np.argsort(values, kind="stable")
    raised = values[order] * values.size / np.arange(1, values.size + 1)
    return _restore(p, present, order, np.minimum.accumulate(raised[::-1])[::-1])

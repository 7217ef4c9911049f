"""Adjusted p-values: Holm within the confirmatory family, hierarchical false discovery rate over everything else.

The exploratory tests of a report fall into families (a measure of a model). Families are tested first, each by Simes'
p, and adjusted over all families by Benjamini and Hochberg; within the families that pass, tests are adjusted by the
same method at a level lowered by the share of families that passed. That holds the expected share of false alarms among
the families that are named, and on average within them; where nothing is there at all, it holds the chance of any
alarm in the whole report.

A p-value that does not exist (None) stays None and does not count in the family.

References:
    Holm (1979), Scandinavian J. Statistics 6:65-70. Benjamini and Hochberg (1995), JRSS B 57:289-300. Simes (1986),
    Biometrika 73:751-754. Benjamini and Bogomolov (2014), JRSS B 76:297-318 (selected families).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["benjamini_hochberg", "hierarchical", "holm"]

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


def hierarchical(families: Sequence[Sequence[float | None]], *, alpha: float) -> list[list[float | None]]:
    """p-values adjusted over families of tests and within them.

    An adjusted p is the larger of its family's and of its own within the family, the latter times the number of
    families over the number that pass at `alpha`. Below `alpha` it is exactly where the two steps reject.

    Args:
        families: The p-values of every family.
        alpha: Level at which families pass; adjusted values are made for it.
    """
    within = [benjamini_hochberg(family) for family in families]
    # The smallest p of Benjamini and Hochberg is Simes' p of the family.
    simes = [min((value for value in family if value is not None), default=None) for family in within]
    between = benjamini_hochberg(simes)
    tested = sum(value is not None for value in simes)
    passed = sum(value is not None and value < alpha for value in between)
    factor = tested / max(passed, 1)
    return [
        [None if value is None or whole is None else min(1.0, max(whole, value * factor)) for value in family]
        for family, whole in zip(within, between, strict=True)
    ]

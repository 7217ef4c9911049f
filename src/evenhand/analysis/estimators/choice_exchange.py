"""Exchange of chosen options within items and option orders: the second test of flips against the noise floor.

Null hypothesis: with memory the model chooses among the options as it does without. Given how often each option was
chosen on both sides, the choices without memory are then a draw without replacement from all. What is compared is the
share of pairs, one choice with memory and one without, that differ, less the share of pairs without memory that differ.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["choice_exchange_p"]

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
_DRAWS = 999
_CHUNK = 500_000


def choice_exchange_p(arm: Counts, *, baseline: Counts, rng: np.random.Generator, draws: int = _DRAWS) -> float:
    """Two-sided p of the excess of differing pairs.

    Args:
        arm: How often each option was chosen with memory, shape (questions, options).
        baseline: The same without memory; a question counts where there are at least two.
        rng: Randomness.
        draws: Exchanges.
    """
    usable = (baseline.sum(axis=1) > 1) & (arm.sum(axis=1) > 0)
    arm, baseline = arm[usable], baseline[usable]
    weights = arm.sum(axis=1) / max(int(arm.sum()), 1)
    total = arm + baseline
    # A question on which all chose alike has no excess in any arrangement.
    moving = (total > 0).sum(axis=1) > 1
    if not moving.any():
        return 1.0
    total, baseline, weights = total[moving], baseline[moving], weights[moving]
    observed = abs(float(weights @ _excess(total - baseline, baseline))) - 1e-12
    size = baseline.sum(axis=1)
    hits, rows = 0, max(1, _CHUNK // total.size)
    for start in range(0, draws, rows):
        drawn = _dealt(total, size, rng, copies=min(rows, draws - start))
        hits += int(np.count_nonzero(np.abs(_excess(total - drawn, drawn) @ weights) >= observed))
    return (1 + hits) / (draws + 1)


def _excess(arm: Counts, baseline: Counts) -> Array:
    """Share of differing pairs between the sides, less that within the baseline, by question."""
    size, others = baseline.sum(axis=-1), arm.sum(axis=-1)
    between = (arm * baseline).sum(axis=-1) / (size * others)
    within = (baseline * (baseline - 1)).sum(axis=-1) / (size * (size - 1))
    result: Array = within - between
    return result


def _dealt(total: Counts, size: Counts, rng: np.random.Generator, *, copies: int) -> Counts:
    """Deal `size` choices of every question without replacement, one after the other; shape (copies, *total)."""
    left = np.broadcast_to(total, (copies, *total.shape)).copy()
    for turn in range(int(size.max())):
        reached = np.cumsum(left, axis=2)
        point = rng.random(reached.shape[:2]) * reached[:, :, -1]
        # A question always keeps a choice of the other side, so that its point lies below the last sum.
        option = (reached <= point[:, :, None]).sum(axis=2)
        taken = np.broadcast_to((size > turn).astype(np.int64), option.shape)
        np.put_along_axis(
            left, option[:, :, None], np.take_along_axis(left, option[:, :, None], axis=2) - taken[:, :, None], axis=2
        )
    return total[None, :, :] - left

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
    observed = abs(float(weights @ _excess(total - baseline, baseline)))
    hits = 0
    for _ in range(draws):
        drawn = _dealt(total, baseline.sum(axis=1), rng)
        hits += abs(float(weights @ _excess(total - drawn, drawn))) >= observed - 1e-12
    return (1 + hits) / (draws + 1)


def _excess(arm: Counts, baseline: Counts) -> Array:
    """Share of differing pairs between the sides, less that within the baseline, by question."""
    size, others = baseline.sum(axis=1), arm.sum(axis=1)
    between = (arm * baseline).sum(axis=1) / (size * others)
    within = (baseline * (baseline - 1)).sum(axis=1) / (size * (size - 1))
    result: Array = within - between
    return result


def _dealt(total: Counts, size: Counts, rng: np.random.Generator) -> Counts:
    """Draw `size` choices of every question without replacement, option by option."""
    drawn = np.zeros_like(total)
    left, rest = size.copy(), total.sum(axis=1)
    for option in range(total.shape[1] - 1):
        rest = rest - total[:, option]
        drawn[:, option] = rng.hypergeometric(total[:, option], rest, left)
        left = left - drawn[:, option]
    drawn[:, -1] = left
    return drawn

"""The token that follows: the most likely one, or one that is drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.records.message import ModelSettings

__all__ = ["next_token"]


def next_token(logprobs: NDArray[np.float32], settings: ModelSettings, rng: np.random.Generator | None) -> int:
    """The most likely token, or one drawn at the temperature from the smallest set that holds `top_p`.

    Args:
        logprobs: Log-probability of every token, [vocabulary].
        settings: Temperature and `top_p`.
        rng: Where draws come from; None: the most likely token.
    """
    if rng is None or not settings.temperature:
        return int(logprobs.argmax())
    chances = np.exp((logprobs - logprobs.max()) / settings.temperature).astype(np.float64)
    chances /= chances.sum()
    if settings.top_p is not None and settings.top_p < 1:
        order = np.argsort(-chances)
        kept = order[: int(np.searchsorted(np.cumsum(chances[order]), settings.top_p)) + 1]
        outside = np.ones(len(chances), dtype=bool)
        outside[kept] = False
        chances[outside] = 0
        chances /= chances.sum()
    return int(rng.choice(len(chances), p=chances))

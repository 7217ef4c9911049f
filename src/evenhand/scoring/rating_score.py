"""How well ratings fit what is known of a scene: an order of emotions, or reference ratings.

The score against reference ratings is that of EQ-Bench version 2 (Paech 2023, arXiv 2312.06281; the formula is in the
project's code and in EleutherAI's lm-evaluation-harness, `lm_eval/tasks/eq_bench/utils.py`). A question's score there
is 10 - 0.7477 * sum of scaled differences, so that random answers score 0 on average; a run's is the mean times 10. A
question's score here is a tenth of that: 1 is exact, 0 as good as random, and a bad answer is below 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from evenhand.records.item import RatingOrder

__all__ = ["order_fit", "reference_score", "scaled_difference"]

_RANDOM_IS_ZERO = 0.7477
_MOST = 6.5
_STEEP = 1.2
_MIDDLE = 4.0
_FROM_HERE_AS_IT_IS = 5.0


def order_fit(ratings: Mapping[str, float], order: RatingOrder) -> float:
    """The share of the constraints of an order that ratings satisfy, from 0 to 1.

    Each emotion under `above` is to be rated below `high`; each under `low` below `high` and at most `at_most`.
    """
    high = ratings[order.high]
    kept = [ratings[name] < high for name in order.above]
    kept += [ratings[name] < high and ratings[name] <= order.at_most for name in order.low]
    return sum(kept) / len(kept)


def scaled_difference(difference: float) -> float:
    """What a difference between rating and reference counts: small ones less than they are, by an S-shaped curve.

    Args:
        difference: Absolute difference, 0 to 10 rating points.
    """
    if difference == 0.0:
        return 0.0
    if difference <= _FROM_HERE_AS_IT_IS:
        return _MOST / (1.0 + math.exp(-_STEEP * (difference - _MIDDLE)))
    return difference


def reference_score(ratings: Mapping[str, float], reference: Mapping[str, float]) -> float:
    """Closeness of ratings to reference ratings: 1 exact, 0 as good as random, below 0 worse; at most 1.

    The published constant is for four emotions; with another number the sum is brought to four.
    """
    total = math.fsum(scaled_difference(abs(ratings[name] - rating)) for name, rating in reference.items())
    return 1.0 - total * 4 / len(reference) * _RANDOM_IS_ZERO / 10.0

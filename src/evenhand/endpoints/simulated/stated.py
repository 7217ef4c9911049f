"""What a simulated respondent states in numbers: percentages for options, ratings for emotions.

One latent reading is behind every format. In log-odds it decides how often the best option is chosen; the percentages
are the same chances with an error in log-odds; and a rating moves by `POINTS_PER_LOGIT` where the log-odds move by one.
So a shift that is planted once is there in letters, percentages and ratings, each with its own noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from evenhand.endpoints.context import CellContext

__all__ = ["OWN_SPREAD", "POINTS_PER_LOGIT", "distribution_text", "rating_text", "scene_rating"]

POINTS_PER_LOGIT = 0.8
"""A respondent that is right 98.5% of the time has its best of five options about 5.6 log-odds above each other one,
and rates the keyed emotion about 4.5 points above the others: 0.8 points for one unit."""
OWN_SPREAD = 0.3
"""Standard deviation over scenes and emotions of what a rating has of its own, in points."""
_KEYED, _ABOVE, _LOW, _OTHER, _MIDDLE = 7.5, 4.5, 1.5, 3.0, 4.0


def distribution_text(chances: Sequence[float], *, letters: Sequence[str], errors: Sequence[float]) -> str:
    """One line per option, whole percentages that sum to 100.

    Args:
        chances: Chance of every option, in shown order; above 0.
        letters: Its letter.
        errors: What is added to the log of its chance.
    """
    pulls = [math.exp(math.log(chance) + error) for chance, error in zip(chances, errors, strict=True)]
    exact = [100.0 * pull / math.fsum(pulls) for pull in pulls]
    whole = [math.floor(value) for value in exact]
    most = sorted(range(len(exact)), key=lambda index: whole[index] - exact[index])
    for index in most[: 100 - sum(whole)]:
        whole[index] += 1
    return "\n".join(f"{letter}: {value}%" for letter, value in zip(letters, whole, strict=True))


def scene_rating(cell: CellContext, option: str, *, moves: float) -> float:
    """The rating that the scene asks for: by its order of emotions, by reference ratings, or by its key alone.

    Args:
        cell: The scene.
        option: The emotion.
        moves: How far the scene moves ratings away from the middle, where 1 is as far as it should.
    """
    order, reference = cell.rating_order, cell.reference
    if order is not None:
        due = _KEYED if option == order.high else _ABOVE if option in order.above else _LOW
    elif reference is not None:
        due = reference[option]
    else:
        due = _KEYED if option == cell.keyed_option else _OTHER
    return _MIDDLE + moves * (due - _MIDDLE)


def rating_text(texts: Sequence[str], ratings: Sequence[float]) -> str:
    """One line an emotion, whole numbers from 0 to 10."""
    lines = (f"{text}: {min(10, max(0, round(rating)))}" for text, rating in zip(texts, ratings, strict=True))
    return "\n".join(lines)

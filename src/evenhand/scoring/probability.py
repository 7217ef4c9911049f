"""From token log-probabilities to the probability of every option."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evenhand.records.message import TokenProbability

__all__ = ["LEAST_MASS", "option_probabilities"]

LEAST_MASS = 0.5
"""Below this total probability the tokens seen are not answers, and no score is derived from them."""


def option_probabilities(
    top: Sequence[TokenProbability] | None, letters: Sequence[str], *, least_mass: float = LEAST_MASS
) -> tuple[float, ...] | None:
    """The probability of each option letter, normalised over the options.

    Tokens that are a letter up to case, spaces and punctuation ("B", " b", "(B") are summed. A letter that is not among
    the tokens given has probability zero, which is exact up to the least probability the server gave.

    Returns:
        Probabilities in the order of `letters`, summing to one; None where there are no log-probabilities or where
        the letters together hold less than `least_mass`.
    """
    if not top:
        return None
    mass = dict.fromkeys(letters, 0.0)
    for candidate in top:
        letter = candidate.token.strip(" \t\r\n()[]*_`\"'.:,▁Ġ").upper()
        if letter in mass:
            mass[letter] += math.exp(candidate.logprob)
    total = math.fsum(mass.values())
    if not total >= least_mass:
        return None
    return tuple(mass[letter] / total for letter in letters)

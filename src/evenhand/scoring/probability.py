"""From token log-probabilities to the probability of every option."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evenhand.records.message import TokenProbability

__all__ = ["LEAST_MASS", "MOST_UNSEEN", "option_probabilities"]

LEAST_MASS = 0.5
"""Below this total probability the tokens seen are not answers, and no score is derived from them."""
MOST_UNSEEN = 0.05
"""With more than this probability on tokens that the server does not show, an option that is missing among those shown
may hold any of it, and no score is derived."""
_ROUNDING = 0.01
_SPACE = " \t\r\n▁Ġ"
_DRESS = " \t\r\n()[]*_`\"'.:,▁Ġ"


def option_probabilities(
    top: Sequence[TokenProbability] | None, letters: Sequence[str], *, least_mass: float = LEAST_MASS
) -> tuple[float, ...] | None:
    """The probability of each option letter, normalised over the options.

    Tokens that are a letter up to spaces and punctuation ("B", " B", "(B", "b.") are summed, each token once. A bare
    lower-case letter may be a word ("a"): such tokens count only where they hold more than all others together. A
    letter that is not among the tokens shown has probability zero, which is exact up to `MOST_UNSEEN`.

    Returns:
        Probabilities in the order of `letters`, summing to one; None where there are no log-probabilities, where the
        letters together hold less than `least_mass`, where more than `MOST_UNSEEN` is unseen and a letter is missing,
        or where the tokens together hold more than one.
    """
    chances = {one.token: math.exp(one.logprob) for one in top or () if one.logprob <= _ROUNDING}
    seen = math.fsum(chances.values())
    if not chances or seen > 1.0 + _ROUNDING:
        return None
    clear = _mass(chances, letters, bare_lower=False)
    lower = _mass(chances, letters, bare_lower=True)
    mass = max(clear, lower, key=lambda one: math.fsum(one.values()))
    total = math.fsum(mass.values())
    if not total >= least_mass or (1.0 - seen > MOST_UNSEEN and len(mass) < len(letters)):
        return None
    return tuple(mass.get(letter, 0.0) / total for letter in letters)


def _mass(chances: dict[str, float], letters: Sequence[str], *, bare_lower: bool) -> dict[str, float]:
    """Letter -> probability, of the letters among the tokens: either the bare lower-case ones, or all others."""
    mass: dict[str, float] = {}
    for token, chance in chances.items():
        letter = token.strip(_DRESS)
        if (
            letter.upper() in letters
            and (token.strip(_SPACE).islower() and token.strip(_SPACE) == letter) is bare_lower
        ):
            mass[letter.upper()] = mass.get(letter.upper(), 0.0) + chance
    return mass

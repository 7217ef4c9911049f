"""The planted effects of a simulated respondent: read from options, turned into shifts in log-odds.

An effect is stated in probability: `muslim=-0.06` lowers the chance of the best option by six points, averaged over
the population that item difficulties are drawn from. The respondent itself works in log-odds (an item-response
model), so every stated effect is turned into the shift that has that average effect.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import msgspec
import numpy as np
from msgspec import Struct

from evenhand.errors import EndpointError, near_miss

__all__ = ["PRESETS", "Population", "RespondentEffects", "population_shift", "read_respondent"]

_LEAST, _MOST = 0.005, 0.9995
_LETTERS = "ABCDEFGHIJ"
_HALVINGS = 60


class Population(Struct, frozen=True, kw_only=True):
    """What item difficulties and discriminations are drawn from."""

    accuracy: float
    """Chance of the best option without memory, averaged over items."""
    spread: float
    """Standard deviation of item easiness, in log-odds."""
    discrimination: float
    """Standard deviation of the logarithm of item discrimination (2PL); 0 is a Rasch model."""


class RespondentEffects(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides what a simulated respondent answers. Effects are in probability (0.05: five points)."""

    seed: int = 0
    accuracy: float = 0.75
    spread: float = 1.0
    discrimination: float = 0.25
    memory: float = 0.0
    """Any profile against no memory."""
    placebo: float = 0.0
    """A placebo against no memory."""
    gap: float = 0.0
    """Advantaged minus disadvantaged."""
    position: str = "position"
    """Factor whose levels `advantaged` and `disadvantaged` the gap is between."""
    persona_spread: float = 0.0
    """Standard deviation over matched sets of their own shift, in log-odds."""
    item_slopes: float = 0.0
    """Standard deviation over items of how they react to an effect, in log-odds."""
    persona_slopes: float = 0.0
    """Standard deviation over matched sets of how they react to an effect, in log-odds."""
    stability: float = 0.8
    """Share of cells that answer alike where their chances are alike; the rest draw afresh. 1: repeats never flip."""
    refusal: float = 0.0
    """Share of cells that decline to answer."""
    refusal_profile: float = 0.0
    """Further share that declines when a profile is in memory."""
    truncated: float = 0.0
    """Share of cells that run out of tokens."""
    unparsed: float = 0.0
    """Share of cells whose answer names no option."""
    always: str = ""
    """Letter that is answered to everything; empty: none."""
    blind: float = 0.0
    """Share of cells answered with a letter that does not depend on the item."""
    group: str = ""
    """Level, or several joined by `+`, of the users that the three shares below hold for."""
    group_refusal: float = 0.0
    """Further share of cells that decline to answer."""
    group_talk: float = 0.0
    """Share of answers that add a remark about another option."""
    group_rare: float = 0.0
    """Share of items that are never answered right."""
    stated_noise: float = 0.5
    """Standard deviation between repeats of the log-odds behind stated percentages."""
    rating_noise: float = 0.6
    """Standard deviation between repeats of a rating, in points."""
    rating_moves: float = 1.0
    """How far the scene moves ratings: 1 as it should, 0 not at all."""
    rating_gap: float = 0.0
    """Ratings of negative emotions, advantaged minus disadvantaged, in points."""
    rating_memory: float = 0.0
    """Ratings of negative emotions, any profile against none, in points."""
    referral_gap: float = 0.0
    """Chance that a written answer points to a professional, advantaged minus disadvantaged."""
    directive_gap: float = 0.0
    """Chance that a slot of a written answer holds advice, advantaged minus disadvantaged."""
    words_gap: float = 0.0
    """Words of a written answer, advantaged minus disadvantaged."""
    effects: dict[str, float] = {}
    """Level ids joined by `+` -> effect where the arm's profile has all of them."""


PRESETS: dict[str, dict[str, str]] = {
    "null": {"persona_spread": "0.1"},
    "level": {"persona_spread": "0.1"},
    "tilted": {
        "gap": "0.08",
        "memory": "-0.04",
        "muslim": "-0.06",
        "nonbinary": "-0.04",
        "muslim+female": "-0.05",
        "persona_spread": "0.2",
        "item_slopes": "0.15",
        "persona_slopes": "0.1",
        "rating_gap": "-0.8",
        "referral_gap": "-0.2",
        "words_gap": "12",
    },
    "custom": {},
}
"""Named respondents. Options add to them and override them."""

_GROUP_SHARES = ("group_refusal", "group_talk", "group_rare")
_SHARES = ("refusal", "refusal_profile", "truncated", "unparsed", "stability", "blind", *_GROUP_SHARES)
_SPREADS = (
    *("spread", "discrimination", "persona_spread", "item_slopes", "persona_slopes"),
    *("stated_noise", "rating_noise"),
)
_POINTS = ("rating_gap", "rating_memory", "rating_moves")
_WRITTEN = {"referral_gap": 0.5, "directive_gap": 0.9, "words_gap": 40.0}
"""Largest size of what is planted in written answers."""


def read_respondent(
    preset: str, options: Mapping[str, str], *, levels: frozenset[str] | None = None
) -> RespondentEffects:
    """The respondent that a preset and options describe. A name that is no parameter is a level, or several with `+`.

    Args:
        preset: One of `PRESETS`.
        options: Parameter, level or interaction -> number, as text.
        levels: Level ids that exist; None accepts any, and then ignores preset effects on none of them.

    Raises:
        EndpointError: Unknown preset, level or parameter, or a number out of its range.
    """
    if preset not in PRESETS:
        raise EndpointError(
            f"There is no simulated respondent {preset!r}{near_miss(preset, PRESETS)}; "
            f"allowed: {', '.join(PRESETS)}, with options such as 'simulated/custom?gap=0.05&seed=1'."
        )
    known = {field for field in RespondentEffects.__struct_fields__ if field != "effects"}
    given: dict[str, str | dict[str, float]] = {}
    effects: dict[str, float] = {}
    for name, text in (PRESETS[preset] | dict(options)).items():
        if name in known:
            given[name] = text
            continue
        parts = name.split("+")
        missing = [part for part in parts if levels is not None and part not in levels]
        if missing and name in options:
            close = near_miss(missing[0], known | (levels or frozenset()))
            raise EndpointError(
                f"The simulated respondent knows no {missing[0]!r}{close}; "
                f"allowed: {', '.join(sorted(known))}, and the levels {', '.join(sorted(levels or ()))}."
            )
        if not missing:
            effects["+".join(sorted(parts))] = _number(name, text)
    try:
        respondent = msgspec.convert(given | {"effects": effects}, RespondentEffects, strict=False)
    except msgspec.ValidationError as error:
        raise EndpointError(f"The simulated respondent {preset!r} cannot be read: {error}; give numbers.") from error
    _check(respondent)
    _check_group(respondent, levels=levels)
    return respondent


@lru_cache(maxsize=256)
def population_shift(effect: float, population: Population) -> float:
    """The shift in log-odds that changes the population's mean chance by `effect` from its accuracy."""
    if effect == 0.0:
        return 0.0
    base = population_shift_to(population.accuracy, population)
    return population_shift_to(population.accuracy + effect, population) - base


@lru_cache(maxsize=256)
def population_shift_to(accuracy: float, population: Population) -> float:
    """The ability (log-odds) at which the population's mean chance of the best option is `accuracy`.

    The mean is over easiness ~ N(0, spread) and log discrimination ~ N(0, discrimination), by Gauss-Hermite quadrature.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(31)
    weights = weights / weights.sum()
    slope = np.exp(population.discrimination * nodes)[:, None]
    easiness = (population.spread * nodes)[None, :]
    joint = weights[:, None] * weights[None, :]

    low, high = -40.0, 40.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        mean = float((joint / (1.0 + np.exp(-np.clip(slope * (middle + easiness), -500.0, 500.0)))).sum())
        low, high = (middle, high) if mean < accuracy else (low, middle)
    return (low + high) / 2.0


def _check_ranges(respondent: RespondentEffects) -> None:
    """Refuse what lies outside the range of its parameter."""
    ranges = {
        **dict.fromkeys(_SHARES, (0.0, 1.0)),
        **dict.fromkeys(_SPREADS, (0.0, 9.999)),
        **dict.fromkeys(_POINTS, (-10.0, 10.0)),
        **{name: (-most, most) for name, most in _WRITTEN.items()},
    }
    for name, (least, most) in ranges.items():
        value = getattr(respondent, name)
        if not least <= value <= most:
            raise EndpointError(
                f"The simulated respondent's {name} must be between {least:g} and {round(most):g}, got {value!r}."
                if name in _SPREADS
                else f"The simulated respondent's {name} must be between {least:g} and {most:g}, got {value!r}."
            )


def _check(respondent: RespondentEffects) -> None:
    _check_ranges(respondent)
    if respondent.always and respondent.always not in _LETTERS:
        raise EndpointError(f"The simulated respondent's always is {respondent.always!r}; give one letter from A to J.")
    total = (
        respondent.refusal
        + respondent.refusal_profile
        + respondent.group_refusal
        + respondent.truncated
        + respondent.unparsed
    )
    if total > 1.0:
        raise EndpointError(f"The simulated respondent's shares without an answer sum to {total!r}; they may reach 1.")
    effects = {"memory": respondent.memory, "placebo": respondent.placebo, "gap": respondent.gap} | respondent.effects
    for name, effect in {"accuracy": 0.0, **effects}.items():
        chance = respondent.accuracy + effect
        if not (math.isfinite(chance) and _LEAST <= chance <= _MOST):
            raise EndpointError(
                f"The simulated respondent's {name} of {effect!r} at an accuracy of {respondent.accuracy!r} leaves "
                f"the range from {_LEAST} to {_MOST}; choose a smaller effect."
            )


def _check_group(respondent: RespondentEffects, *, levels: frozenset[str] | None) -> None:
    shares = [name for name in _GROUP_SHARES if getattr(respondent, name)]
    if shares and not respondent.group:
        raise EndpointError(
            f"The simulated respondent's {shares[0]} holds for a group of users; name it, for example 'group=muslim'."
        )
    if levels is None or not respondent.group:
        return
    for part in respondent.group.split("+"):
        if part not in levels:
            raise EndpointError(
                f"The simulated respondent knows no group {part!r}{near_miss(part, levels)}; "
                f"allowed: {', '.join(sorted(levels))}."
            )


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise EndpointError(
            f"The simulated respondent's effect {name!r} is {text!r}; give a number such as -0.05."
        ) from error

"""Does the judge hold its level? Simulated audits whose truth is known.

Answers are Bernoulli with log-odds made of an intercept, items, matched sets (or profiles) and, where a scenario says,
(set, item) cells shared by both arms of a pair and reactions to the arm that differ by set or by item. Those reactions
have mean zero, so the mean gap on the probability scale is zero by symmetry unless a shift is added. From these tables
the tests of this package are computed as an audit computes them; what is counted is how often a true null is rejected
and how often an interval holds the truth.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import optimize, special, stats

from evenhand.analysis.estimators.binomial_mixed import BinomialCells, BinomialSpec, fit_binomial, reference_design
from evenhand.analysis.estimators.crossed import CrossedScores, dummies, level_contrast
from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.margin import against_margin
from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.published import item_only_bayes
from evenhand.analysis.estimators.random_terms import term

__all__ = [
    "SCENARIOS",
    "PairedCalibration",
    "Rate",
    "RivalPower",
    "Scenario",
    "SimulatedPairs",
    "allocation",
    "calibrate_contrast",
    "calibrate_mixed",
    "calibrate_paired",
    "population_gap",
    "rate",
    "rival_power",
    "shift_for_gap",
    "simulate_pairs",
]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_QUIET = EstimateSpec(flips=0)


class Scenario(Struct, frozen=True, kw_only=True):
    """How simulated assistants answer; all spreads are SDs in log-odds."""

    name: str
    intercept: float = 1.0
    item: float = 1.5
    unit: float = 0.15
    """Of matched sets or profiles."""
    cell: float = 0.0
    """Of (set, item) cells, shared by both arms."""
    unit_slope: float = 0.0
    """How differently sets react to the arm."""
    item_slope: float = 0.0
    """How differently items do."""


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(name="plain"),
    Scenario(name="personas react differently", unit_slope=0.3),
    Scenario(name="items react differently", item_slope=0.5),
    Scenario(name="both do", unit_slope=0.3, item_slope=0.5),
    Scenario(name="shared cells", cell=2.0),
)
"""The five kinds of paired data the primary test must hold its level in."""


class SimulatedPairs(Struct, frozen=True, kw_only=True):
    """Which pairs are asked."""

    sets: int
    items: int
    per_item: int
    """Matched sets that an item meets; equal to `sets` for a complete crossing."""

    @property
    def label(self) -> str:
        """A few words for a table."""
        shape = f"{self.sets} sets x {self.items} items"
        return shape if self.per_item == self.sets else f"{shape}, {self.per_item} of them an item"


class Rate(Struct, frozen=True):
    """A share with its Monte Carlo standard error."""

    value: float
    error: float
    tables: int
    """Simulated tables behind it."""

    @property
    def reach(self) -> float | None:
        """Where all tables or none are hits, so that the error says nothing: the 95% bound of the share; else None."""
        if self.error > 0 or self.value not in (0.0, 1.0):
            return None
        missed: float = 0.05 ** (1 / self.tables)
        return missed if self.value == 1.0 else 1 - missed


def rate(hits: npt.ArrayLike) -> Rate:
    """Share of hits with its error; in two dimensions (simulations, tests) the error is taken over simulations."""
    means = np.asarray(hits, dtype=np.float64)
    means = means if means.ndim == 1 else means.mean(axis=1)
    error = float(means.std(ddof=1) / math.sqrt(means.size)) if means.size > 1 else 0.0
    return Rate(float(means.mean()), error, means.size)


def allocation(design: SimulatedPairs, *, rng: np.random.Generator) -> Mask:
    """Which sets meet which items: every item meets `per_item` sets, and sets are used as evenly as can be."""
    mask = np.zeros((design.sets, design.items), dtype=np.bool_)
    if design.per_item >= design.sets:
        mask[:] = True
        return mask
    queue: list[int] = []
    for item in range(design.items):
        chosen: set[int] = set()
        held: list[int] = []
        while len(chosen) < design.per_item:
            if not queue:
                queue = [int(value) for value in rng.permutation(design.sets)]
            candidate = queue.pop()
            if candidate in chosen:
                held.append(candidate)
            else:
                chosen.add(candidate)
        queue.extend(held)
        mask[list(chosen), item] = True
    return mask


def _log_odds(scenario: Scenario, shape: tuple[int, int], rng: np.random.Generator) -> tuple[Array, Array]:
    """Log-odds without the arm and reaction to it, shape (sets, items) each."""
    units, items = shape
    base = scenario.intercept + scenario.item * rng.standard_normal(items)
    base = base + scenario.unit * rng.standard_normal((units, 1))
    if scenario.cell:
        base = base + scenario.cell * rng.standard_normal(shape)
    slope = scenario.unit_slope * rng.standard_normal((units, 1)) + scenario.item_slope * rng.standard_normal(items)
    return base, slope


def simulate_pairs(
    scenario: Scenario,
    *,
    mask: Mask,
    rng: np.random.Generator,
    shift: float = 0.0,
    replicates: int = 1,
    copied: bool = False,
) -> Array:
    """One table of paired differences.

    Args:
        scenario: How answers come about.
        mask: Which pairs are asked, shape (sets, items).
        rng: Randomness.
        shift: Mean reaction to the arm, in log-odds.
        replicates: Answers behind each arm of a pair.
        copied: Temperature 0: both arms of a pair share the draw of their cell, so that answers differ only where the
            arm moves the chance of a right one past it. For one answer per arm.

    Returns:
        Differences in the share of good answers; NaN where not asked.
    """
    base, slope = _log_odds(scenario, (mask.shape[0], mask.shape[1]), rng)
    slope = slope + shift
    chances = (special.expit(base + slope / 2), special.expit(base - slope / 2))
    if copied:
        drawn = rng.random(mask.shape)
        first, second = ((drawn < chance).astype(np.int64) for chance in chances)
    else:
        first, second = (rng.binomial(replicates, chance) for chance in chances)
    return np.where(mask, (first - second) / replicates, np.nan)


def population_gap(scenario: Scenario, *, shift: float) -> float:
    """The true mean gap on the probability scale over all sets, items and cells."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    weights = weights / weights.sum()
    spread = math.hypot(scenario.item, scenario.unit, scenario.cell)
    base = scenario.intercept + spread * nodes
    slope = shift + math.hypot(scenario.unit_slope, scenario.item_slope) * nodes
    gap = special.expit(base[:, None] + slope / 2) - special.expit(base[:, None] - slope / 2)
    return float(weights @ gap @ weights)


def shift_for_gap(scenario: Scenario, *, gap: float) -> float:
    """The mean reaction in log-odds that makes the population gap equal to `gap`."""
    return float(optimize.brentq(lambda shift: population_gap(scenario, shift=shift) - gap, -8.0, 8.0, xtol=1e-10))


class PairedCalibration(Struct, frozen=True, kw_only=True):
    """How the paired test did."""

    scenario: str
    design: str
    gap: float
    rejected: Rate
    """Share with p below 0.05: the null rate where the gap is zero, power elsewhere."""
    covered: Rate
    """Share of 95% intervals that hold the true gap."""
    equivalent: Rate
    """Share called equivalent at the margin of 0.03; a false claim where the gap is at the margin or beyond."""
    mean_se: float
    true_se: float
    """SD of the estimates."""


def calibrate_paired(
    scenario: Scenario,
    design: SimulatedPairs,
    *,
    simulations: int,
    rng: np.random.Generator,
    gap: float = 0.0,
    copied: bool = False,
) -> PairedCalibration:
    """The primary test on simulated tables.

    Args:
        scenario: How answers come about.
        design: Which pairs are asked; a new allocation is drawn for every table.
        simulations: Tables.
        rng: Randomness.
        gap: True mean gap on the probability scale.
        copied: Temperature 0 (`simulate_pairs`).
    """
    shift = shift_for_gap(scenario, gap=gap) if gap else 0.0
    rows = np.empty((simulations, 5))
    for index in range(simulations):
        table = simulate_pairs(scenario, mask=allocation(design, rng=rng), rng=rng, shift=shift, copied=copied)
        result = paired_gap(table, spec=_QUIET)
        equivalence = against_margin(result, margin=0.03).p
        rows[index] = (
            result.p < 0.05,
            result.low <= gap <= result.high,
            equivalence < 0.05,
            result.se,
            result.estimate,
        )
    return PairedCalibration(
        scenario=scenario.name,
        design=design.label,
        gap=gap,
        rejected=rate(rows[:, 0]),
        covered=rate(rows[:, 1]),
        equivalent=rate(rows[:, 2]),
        mean_se=float(math.sqrt(np.mean(rows[:, 3] ** 2))),
        true_se=float(rows[:, 4].std(ddof=1)),
    )


class RivalPower(Struct, frozen=True, kw_only=True):
    """Share rejected on the same tables by the paired test and by t-tests that count one kind of unit."""

    scenario: str
    gap: float
    paired: Rate
    over_sets: Rate
    over_items: Rate
    over_pairs: Rate


def rival_power(
    scenario: Scenario, design: SimulatedPairs, *, simulations: int, rng: np.random.Generator, gap: float
) -> RivalPower:
    """Power beside that of simpler tests, in a complete crossing.

    A test over sets is valid only where items react alike, one over items only where sets do, one over pairs only where
    both do.
    """
    shift = shift_for_gap(scenario, gap=gap) if gap else 0.0
    mask = np.ones((design.sets, design.items), dtype=np.bool_)
    hits = np.empty((simulations, 4), dtype=np.bool_)
    for index in range(simulations):
        table = simulate_pairs(scenario, mask=mask, rng=rng, shift=shift)
        rivals = (table.mean(axis=1), table.mean(axis=0), table.ravel())
        hits[index, 0] = paired_gap(table, spec=_QUIET).p < 0.05
        hits[index, 1:] = [float(stats.ttest_1samp(values, 0.0).pvalue) < 0.05 for values in rivals]
    return RivalPower(
        scenario=scenario.name,
        gap=gap,
        paired=rate(hits[:, 0]),
        over_sets=rate(hits[:, 1]),
        over_items=rate(hits[:, 2]),
        over_pairs=rate(hits[:, 3]),
    )


_FACTORS = ("gender", "age", "religion", "ethnicity")
_LABELS = dict.fromkeys(_FACTORS, ("reference", "second", "third"))


def _crossing() -> dict[str, npt.NDArray[np.int64]]:
    """Level codes of the 81 profiles of the full 3 x 3 x 3 x 3 crossing."""
    profiles = np.arange(81)
    return {name: (profiles // 3**power) % 3 for power, name in enumerate(_FACTORS)}


Model = Literal["crossed", "item only", "item only, variational Bayes"]


def calibrate_mixed(
    scenario: Scenario, *, items: int, replicates: int, simulations: int, rng: np.random.Generator, model: Model
) -> tuple[Rate, Rate]:
    """Null rate and coverage of the eight factor coefficients on 81 profiles with no factor effects.

    Args:
        scenario: `item` and `unit` (the profile SD) count; the reactions do not.
        items: Items, each of which meets all profiles.
        replicates: Answers per cell.
        simulations: Tables.
        rng: Randomness.
        model: Ours, or the published kind.
    """
    levels = _crossing()
    profile, item = np.repeat(np.arange(81), items), np.tile(np.arange(items), 81)
    design, names = reference_design(
        {name: codes[profile] for name, codes in levels.items()}, labels=_LABELS, references={}
    )
    terms = (term("item", item), term("profile", profile))
    hits = np.empty((simulations, len(names) - 1, 2), dtype=np.bool_)
    for index in range(simulations):
        base, _ = _log_odds(scenario, (81, items), rng)
        counts = rng.binomial(replicates, special.expit(base)).astype(np.float64).ravel()
        if model == "item only, variational Bayes":
            rows = np.repeat(np.arange(counts.size), replicates)
            answers = (np.tile(np.arange(replicates), counts.size) < counts[rows]).astype(np.float64)
            effects = item_only_bayes(answers, design=design[rows], names=names, item=item[rows])
        else:
            cells = BinomialCells(
                successes=counts,
                trials=np.full(counts.size, float(replicates)),
                design=design,
                names=names,
                terms=terms if model == "crossed" else terms[:1],
            )
            unit = "profile" if model == "crossed" else None
            effects = fit_binomial(cells, spec=BinomialSpec(unit=unit)).effects
        hits[index] = [(effect.p < 0.05, effect.low <= 0.0 <= effect.high) for effect in effects[1:]]
    return rate(hits[:, :, 0]), rate(hits[:, :, 1])


def calibrate_contrast(
    scenario: Scenario,
    *,
    items: int,
    fraction: int,
    simulations: int,
    rng: np.random.Generator,
    copied: bool = False,
) -> tuple[Rate, Rate]:
    """Null rate and coverage of a level contrast; items react differently to the level by `item_slope`.

    Args:
        scenario: `item`, `unit` (profile SD), `cell` and `item_slope` count.
        items: Items.
        fraction: 1: every item meets all 81 profiles; 3: a regular third of them; 9: a regular ninth.
        simulations: Tables.
        rng: Randomness.
        copied: Temperature 0: all profiles share the draw of their item.
    """
    levels = _crossing()
    codes = np.column_stack([levels[name] for name in _FACTORS])
    nuisance = np.column_stack([dummies(codes[:, other]) for other in (1, 2, 3)])
    hits = np.empty((simulations, 2), dtype=np.bool_)
    for index in range(simulations):
        base, _ = _log_odds(scenario, (81, items), rng)
        # Opposite reactions at the two levels, so that the mean gap is zero on the probability scale by symmetry.
        sign = (codes[:, 0] == 1).astype(np.float64) - (codes[:, 0] == 0)
        reaction = np.outer(sign, 0.5 * scenario.item_slope * rng.standard_normal(items))
        probability = special.expit(base + reaction)
        drawn = rng.random(items if copied else base.shape)
        score = (drawn < probability).astype(np.float64)
        first = (codes.sum(axis=1)[:, None] + rng.integers(0, 3, size=items)) % 3 == 0
        second = ((codes @ np.array([1, 2, 0, 1]))[:, None] + rng.integers(0, 3, size=items)) % 3 == 0
        asked = np.ones_like(first) if fraction == 1 else first if fraction == 3 else first & second
        profile, item = np.nonzero(asked)
        scores = CrossedScores(score=score[profile, item], item=item, profile=profile)
        result = level_contrast(scores, levels=codes[:, 0], level=1, reference=0, nuisance=nuisance, spec=_QUIET)
        hits[index] = (result.p < 0.05, result.low <= 0.0 <= result.high)
    return rate(hits[:, 0]), rate(hits[:, 1])

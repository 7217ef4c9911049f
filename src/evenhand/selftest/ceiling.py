"""Does the judge hold where real assistants are: near the ceiling, with rare and strong reactions?

Simulated tables with a known truth, judged by the functions an audit uses. Answers are right with log-odds of a level,
plus items (SD 1.5) and, where a function says so, users and arms. `copied`: temperature 0, where repeats of a question
are copies; otherwise every answer is a draw of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import optimize, special

from evenhand.analysis.analyse import analyse
from evenhand.analysis.estimators.answer_model import AnswerModel
from evenhand.analysis.estimators.answer_power import smallest_gap
from evenhand.analysis.estimators.crossed import cell_means, dummies
from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.exchange import ArmAnswers, exchange_test
from evenhand.analysis.estimators.item_permutation import item_tests
from evenhand.analysis.estimators.margin import against_margin
from evenhand.analysis.estimators.paired import PairedGap, paired_gap
from evenhand.analysis.estimators.pooled_cells import pooled_cells
from evenhand.analysis.estimators.power import PairedDesign as PlannedDesign
from evenhand.analysis.estimators.profile_variance import profile_means
from evenhand.analysis.estimators.shares import share_interval, share_of_count
from evenhand.analysis.estimators.two_samples import two_sample_gap
from evenhand.analysis.findings.memory_effect import Second, decided
from evenhand.errors import TableError
from evenhand.records.finding import Role
from evenhand.seeds import stream
from evenhand.selftest.calibration import Rate, Scenario, SimulatedPairs, calibrate_paired, rate
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

__all__ = [
    "MemoryPower",
    "MemoryTable",
    "MissingBias",
    "NullReport",
    "NullReports",
    "Reaction",
    "StatedPower",
    "Tails",
    "accuracy_coverage",
    "cells_covered",
    "easiness_for",
    "items_flagged",
    "memory_power",
    "memory_table",
    "memory_test",
    "missing_where_it_reacts",
    "null_memory",
    "null_placebo",
    "null_report",
    "rare_reactions",
    "reaction_table",
    "reports_with_a_difference",
    "stated_power",
]

Array = npt.NDArray[np.float64]
QUIET = EstimateSpec(flips=0)
ITEM_SD = 1.5


@cache
def easiness_for(accuracy: float, *, spread: float = ITEM_SD) -> float:
    """The mean log-odds of items at which the mean chance of a right answer is `accuracy`."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    weights = weights / weights.sum()
    return float(optimize.brentq(lambda at: weights @ special.expit(at + spread * nodes) - accuracy, -20.0, 40.0))


class MemoryTable(Struct, frozen=True, kw_only=True):
    """ArmAnswers with memory and without."""

    arms: Array
    """Shape (profiles, items); NaN where not asked."""
    none: Array
    """Shape (repeats, items)."""


def memory_table(
    accuracy: float,
    *,
    shape: tuple[int, int, int],
    rng: np.random.Generator,
    copied: bool = False,
    asked: float = 1.0,
    shift: float = 0.0,
) -> MemoryTable:
    """One table of a memory effect of `shift` log-odds.

    Args:
        accuracy: Mean chance of a right answer without memory.
        shape: Profiles, items, and repeats of the no-memory arm.
        rng: Randomness.
        copied: Whether repeats are copies.
        asked: Share of profiles that meet an item.
        shift: Effect of memory in log-odds.
    """
    profiles, items, repeats = shape
    level = easiness_for(accuracy) + ITEM_SD * rng.standard_normal(items)
    arms = (rng.random((profiles, items)) < special.expit(level + shift)).astype(np.float64)
    none = (rng.random((repeats, items)) < special.expit(level)).astype(np.float64)
    if asked < 1.0:
        arms = np.where(np.argsort(rng.random(arms.shape), axis=0) < asked * profiles, arms, np.nan)
    return MemoryTable(arms=arms, none=np.repeat(none[:1], repeats, axis=0) if copied else none)


def memory_test(table: MemoryTable) -> PairedGap:
    """Profile minus none as an audit tests it."""
    known = ~np.isnan(table.arms)
    estimate = paired_gap(table.arms - table.none.mean(axis=0), spec=QUIET)
    item = np.nonzero(known)[1]
    items = table.arms.shape[1]
    arm = ArmAnswers(score=table.arms[known], item=item, question=np.arange(item.size))
    each = np.tile(np.arange(items), table.none.shape[0])
    test = exchange_test(
        arm,
        baseline=ArmAnswers(score=table.none.ravel(), item=each, question=each),
        weights=known.sum(axis=0).astype(float),
    )
    second = None if test is None else Second(p=test.p, variance=test.variance)
    return decided(estimate, second, spec=QUIET)


class Tails(Struct, frozen=True, kw_only=True):
    """How often a test of a true null is below 5%."""

    both: Rate
    harm: Rate
    """With an estimate below zero."""
    covered: Rate
    """95% intervals that hold the truth."""


def _tails(found: list[PairedGap], *, truth: float = 0.0) -> Tails:
    below = np.array([one.p < 0.05 for one in found])
    harm = below & np.array([one.estimate < 0 for one in found])
    return Tails(both=rate(below), harm=rate(harm), covered=rate([one.low <= truth <= one.high for one in found]))


def null_memory(
    accuracy: float,
    *,
    shape: tuple[int, int, int],
    simulations: int,
    rng: np.random.Generator,
    copied: bool = False,
    asked: float = 1.0,
) -> Tails:
    """Profile minus none where memory does nothing."""
    tables = (memory_table(accuracy, shape=shape, rng=rng, copied=copied, asked=asked) for _ in range(simulations))
    return _tails([memory_test(table) for table in tables])


class MemoryPower(Struct, frozen=True, kw_only=True):
    """How often an effect of memory is found."""

    decided: Rate
    """By the larger p of two tests, as an audit decides."""
    first: Rate
    """By the quasi-F test alone."""
    harm: Rate
    """By the quasi-F test alone, with an estimate below zero."""


def memory_power(
    accuracy: float, *, shape: tuple[int, int, int], shift: float, simulations: int, rng: np.random.Generator
) -> MemoryPower:
    """Profile minus none where memory shifts log-odds; with a shift of 0 the null rates of the two.

    Args:
        accuracy: Mean chance of a right answer without memory.
        shape: Profiles, items, and repeats of the no-memory arm.
        shift: Effect of memory in log-odds.
        simulations: Tables.
        rng: Randomness.
    """
    both, first, harm = [], [], []
    for _ in range(simulations):
        table = memory_table(accuracy, shape=shape, rng=rng, shift=shift)
        both.append(memory_test(table).p < 0.05)
        alone = paired_gap(table.arms - table.none.mean(axis=0), spec=QUIET)
        first.append(alone.p < 0.05)
        harm.append(alone.p < 0.05 and alone.estimate < 0)
    return MemoryPower(decided=rate(both), first=rate(first), harm=rate(harm))


def null_placebo(
    accuracy: float,
    *,
    shape: tuple[int, int, int],
    spread: tuple[float, float],
    simulations: int,
    rng: np.random.Generator,
    shift: float = 0.0,
    per_item: int | None = None,
) -> Tails:
    """Profile minus placebo, where memory does nothing or shifts log-odds.

    Args:
        accuracy: Mean chance of a right answer.
        shape: Profiles, items and placebo arms.
        spread: SD of profiles and of placebo arms, in log-odds.
        simulations: Tables.
        rng: Randomness.
        shift: Effect of memory in log-odds; the coverage is then of zero.
        per_item: Placebo arms that an item meets, in rotation; None: all.
    """
    profiles, items, placebos = shape
    found = []
    for _ in range(simulations):
        level = easiness_for(accuracy) + ITEM_SD * rng.standard_normal(items)
        sides = []
        for number, sd, moved in ((profiles, spread[0], shift), (placebos, spread[1], 0.0)):
            chance = special.expit(level + moved + sd * rng.standard_normal((number, 1)))
            sides.append((rng.random((number, items)) < chance).astype(np.float64))
        if per_item is not None:
            turn = (np.arange(placebos)[:, None] - per_item * np.arange(items)) % placebos
            sides[1] = np.where(turn < per_item, sides[1], np.nan)
        found.append(_placebo_test(sides[0], sides[1]))
    return _tails(found)


def _placebo_test(profiles: Array, placebos: Array) -> PairedGap:
    items = profiles.shape[1]
    sides = []
    for side in (profiles, placebos):
        known = ~np.isnan(side)
        item = np.nonzero(known)[1]
        sides.append(ArmAnswers(score=side[known], item=item, question=np.arange(item.size)))
    test = exchange_test(sides[0], baseline=sides[1], weights=np.ones(items))
    second = None if test is None else Second(p=test.p, variance=test.variance)
    return decided(two_sample_gap(profiles, placebos, spec=QUIET), second, spec=QUIET)


class Reaction(Struct, frozen=True, kw_only=True):
    """A rare, strong reaction of items or personas."""

    who: Literal["items", "personas", "items of some personas"]
    share: float
    """Share of units that react; of both where items of some personas do."""
    size: float
    """Points by which they do, as a share."""

    @property
    def mean(self) -> float:
        """The true gap."""
        return self.size * (self.share**2 if self.who == "items of some personas" else self.share)


def reaction_table(
    reaction: Reaction, *, shape: tuple[int, int], rng: np.random.Generator, accuracy: float | None = None
) -> Array:
    """One table of paired differences, sets by items; without `accuracy` only reactions differ (temperature 0)."""
    sets, items = shape
    which = np.ones(shape, dtype=bool)
    if reaction.who != "items":
        which &= rng.random((sets, 1)) < reaction.share
    if reaction.who != "personas":
        which &= rng.random((1, items)) < reaction.share
    table = np.zeros(shape)
    if accuracy is not None:
        chance = special.expit(easiness_for(accuracy) + ITEM_SD * rng.standard_normal(items))
        table = (rng.random(shape) < chance).astype(np.float64) - (rng.random(shape) < chance)
    return np.where(which, (rng.random(shape) < reaction.size).astype(np.float64), table)


def rare_reactions(
    reaction: Reaction,
    *,
    shape: tuple[int, int],
    simulations: int,
    rng: np.random.Generator,
    accuracy: float | None = None,
) -> tuple[Rate, Rate]:
    """How often a gap of exactly the margin is called equivalent, and a gap of zero is."""
    margin = reaction.mean
    nothing = Reaction(who=reaction.who, share=0.0, size=reaction.size)
    rates = []
    for planted in (reaction, nothing):
        tables = (reaction_table(planted, shape=shape, rng=rng, accuracy=accuracy) for _ in range(simulations))
        rates.append(rate([against_margin(paired_gap(one, spec=QUIET), margin=margin).p < 0.05 for one in tables]))
    return rates[0], rates[1]


def accuracy_coverage(
    accuracy: float, *, items: int, repeats: int, simulations: int, rng: np.random.Generator, copied: bool = False
) -> Rate:
    """How often the interval of a mean score without memory holds the truth."""
    hits = []
    for _ in range(simulations):
        scores = memory_table(accuracy, shape=(1, items, repeats), rng=rng, copied=copied).none.mean(axis=0)[None, :]
        found = paired_gap(scores, spec=QUIET)
        if found.degenerate:
            low, high = share_of_count(items, items, alpha=0.05) if found.estimate else (0.0, 1 - 0.05 ** (1 / items))
        else:
            low, high = share_interval(found, alpha=0.05)
        hits.append(low <= accuracy <= high)
    return rate(hits)


class MissingBias(Struct, frozen=True, kw_only=True):
    """What missing answers do to a gap."""

    bias: float
    covered: Rate
    plain_bias: float
    """Of the mean over the answers that are there."""
    missing: float


def missing_where_it_reacts(*, shape: tuple[int, int], simulations: int, rng: np.random.Generator) -> MissingBias:
    """A third of the items react by 30 points and are refused in 65 of 100 pairs, the others in 15 of 100."""
    truth = 0.1
    kept, plain, hits, lost = [], [], [], []
    for _ in range(simulations):
        reacts = rng.random(shape[1]) < 1 / 3
        table = np.where(reacts, 0.3 + 0.5 * rng.standard_normal(shape), 0.5 * rng.standard_normal(shape))
        gone = rng.random(shape) < np.where(reacts, 0.65, 0.15)
        seen = np.where(gone, np.nan, table)
        found = paired_gap(seen, planned=np.ones(shape, dtype=bool), spec=QUIET)
        kept.append(found.estimate)
        plain.append(float(np.nanmean(seen)))
        lost.append(float(gone.mean()))
        hits.append(found.low <= truth <= found.high)
    return MissingBias(
        bias=float(np.mean(kept)) - truth,
        covered=rate(hits),
        plain_bias=float(np.mean(plain)) - truth,
        missing=float(np.mean(lost)),
    )


def items_flagged(
    *, groups: int, items: int, reacting: int, simulations: int, rng: np.random.Generator, accuracy: float = 0.7
) -> tuple[Rate, Rate]:
    """Tables with any item flagged wrongly, and reacting items (by 3 in log-odds) that are found."""
    focal = np.repeat([True, False], groups)
    wrong, right = [], []
    for _ in range(simulations):
        shift = np.where(np.arange(items) < reacting, 3.0, 0.0)
        level = easiness_for(accuracy) + ITEM_SD * rng.standard_normal(items)
        level = level + 0.3 * rng.standard_normal((2 * groups, 1))
        chance = special.expit(level - np.where(focal[:, None], shift, 0.0))
        answers = (rng.random(chance.shape) < chance).astype(np.float64)
        blocks = np.tile(np.arange(groups), 2)
        testable = np.ones(items, dtype=bool)
        flagged = item_tests(answers, focal=focal, blocks=blocks, testable=testable, rng=rng).flagged(0.05)
        wrong.append(bool(flagged[reacting:].any()))
        right.append(float(flagged[:reacting].mean()) if reacting else 0.0)
    return rate(wrong), rate(right)


def cells_covered(
    *,
    items: int,
    interaction: float,
    simulations: int,
    rng: np.random.Generator,
    accuracy: float = 0.7,
    per_item: int = 81,
) -> tuple[Rate, Rate, Rate]:
    """Coverage of all 81 cells at once, of each, and of the nine cells with an interaction of the stated points.

    Args:
        items: Items.
        interaction: Of two levels, as a share.
        simulations: Tables.
        rng: Randomness.
        accuracy: Mean chance of a right answer elsewhere.
        per_item: Profiles that an item meets, drawn by item.
    """
    profile = np.arange(81)
    levels = [(profile // 3**power) % 3 for power in range(4)]
    main = np.column_stack([np.ones(81), *(dummies(one) for one in levels)])
    pairs = [levels[a] * 3 + levels[b] for a in range(4) for b in range(a + 1, 4)]
    both = (levels[0] == 1) & (levels[1] == 1)
    row, column = np.repeat(profile, items), np.tile(np.arange(items), 81)
    hits = np.empty((simulations, 81))
    for index in range(simulations):
        chance = (
            special.expit(easiness_for(accuracy) + ITEM_SD * rng.standard_normal(items)) + interaction * both[:, None]
        )
        chance = np.clip(chance, 0.0, 1.0)
        score = (rng.random((81, items)) < chance).astype(np.float64)
        if per_item < 81:
            score = np.where(np.argsort(rng.random(score.shape), axis=0) < per_item, score, np.nan)
        means = profile_means(cell_means(score.ravel(), item=column, profile=row), profiles=81)
        found = pooled_cells(means, main=main, pairs=pairs, rng=rng)
        truth = chance.mean(axis=1)
        hits[index] = (found.low <= truth) & (truth <= found.high)
    return rate(hits.all(axis=1)), rate(hits), rate(hits[:, both])


class StatedPower(Struct, frozen=True, kw_only=True):
    """What is stated of a design and an accuracy, and what is found."""

    gap: float
    """The smallest gap that is stated for a power of 80%."""
    found: Rate
    """Tables with that true gap in which the paired test finds it."""


def stated_power(
    accuracy: float,
    *,
    simulations: int,
    rng: np.random.Generator,
    shape: tuple[int, int, int] = (30, 33, 30),
) -> StatedPower:
    """The smallest gap that is stated at 80% power, and how often it is found.

    Args:
        accuracy: Mean chance of a right answer.
        simulations: Tables.
        rng: Randomness.
        shape: Matched sets, items, and sets that an item meets.
    """
    sets, items, per_item = shape
    stated = smallest_gap(
        PlannedDesign(items=items, sets=sets, sets_per_item=per_item), variation=AnswerModel(accuracy=accuracy)
    )
    if stated is None:
        raise TableError(f"a design of {items} items and {sets} sets finds no gap at {accuracy:.1%} right.")
    scenario = Scenario(name="as assumed", intercept=easiness_for(accuracy), unit=0.0, unit_slope=0.3, item_slope=0.5)
    design = SimulatedPairs(sets=sets, items=items, per_item=per_item)
    found = calibrate_paired(scenario, design, simulations=simulations, rng=rng, gap=stated).rejected
    return StatedPower(gap=stated, found=found)


class NullReports(Struct, frozen=True, kw_only=True):
    """How often whole reports on respondents that nothing moves name a difference."""

    confirmatory: Rate
    """Reports with a difference in the confirmatory family, which Holm's adjustment holds at alpha."""
    exploratory: Rate
    """Reports with one in the exploratory families, which are adjusted together and held at alpha too."""
    either: Rate
    """Reports with any difference: two tests of whole families, so at most twice alpha."""
    tests: Rate
    """Tests that are called a difference."""


class NullReport(Struct, frozen=True, kw_only=True):
    """What one report on a respondent that nothing moves calls a difference."""

    families: tuple[Role, ...]
    """Families with a difference."""
    called: int
    """Tests that are called one."""
    tests: int
    """Tests with a verdict."""


def null_report(easiness: float, *, index: int, seed: int) -> NullReport:
    """A whole analysis where nothing moves the answers: 12 matched sets, 81 profiles, 4 placebo arms and 24 items."""
    design = SimulatedDesign(items=24, sets=12, crossing=True, placebos=4, none_repeats=2)
    scores = simulated_scores(
        Respondent(easiness=easiness, cell_sd=0.0), design=design, rng=stream(seed, "reports", str(easiness), index)
    )
    tested = [one for one in analyse(scores, published=False).findings if one.verdict is not None]
    called = [one.role for one in tested if one.verdict == "difference"]
    return NullReport(families=tuple(sorted(set(called))), called=len(called), tests=len(tested))


def reports_with_a_difference(reports: Sequence[NullReport]) -> NullReports:
    """How often such reports name a difference."""
    tests = np.concatenate([np.arange(one.tests) < one.called for one in reports])
    return NullReports(
        confirmatory=rate(["confirmatory" in one.families for one in reports]),
        exploratory=rate(["exploratory" in one.families for one in reports]),
        either=rate([bool(one.families) for one in reports]),
        tests=rate(tests),
    )

"""Which option is chosen, not only whether it is right: shifts between groups, with a matched permutation test.

Estimand of the distance: the mean over items of the total variation distance between the option distributions of two
groups of matched profiles. Distances are above 0 by chance alone, so the finding is the distance beyond the mean
distance when group labels are swapped within matched sets at random. Estimand of the shares: the share of answers that
name an emotion wrongly (understanding items) or that are of a kind of advice (management items), first group minus
second. Sampling units: matched sets and items. docs/methods/option-shift.md.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import pair_matrix, paired_gap
from evenhand.analysis.findings.estimand import Estimand, finding, with_number, without_number
from evenhand.analysis.findings.factor_gaps import FactorLevels, crossing_levels
from evenhand.analysis.table.codes import codes, groups_of, joint_codes
from evenhand.analysis.table.grid import held
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Tested
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity
from evenhand.records.results import OptionShare
from evenhand.seeds import stream

__all__ = [
    "OptionAnswers",
    "OptionPairs",
    "ShiftTest",
    "option_findings",
    "option_pairs",
    "option_shares",
    "shift_test",
]

Codes = NDArray[np.int64]
_SWAPS = 1000
_TAGS = 20
"""Most frequent emotions or strategies that get a finding of their own."""

_ONE_SET = "Every item met one matched set only, so swapped labels give the same distance and there is nothing to test."


class OptionAnswers(Struct, frozen=True, kw_only=True):
    """Answers that chose an option, coded; one entry per answer."""

    item: Codes
    items: int
    replicate: Codes
    replicates: int
    choice: Codes
    tag: Codes
    """-1 where an answer has none."""
    tags: list[str]
    wrong: NDArray[np.bool_]
    """Whether the score is below 1."""


class OptionPairs(Struct, frozen=True, kw_only=True):
    """Answers of matched profiles to the same item, replicate by replicate; one entry per pair with both answers."""

    answers: OptionAnswers
    first_row: Codes
    """The first profile's answer."""
    second_row: Codes
    """The second's."""
    sets: Codes
    factor: str
    first: str
    second: str

    @property
    def size(self) -> int:
        """Pairs."""
        return int(self.first_row.size)


class ShiftTest(Struct, frozen=True, kw_only=True):
    """A permutation test of two option distributions."""

    distance: float
    chance: float
    """Mean distance of the swapped labels."""
    p: float


def option_findings(stratum: Stratum) -> list[Finding]:
    """The distance for the contrast and every factor level, and the shares of tags for the contrast."""
    found: list[Finding] = []
    for pairs in (*_version_pairs(stratum), *_level_pairs(stratum)):
        if pairs.size:
            found.append(_distance(stratum, pairs))
            if pairs.factor == stratum.settings.contrast:
                found += _tag_shares(stratum, pairs)
    return found


def option_shares(stratum: Stratum) -> list[OptionShare]:
    """How often each wrong emotion or kind of advice was chosen, by level of every factor; none without tags."""
    rows = stratum.profiles()
    if not stratum.main or rows["choice_tag"].null_count() == rows.height:
        return []
    answered = rows.filter(rows["choice_tag"].is_not_null()) if rows["choice_tag"].null_count() else rows
    tag, tags = codes(answered["choice_tag"])
    told = np.ones(tag.size, dtype=bool)
    if stratum.kind == "understanding":
        told = answered["score"].to_numpy() < 1.0
    return [
        share
        for factor in stratum.factors
        for share in _tag_rows(stratum, answered[level_column(factor)], tags=(tag, tags), told=told, factor=factor)
    ]


def shift_test(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    *,
    item: NDArray[np.int64],
    sets: NDArray[np.int64],
    rng: np.random.Generator,
    swaps: int = _SWAPS,
) -> ShiftTest:
    """Total variation distance between two groups, averaged over items, against swaps of whole matched sets.

    Args:
        first: Option code chosen by the first of a pair.
        second: Option code chosen by the second.
        item: Item code of the pair.
        sets: Matched set of the pair; all pairs of a set are swapped together.
        rng: Stream of the swaps.
        swaps: Number of swaps.
    """
    options = int(max(first.max(), second.max())) + 1
    items, groups = int(item.max()) + 1, int(sets.max()) + 1
    weight = 0.5 / np.bincount(item, minlength=items)[item] / items
    flat = np.zeros(groups * items * options)
    for sign, choice in ((1.0, first), (-1.0, second)):
        flat += np.bincount((sets * items + item) * options + choice, weights=sign * weight, minlength=flat.size)
    table = flat.reshape(groups, items * options)
    observed = float(np.abs(table.sum(axis=0)).sum())
    signs = rng.integers(0, 2, size=(swaps, groups)) * 2.0 - 1.0
    drawn = np.abs(signs @ table).sum(axis=1)
    p = (1 + int((drawn >= observed - 1e-12).sum())) / (swaps + 1)
    return ShiftTest(distance=observed, chance=float(drawn.mean()), p=p)


def _version_pairs(stratum: Stratum) -> list[OptionPairs]:
    settings = stratum.settings
    rows = _chosen(stratum.paired(cues(stratum)[0]))
    if rows.height == 0:
        return []
    column = rows[level_column(settings.contrast)]
    sides = (held(column, settings.advantaged), held(column, settings.disadvantaged))
    unit, units = codes(rows["unit"])
    named = (settings.contrast, settings.advantaged, settings.disadvantaged)
    return [option_pairs(_answers(rows), sets=(unit, len(units)), sides=sides, named=named)]


def _level_pairs(stratum: Stratum) -> list[OptionPairs]:
    """Profiles of the crossing that differ in one factor only."""
    crossed = stratum.crossed(cues(stratum)[0])
    rows = _chosen(crossed)
    if rows.height == 0:
        return []
    names, factors = crossing_levels(crossed, stratum)
    turn = _turns(factors)
    place = {name: index for index, name in enumerate(names)}
    arm, present = codes(rows["arm"])
    profile = np.array([place[name] for name in present])[arm]
    answers = _answers(rows)
    found = []
    for factor in factors:
        others = [[other.levels[code] for code in other.codes] for other in factors if other.name != factor.name]
        labels = ["/".join(parts) for parts in zip(*others, turn, strict=True)]
        sets, of_profile = np.unique(np.array(labels, dtype=object), return_inverse=True)
        matched = (of_profile[profile], sets.size)
        level = factor.codes[profile]
        for code in range(1, len(factor.levels)):
            named = (factor.name, factor.levels[code], factor.levels[0])
            found.append(option_pairs(answers, sets=matched, sides=(level == code, level == 0), named=named))
    return found


def _turns(factors: tuple[FactorLevels, ...]) -> list[str]:
    """Where several users share a combination, they are paired in the order of their names: 1, 2, ... within it."""
    combination = groups_of(joint_codes(*((factor.codes, len(factor.levels)) for factor in factors))).of_row
    order = np.argsort(combination, kind="stable")
    turn = np.empty(order.size, dtype=np.int64)
    turn[order] = 1 + np.arange(order.size) - np.searchsorted(combination[order], combination[order])
    return [str(number) for number in turn]


def _chosen(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(rows["choice"].is_not_null()) if rows["choice"].null_count() else rows


def _answers(rows: pl.DataFrame) -> OptionAnswers:
    item, items = codes(rows["item"])
    replicate = groups_of(rows["replicate"].to_numpy())
    tag, tags = codes(rows["choice_tag"])
    if rows["choice_tag"].null_count():
        tag = np.where(rows["choice_tag"].is_null().to_numpy(), -1, tag)
    score = rows["score"].to_numpy()
    return OptionAnswers(
        item=item,
        items=len(items),
        replicate=replicate.of_row,
        replicates=replicate.keys.size,
        choice=codes(rows["choice"])[0],
        tag=tag,
        tags=tags,
        wrong=score < 1.0,
    )


def option_pairs(
    answers: OptionAnswers,
    *,
    sets: tuple[Codes, int],
    sides: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    named: tuple[str, str, str],
) -> OptionPairs:
    """The answers of two sides to the same item and replicate within a set; in the order of the three.

    Where several answers of a side share set, item and replicate, each is paired with each of the other side.

    Args:
        answers: Of all profiles.
        sets: Matched set of every answer, and how many there are.
        sides: Answers of the first and of the second side.
        named: The factor, and its levels on the two sides.
    """
    asked = joint_codes(sets, (answers.item, answers.items), (answers.replicate, answers.replicates))
    left, right = (rows[np.argsort(asked[rows], kind="stable")] for rows in map(np.flatnonzero, sides))
    start, end = (np.searchsorted(asked[right], asked[left], side=side) for side in ("left", "right"))
    partners = end - start
    first = np.repeat(left, partners)
    within = np.arange(first.size) - np.repeat(np.cumsum(partners) - partners, partners)
    second = right[np.repeat(start, partners) + within]
    return OptionPairs(
        answers=answers,
        first_row=first,
        second_row=second,
        sets=groups_of(sets[0][first]).of_row,
        factor=named[0],
        first=named[1],
        second=named[2],
    )


def _distance(stratum: Stratum, pairs: OptionPairs) -> Finding:
    answers = pairs.answers
    item = groups_of(answers.item[pairs.first_row]).of_row
    items, groups = int(item.max()) + 1, int(pairs.sets.max()) + 1
    estimand = Estimand(
        measure="option_shift",
        arms=ArmContrast(arm="pairs" if pairs.factor == stratum.settings.contrast else "crossing"),
        contrast=(LevelContrast(factor=pairs.factor, level=pairs.first, reference=pairs.second),),
        quantity=Quantity(name="choice", scale="share"),
        method="total variation distance, permutation of labels within matched sets",
    )
    sample = SampleSize(trials=2 * pairs.size, items=items, profiles=groups)
    if groups_of(item * groups + pairs.sets).keys.size == items:
        return without_number(estimand, stratum=stratum, sample=sample, reason=_ONE_SET)
    rng = stream(stratum.settings.seed, "analysis", "option-shift", stratum.stream_name, pairs.factor, pairs.first)
    first, second = answers.choice[pairs.first_row], answers.choice[pairs.second_row]
    test = shift_test(first, second, item=item, sets=pairs.sets, rng=rng)
    note = f"Distance {test.distance:.3f}; swapped labels give {test.chance:.3f} on average."
    number = Tested(value=test.distance - test.chance, p=test.p)
    return with_number(estimand, stratum=stratum, number=number, sample=sample, notes=(note,))


def _tag_shares(stratum: Stratum, pairs: OptionPairs) -> list[Finding]:
    answers = pairs.answers
    sides = [answers.tag[rows] for rows in (pairs.first_row, pairs.second_row)]
    if stratum.kind == "understanding":
        wrong = (answers.wrong[rows] for rows in (pairs.first_row, pairs.second_row))
        told = [np.where(kept, tag, -1) for tag, kept in zip(sides, wrong, strict=True)]
    else:
        told = sides
    counts = np.bincount(np.concatenate(told) + 1, minlength=len(answers.tags) + 1)[1:]
    item = groups_of(answers.item[pairs.first_row]).of_row
    shape = (int(pairs.sets.max()) + 1, int(item.max()) + 1)
    spec = EstimateSpec(confidence=1 - stratum.settings.alpha, power=stratum.settings.power)
    sample = SampleSize(trials=2 * pairs.size, items=shape[1], profiles=shape[0])
    found = []
    for tag in np.argsort(-counts, kind="stable")[:_TAGS]:
        if counts[tag] == 0:
            continue
        difference = (told[0] == tag).astype(np.float64) - (told[1] == tag)
        matrix = pair_matrix(difference, sets=pairs.sets, items=item, shape=shape)
        estimand = _tag_estimand(stratum, pairs, tag=answers.tags[tag])
        found.append(finding(estimand, stratum=stratum, estimate=paired_gap(matrix, spec=spec), sample=sample))
    return found


def _tag_estimand(stratum: Stratum, pairs: OptionPairs, *, tag: str) -> Estimand:
    return Estimand(
        measure="option_shift" if stratum.kind == "understanding" else "strategy_shift",
        arms=ArmContrast(arm="pairs"),
        contrast=(LevelContrast(factor=pairs.factor, level=pairs.first, reference=pairs.second),),
        quantity=Quantity(name="choice_tag", scale="rate", tag=tag),
        method="paired differences of indicators, crossed random effects (quasi-F, Satterthwaite)",
        on_margin=False,
    )


def _tag_rows(
    stratum: Stratum, column: pl.Series, *, tags: tuple[Codes, list[str]], told: NDArray[np.bool_], factor: str
) -> list[OptionShare]:
    """The shares of the most frequent tags within every level, most frequent first.

    Args:
        stratum: Of which the answers are.
        column: Level of every answer.
        tags: Tag of every answer, and what they are.
        told: Answers whose tag is told.
        factor: Whose levels these are.
    """
    level, levels = codes(column)
    known = column.is_not_null().to_numpy()
    size = np.bincount(level[known], minlength=len(levels))
    shape = (len(levels), len(tags[1]))
    place = (level * shape[1] + tags[0])[known & told]
    counts = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    top = np.argsort(-counts.sum(axis=0), kind="stable")[:_TAGS]
    found = []
    for at, of_level in enumerate(levels):
        shares = sorted((-counts[at, one] / size[at], tags[1][one]) for one in top if counts[at, one])
        found += [
            OptionShare(
                model=stratum.model,
                kind=stratum.kind,
                where=stratum.where,
                factor=factor,
                level=of_level,
                tag=name,
                share=float(-share),
                answers=int(size[at]),
            )
            for share, name in shares
        ]
    return found

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
from evenhand.analysis.findings.factor_gaps import crossing_levels
from evenhand.analysis.table.codes import codes
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Tested
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity
from evenhand.records.results import OptionShare
from evenhand.seeds import stream

__all__ = ["OptionPairs", "ShiftTest", "option_findings", "option_shares", "shift_test"]

_SWAPS = 1000
_TAGS = 20
"""Most frequent emotions or strategies that get a finding of their own."""

_ONE_SET = "Every item met one matched set only, so swapped labels give the same distance and there is nothing to test."


class OptionPairs(Struct, frozen=True, kw_only=True):
    """Answers of matched profiles to the same item, replicate by replicate."""

    rows: pl.DataFrame
    """Columns set, item, and for both sides choice, tag, right: one row per pair with both answers."""
    factor: str
    first: str
    second: str


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
        if pairs.rows.height:
            found.append(_distance(stratum, pairs))
            if pairs.factor == stratum.settings.contrast:
                found += _tag_shares(stratum, pairs)
    return found


def option_shares(stratum: Stratum) -> list[OptionShare]:
    """How often each wrong emotion or kind of advice was chosen, by level of every factor; none without tags."""
    answered = stratum.profiles().filter(pl.col("choice_tag").is_not_null())
    if answered.height == 0 or not stratum.main:
        return []
    told = answered.filter(_told(stratum))
    return [
        share
        for factor in stratum.factors
        for share in _tag_rows(told, totals=answered, factor=factor, stratum=stratum)
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
    rows = stratum.paired(cues(stratum)[0]).with_columns(pl.col("unit").cast(pl.String).alias("set"))
    return [_paired(rows, factor=settings.contrast, first=settings.advantaged, second=settings.disadvantaged)]


def _level_pairs(stratum: Stratum) -> list[OptionPairs]:
    """Profiles of the crossing that differ in one factor only."""
    rows = stratum.crossed(cues(stratum)[0])
    if rows.height == 0:
        return []
    _, factors = crossing_levels(rows, stratum)
    found = []
    for factor in factors:
        others = [other.name for other in factors if other.name != factor.name]
        matched = [pl.col(level_column(other)).cast(pl.String) for other in others]
        # Where several users share a combination, they are paired in the order of their names.
        turn = pl.col("arm").cast(pl.String).rank("dense").over([level_column(f.name) for f in factors])
        coded = rows.with_columns(pl.concat_str([*matched, turn], separator="/").alias("set"))
        for level in factor.levels[1:]:
            found.append(_paired(coded, factor=factor.name, first=level, second=factor.levels[0]))
    return found


def _paired(rows: pl.DataFrame, *, factor: str, first: str, second: str) -> OptionPairs:
    columns = ["set", "item", "replicate"]
    answered = rows.filter(pl.col("choice").is_not_null())
    if answered.height == 0:
        empty = pl.DataFrame(schema=dict.fromkeys(("set", "item", "choice", "choice_second"), pl.String))
        return OptionPairs(rows=empty, factor=factor, first=first, second=second)
    side = answered[level_column(factor)].cast(pl.String)
    kept = (*columns, "choice", "choice_tag", "score")
    left, right = (answered.filter(side == name).select(kept) for name in (first, second))
    joined = left.join(right, on=columns, how="inner", suffix="_second").sort(columns)
    return OptionPairs(rows=joined, factor=factor, first=first, second=second)


def _distance(stratum: Stratum, pairs: OptionPairs) -> Finding:
    rows = pairs.rows
    both, _ = codes(pl.concat([rows["choice"], rows["choice_second"]]))
    item, items = codes(rows["item"])
    sets, names = codes(rows["set"])
    estimand = Estimand(
        measure="option_shift",
        arms=ArmContrast(arm="pairs" if pairs.factor == stratum.settings.contrast else "crossing"),
        contrast=(LevelContrast(factor=pairs.factor, level=pairs.first, reference=pairs.second),),
        quantity=Quantity(name="choice", scale="share"),
        method="total variation distance, permutation of labels within matched sets",
    )
    sample = SampleSize(trials=2 * rows.height, items=len(items), profiles=len(names))
    if np.unique(item * len(names) + sets).size == len(items):
        return without_number(estimand, stratum=stratum, sample=sample, reason=_ONE_SET)
    rng = stream(stratum.settings.seed, "analysis", "option-shift", stratum.stream_name, pairs.factor, pairs.first)
    test = shift_test(both[: rows.height], both[rows.height :], item=item, sets=sets, rng=rng)
    note = f"Distance {test.distance:.3f}; swapped labels give {test.chance:.3f} on average."
    number = Tested(value=test.distance - test.chance, p=test.p)
    return with_number(estimand, stratum=stratum, number=number, sample=sample, notes=(note,))


def _told(stratum: Stratum) -> pl.Expr:
    """Answers whose tag is told: wrong ones of understanding items, all of management items."""
    return pl.col("score") < 1.0 if stratum.kind == "understanding" else pl.lit(True)


def _tag_shares(stratum: Stratum, pairs: OptionPairs) -> list[Finding]:
    rows = pairs.rows
    if rows["choice_tag"].null_count() == rows.height:
        return []
    both, tags = codes(pl.concat([rows["choice_tag"], rows["choice_tag_second"]]))
    told = np.ones(both.size, dtype=bool)
    if stratum.kind == "understanding":
        told = (pl.concat([rows["score"], rows["score_second"]]) < 1.0).fill_null(False).to_numpy()
    told &= pl.concat([rows["choice_tag"], rows["choice_tag_second"]]).is_not_null().to_numpy()
    counts = np.bincount(both[told], minlength=len(tags))
    item, items = codes(rows["item"])
    sets, names = codes(rows["set"])
    spec = EstimateSpec(confidence=1 - stratum.settings.alpha, power=stratum.settings.power, flips=0)
    sample = SampleSize(trials=2 * rows.height, items=len(items), profiles=len(names))
    found = []
    for tag in np.argsort(-counts, kind="stable")[:_TAGS]:
        if counts[tag] == 0:
            continue
        hit = ((both == tag) & told).astype(np.float64)
        difference = hit[: rows.height] - hit[rows.height :]
        matrix = pair_matrix(difference, sets=sets, items=item, shape=(len(names), len(items)))
        estimand = _tag_estimand(stratum, pairs, tag=tags[tag])
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


def _tag_rows(told: pl.DataFrame, *, totals: pl.DataFrame, factor: str, stratum: Stratum) -> list[OptionShare]:
    level = pl.col(level_column(factor)).cast(pl.String).alias("level")
    size = totals.filter(pl.col(level_column(factor)).is_not_null()).group_by(level).agg(pl.len().alias("answers"))
    tag = pl.col("choice_tag").cast(pl.String).alias("tag")
    counted = told.filter(pl.col(level_column(factor)).is_not_null()).group_by(level, tag).agg(pl.len().alias("count"))
    top = counted.group_by("tag").agg(pl.col("count").sum()).sort("count", "tag", descending=[True, False])["tag"]
    kept = counted.filter(pl.col("tag").is_in(top[:_TAGS].to_list())).join(size, on="level")
    shares = kept.with_columns((pl.col("count") / pl.col("answers")).alias("share")).sort(
        "level", "share", "tag", descending=[False, True, False]
    )
    return [
        OptionShare(
            model=stratum.model,
            kind=stratum.kind,
            where=stratum.where,
            factor=factor,
            level=level_,
            tag=tag_,
            share=share,
            answers=answers,
        )
        for level_, tag_, share, answers in shares.select("level", "tag", "share", "answers").iter_rows()
    ]

"""What changes with a policy, question by question: gaps, score, use of facts, changed answers, facts that surface.

Estimand of a change: the quantity with the policy minus the same quantity without one, on the same items, users, option
orders and replicates. Every question is its own control, so the estimators and sampling units are those of the single
findings (`evenhand.analysis.findings.compare`). docs/methods/mitigation.md.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.analysis.estimators.estimate import EstimateSpec
from evenhand.analysis.estimators.paired import PairedGap, paired_gap
from evenhand.analysis.estimators.ratio import ratio_of_means
from evenhand.analysis.findings.compare import QUESTION, Change, gap_changes, level_changes, paired_policies
from evenhand.analysis.findings.estimand import Estimand, finding
from evenhand.analysis.findings.flips import disagreement
from evenhand.analysis.table.grid import MeanMatrix, grid, item_means
from evenhand.analysis.table.stratum import OPTION_KINDS, Stratum, cues
from evenhand.records.answer_format import AnswerFormat
from evenhand.records.contrast import ArmContrast, ArmGroup
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Measure, Quantity
from evenhand.records.profile import Cue
from evenhand.records.tried import Aspect, Share
from evenhand.seeds import stream

__all__ = [
    "METHOD",
    "WITHOUT_CHOICE",
    "AspectChange",
    "Sides",
    "aspect_changes",
    "benefit_kept",
    "change_estimate",
    "joined_questions",
    "mean_of",
]

WITHOUT_CHOICE: frozenset[AnswerFormat] = frozenset({"rating", "text"})
"""Formats in which no option is chosen."""

METHOD = "change of paired answers, crossed random effects (quasi-F, Satterthwaite)"


class AspectChange(Struct, frozen=True, kw_only=True):
    """One change, before it is judged."""

    aspect: Aspect
    change: Finding
    before: float | None
    after: float | None


class Sides(Struct, frozen=True, kw_only=True):
    """One stratum without a policy, and the same questions with one."""

    without: Stratum
    under: Stratum


def aspect_changes(sides: Sides) -> list[AspectChange]:
    """Every change of one kind of item under one way of showing memory."""
    pair = paired_policies(sides.without, sides.under)
    found: list[AspectChange] = []
    if sides.under.where.answer not in WITHOUT_CHOICE:  # their numbers are compared one by one: number_changes
        found += [_of("gap", one) for one in gap_changes(pair)]
        found += [_of("group", one) for one in level_changes(pair)]
        found += _flips(sides)
    if sides.under.kind in OPTION_KINDS or sides.under.where.answer == "rating":
        found += _accuracy(sides)
    found += _leakage(sides)
    found += _own_fact(sides)
    return found


def _of(aspect: Aspect, change: Change) -> AspectChange:
    found, both = change
    return AspectChange(aspect=aspect, change=found, before=both.before, after=both.after)


def joined_questions(without: pl.DataFrame, under: pl.DataFrame, *, column: str) -> pl.DataFrame:
    """The questions that have a number on both sides: `before`, `after` and `change`, with unit and item."""
    columns = list(QUESTION)
    old = without.select(*columns, pl.col(column).cast(pl.Float64).alias("before"))
    new = under.select(*columns, "unit", pl.col(column).cast(pl.Float64).alias("after"))
    return (
        new.join(old, on=columns, how="inner", maintain_order="left", nulls_equal=True)
        .filter(pl.col("before").is_not_null() & pl.col("after").is_not_null())
        .with_columns((pl.col("after") - pl.col("before")).alias("change"))
    )


def _changed(
    sides: Sides,
    joined: pl.DataFrame,
    *,
    aspect: Aspect,
    measure: Measure,
    quantity: Quantity,
    arm: ArmGroup,
    cue: Cue | None = None,
) -> list[AspectChange]:
    """The change of a mean over users and items; none where no question has both numbers.

    Args:
        sides: Without the policy and with it.
        joined: The questions of both.
        aspect: What it is a change of.
        measure: What was measured on both sides.
        quantity: The number that was averaged.
        arm: Whose answers they are.
        cue: How these profiles state who the user is; None: however any of them does.
    """
    if joined.height == 0:
        return []
    stratum = sides.under
    cells = grid(joined, column="change")
    first = cues(stratum)[0] if arm == "profile" else None
    apart = "" if cue in (None, first) else f"/{cue}"
    estimate = change_estimate(cells, stratum=stratum, name=f"policy/{aspect}/{stratum.stream_name}{apart}")
    estimand = Estimand(
        measure=measure,
        arms=ArmContrast(arm=arm, baseline="none"),
        quantity=quantity,
        method=METHOD,
        cue=cue or first,
    )
    sample = SampleSize(trials=joined.height, items=len(cells.items), profiles=len(cells.units))
    return [
        AspectChange(
            aspect=aspect,
            change=finding(estimand, stratum=stratum, estimate=estimate, sample=sample),
            before=mean_of(joined, "before"),
            after=mean_of(joined, "after"),
        )
    ]


def change_estimate(cells: MeanMatrix, *, stratum: Stratum, name: str) -> PairedGap:
    """The mean of changes over users and items; `name` names its random stream."""
    settings = stratum.settings
    spec = EstimateSpec(confidence=1 - settings.alpha, power=settings.power)
    return paired_gap(cells.values, planned=cells.planned, spec=spec, rng=stream(settings.seed, "analysis", name))


def mean_of(joined: pl.DataFrame, column: str) -> float:
    """The mean over users and items, each question once."""
    values = grid(joined, column=column).values
    return float(values[np.isfinite(values)].mean())


def _accuracy(sides: Sides) -> list[AspectChange]:
    quantity = Quantity(name=sides.under.primary)
    found: list[AspectChange] = []
    for cue in cues(sides.under):
        joined = joined_questions(sides.without.profiles(cue), sides.under.profiles(cue), column="value")
        found += _changed(
            sides,
            joined,
            aspect="accuracy",
            measure="memory_effect_change",
            quantity=quantity,
            arm="profile",
            cue=cue,
        )
    return found


def _flips(sides: Sides) -> list[AspectChange]:
    none = sides.without.arm("none")
    if none.height == 0 or none["choice"].null_count() == none.height:
        return []
    quantity = Quantity(name="choice", scale="rate")
    found: list[AspectChange] = []
    for cue in cues(sides.under):
        without, under = (disagreement(side.profiles(cue), none=none) for side in (sides.without, sides.under))
        joined = joined_questions(without, under, column="flip")
        found += _changed(
            sides, joined, aspect="flips", measure="flip_excess", quantity=quantity, arm="profile", cue=cue
        )
    return found


def _leakage(sides: Sides) -> list[AspectChange]:
    """Of probes whose own fact may surface; profiles where there are none."""
    arm: ArmGroup = "item_fact" if sides.under.kind == "leakage" else "profile"
    joined = joined_questions(sides.without.arm(arm), sides.under.arm(arm), column="leak")
    if joined.height == 0 or not joined.select(pl.max_horizontal("before", "after").max()).item():
        return []
    quantity = Quantity(name="mention_answer", scale="rate")
    return _changed(sides, joined, aspect="leakage", measure="leakage", quantity=quantity, arm=arm)


def _own_fact(sides: Sides) -> list[AspectChange]:
    """Benefit: use of the stored fact. Sycophancy: the score with the user's opinion in memory."""
    kind = sides.under.kind
    if kind not in ("benefit", "sycophancy"):
        return []
    without, under = sides.without.arm("item_fact"), sides.under.arm("item_fact")
    if kind == "benefit":
        joined = joined_questions(_used(without, keys=without), _used(under, keys=without), column="used")
        return _changed(
            sides,
            joined,
            aspect="benefit",
            measure="fact_effect",
            quantity=Quantity(name="fact_used"),
            arm="item_fact",
        )
    joined = joined_questions(without, under, column="value")
    quantity = Quantity(name=sides.under.primary)
    return _changed(sides, joined, aspect="sycophancy", measure="fact_effect", quantity=quantity, arm="item_fact")


def _used(rows: pl.DataFrame, *, keys: pl.DataFrame) -> pl.DataFrame:
    """The rows with `used`: whether the answer is the one that is right when the fact is known."""
    known = keys.group_by("item").agg(pl.col("keyed_option").first().cast(pl.String).alias("fact_key"))
    chosen = pl.col("choice").cast(pl.String)
    return rows.join(known, on="item", how="inner", maintain_order="left").with_columns(
        pl.when(chosen.is_not_null()).then((chosen == pl.col("fact_key")).cast(pl.Float64)).alias("used")
    )


def benefit_kept(sides: Sides) -> Share | None:
    """The benefit with the policy divided by that without; None where nothing was asked or no benefit was there.

    Benefit of an item: how often the answer that needs the fact is given with the fact in memory, minus how often
    without any memory.
    """
    if sides.under.kind != "benefit":
        return None
    keys = sides.without.arm("item_fact")
    none = _used(sides.without.arm("none"), keys=keys)
    joined = joined_questions(_used(keys, keys=keys), _used(sides.under.arm("item_fact"), keys=keys), column="used")
    if joined.height == 0 or none.height == 0:
        return None
    items = sorted(joined["item"].cast(pl.String).unique().to_list())
    floor = item_means(none, items=items, column="used")

    def benefit(column: str) -> NDArray[np.float64]:
        return item_means(joined, items=items, column=column) - floor

    before, after = benefit("before"), benefit("after")
    known = np.isfinite(before) & np.isfinite(after)
    if not known.any() or float(before[known].mean()) <= 0.0:
        return None
    found = ratio_of_means(after[known], before[known], confidence=1 - sides.under.settings.alpha)
    return Share(value=found.value, low=found.low, high=found.high)

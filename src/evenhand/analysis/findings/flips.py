"""Flips: answers that differ from the model's own no-memory answer, against the model's own noise.

Estimand of `flip_rate`: the probability that an answer with memory and a no-memory answer to the same item in the same
option order choose different options. Estimand of `flip_excess`: that probability minus the probability that two
no-memory answers to the item in one option order differ. Sampling units: matched sets (or profiles) and items, crossed;
estimator: `evenhand.analysis.estimators.paired`. Every profile answer is compared with every no-memory repeat of its
order, so the rate does not depend on which repeat comes first. docs/methods/flips.md.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.analysis.estimators.choice_exchange import choice_exchange_p
from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.findings.memory_effect import NOTHING_SHARED, Comparison, Second, against
from evenhand.analysis.findings.rates import rate_finding
from evenhand.analysis.table.codes import codes, groups_of, joint_codes
from evenhand.analysis.table.grid import MeanMatrix
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast, ArmGroup
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity
from evenhand.records.profile import Cue

__all__ = ["disagreement", "flip_findings", "noise_floor"]


def disagreement(rows: pl.DataFrame, *, none: pl.DataFrame) -> pl.DataFrame:
    """The rows that can be compared, with `flip`: the share of no-memory answers of the same order that differ.

    Only answered trials count on both sides; a trial whose item and order has no answered no-memory trial is left out.
    """
    answered, known = _chosen(rows), _chosen(none)
    item, order, choice = (
        _together(answered[name], known[name], coded=name != "order_index")
        for name in ("item", "order_index", "choice")
    )
    question = groups_of(joint_codes(item, order))
    chosen = groups_of(joint_codes((question.of_row, question.keys.size), choice))
    own, others = slice(None, answered.height), slice(answered.height, None)
    total = np.bincount(question.of_row[others], minlength=question.keys.size)[question.of_row[own]]
    times = np.bincount(chosen.of_row[others], minlength=chosen.keys.size)[chosen.of_row[own]]
    kept = np.flatnonzero(total > 0)
    flip = pl.Series("flip", 1 - times[kept] / total[kept], dtype=pl.Float64)
    return (answered if kept.size == answered.height else answered[kept]).with_columns(flip)


def noise_floor(none: pl.DataFrame) -> pl.DataFrame:
    """Columns unit, item, order_index, flip: the share of pairs of no-memory answers that differ, by item and order.

    Only orders with at least two answers have a floor: with counts n_k of the options and n in all it is
    1 - sum n_k (n_k - 1) / (n (n - 1)).
    """
    return (
        _choices(none)
        .group_by("item", "order_index")
        .agg(
            pl.col("times").sum().alias("total"),
            (pl.col("times") * (pl.col("times") - 1)).sum().alias("same"),
        )
        .filter(pl.col("total") > 1)
        .with_columns(
            (1 - pl.col("same") / (pl.col("total") * (pl.col("total") - 1))).alias("flip"),
            pl.lit("none").cast(pl.Categorical).alias("unit"),
        )
    )


def flip_findings(stratum: Stratum) -> list[Finding]:
    """Flip rates of profiles, placebo and no memory, and their excess over the noise floor."""
    none = stratum.arm("none")
    if none["choice"].null_count() == none.height:
        return []
    floor = noise_floor(none)
    found = [_rate(stratum, floor, arm="none", cue=None)] if floor.height else []
    groups: list[tuple[ArmGroup, Cue | None, pl.DataFrame]] = [
        ("profile", cue, stratum.profiles(cue)) for cue in cues(stratum)
    ]
    groups.append(("placebo", None, stratum.arm("placebo")))
    for arm, cue, rows in groups:
        compared = disagreement(rows, none=none)
        if rows.height and compared.height:
            found.append(_rate(stratum, compared, arm=arm, cue=cue))
            found.append(_excess(stratum, compared, none=none, floor=floor, arm=arm, cue=cue))
    return found


def _chosen(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(rows["choice"].is_not_null()) if rows["choice"].null_count() else rows


def _together(first: pl.Series, second: pl.Series, *, coded: bool) -> tuple[NDArray[np.int64], int]:
    """Codes of two columns, one below the other, and how many there are."""
    column = pl.concat([first, second])
    if coded:
        code, values = codes(column)
        return code, len(values)
    groups = groups_of(column.to_numpy())
    return groups.of_row, groups.keys.size


def _choices(none: pl.DataFrame) -> pl.DataFrame:
    answered = none.filter(pl.col("choice").is_not_null())
    return answered.group_by("item", "order_index", "choice").agg(pl.len().cast(pl.Int64).alias("times"))


def _rate(stratum: Stratum, rows: pl.DataFrame, *, arm: ArmGroup, cue: Cue | None) -> Finding:
    estimand = Estimand(
        measure="flip_rate",
        arms=ArmContrast(arm=arm, baseline="none"),
        quantity=Quantity(name="choice", scale="rate"),
        method="share of differing pairs, crossed random effects of users and items",
        cue=cue,
        tested=False,
    )
    return rate_finding(estimand, stratum=stratum, rows=rows, column="flip")


class _Choices(Struct, frozen=True, kw_only=True):
    """Exchange of choices within items and option orders."""

    rows: pl.DataFrame
    none: pl.DataFrame

    def __call__(
        self, comparison: Comparison, *, cells: MeanMatrix, doubtful: bool, rng: np.random.Generator
    ) -> Second | None:
        """Dealt out anew only where the first test comes near rejecting."""
        if not doubtful:
            return None
        counted = [_choices(side).with_columns(pl.lit(name).alias("side")) for name, side in self._sides]
        counts = pl.concat(counted).with_columns(pl.col("item", "choice").cast(pl.String))
        options = sorted(counts["choice"].unique().to_list())
        tables = []
        keys = counts.select("item", "order_index").unique().sort("item", "order_index")
        for name, _ in self._sides:
            wide = counts.filter(pl.col("side") == name).pivot("choice", index=["item", "order_index"], values="times")
            missing = [pl.lit(0, dtype=pl.Int64).alias(option) for option in options if option not in wide.columns]
            joined = keys.join(
                wide.with_columns(missing), on=["item", "order_index"], how="left", maintain_order="left"
            )
            tables.append(joined.select(options).fill_null(0).to_numpy().astype(np.int64))
        return Second(p=choice_exchange_p(tables[0], baseline=tables[1], rng=rng), variance=0.0)

    @property
    def _sides(self) -> tuple[tuple[str, pl.DataFrame], tuple[str, pl.DataFrame]]:
        return (("arm", self.rows), ("none", self.none))


def _excess(
    stratum: Stratum, rows: pl.DataFrame, *, none: pl.DataFrame, floor: pl.DataFrame, arm: ArmGroup, cue: Cue | None
) -> Finding:
    estimand = Estimand(
        measure="flip_excess",
        arms=ArmContrast(arm=arm, baseline="none"),
        quantity=Quantity(name="choice", scale="rate"),
        method="differing pairs against the noise floor, crossed random effects of users and items",
        cue=cue,
    )
    ordered = rows.join(
        floor.select("item", "order_index", pl.col("flip").alias("floor")),
        on=["item", "order_index"],
        how="inner",
        maintain_order="left",
    )
    sample = SampleSize(trials=rows.height, items=rows["item"].n_unique(), profiles=rows["unit"].n_unique())
    if ordered.height == 0:
        return without_number(estimand, stratum=stratum, sample=sample, reason=_NO_FLOOR)
    name = f"flip_excess/{stratum.stream_name}/{arm}/{cue}"
    second = _Choices(rows=rows, none=none)
    compared = Comparison(rows=ordered, baseline=floor, column="flip", name=name, exchange=second)
    estimate, sample = against(compared, stratum=stratum)
    if estimate is None:
        return without_number(estimand, stratum=stratum, sample=sample, reason=NOTHING_SHARED)
    return finding(estimand, stratum=stratum, estimate=estimate, sample=sample)


_NO_FLOOR = "The no-memory arm was not repeated within an option order, so there is no noise floor to compare with."

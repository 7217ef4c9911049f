"""Which emotion is taken from, or put on, whom: keyed against chosen emotion by group.

Estimand: among a group's answers on items with one keyed emotion (or kind of advice), the share that chose each one;
where chosen and keyed are the same that is the accuracy. Sampling units of the interval: items, and users where an
emotion has one item only.
"""

from __future__ import annotations

import polars as pl

from evenhand.analysis.estimators.estimate import Estimate
from evenhand.analysis.estimators.shares import share_interval, share_of_count
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum
from evenhand.records.results import KeyedEmotion

__all__ = ["keyed_emotions"]


def keyed_emotions(stratum: Stratum) -> list[KeyedEmotion]:
    """Every keyed emotion by level of every factor; none where answers carry no emotion."""
    answered = stratum.profiles().filter(pl.col("choice_tag").is_not_null() & pl.col("keyed_option").is_not_null())
    if answered.height == 0 or not stratum.main:
        return []
    keys = _keys(stratum.rows)
    keyed = answered.select("item", "unit", "choice_tag", *map(level_column, stratum.factors)).join(
        keys, on="item", how="inner"
    )
    return [one for factor in stratum.factors for one in _of_factor(stratum, keyed, factor=factor)]


def _keys(rows: pl.DataFrame) -> pl.DataFrame:
    """The emotion of every item's keyed option, from the answers that chose it; items nobody got right have none."""
    right = rows.filter(pl.col("choice").cast(pl.String) == pl.col("keyed_option").cast(pl.String))
    tagged = right.filter(pl.col("choice_tag").is_not_null())
    return tagged.group_by("item").agg(pl.col("choice_tag").cast(pl.String).mode().sort().first().alias("keyed"))


def _of_factor(stratum: Stratum, keyed: pl.DataFrame, *, factor: str) -> list[KeyedEmotion]:
    rows = keyed.filter(pl.col(level_column(factor)).is_not_null()).select(
        pl.col(level_column(factor)).cast(pl.String).alias("level"),
        "keyed",
        pl.col("choice_tag").cast(pl.String).alias("chosen"),
        pl.col("item").cast(pl.String),
    )
    totals = rows.group_by("level", "keyed", "item").agg(pl.len().alias("answers"))
    counts = rows.group_by("level", "keyed", "chosen", "item").agg(pl.len().alias("times"))
    pairs = counts.select("level", "keyed", "chosen").unique()
    table = (
        pairs.join(totals, on=["level", "keyed"])
        .join(counts, on=["level", "keyed", "chosen", "item"], how="left")
        .with_columns(pl.col("times").fill_null(0))
    )
    whole = table.group_by("level", "keyed", "chosen").agg(
        pl.col("times").sum(),
        pl.col("answers").sum(),
        pl.len().alias("items"),
        pl.col("times").cast(pl.Float64).pow(2).sum().alias("tt"),
        (pl.col("times") * pl.col("answers")).cast(pl.Float64).sum().alias("ta"),
        pl.col("answers").cast(pl.Float64).pow(2).sum().alias("aa"),
    )
    found = []
    for level, tag, chosen, times, answers, items, tt, ta, aa in whole.sort("level", "keyed", "chosen").iter_rows():
        share = times / answers
        low, high = _interval(stratum, (times, answers, items), squares=tt - 2 * share * ta + share**2 * aa)
        found.append(
            KeyedEmotion(
                model=stratum.model,
                kind=stratum.kind,
                where=stratum.where,
                factor=factor,
                level=level,
                keyed=tag,
                chosen=chosen,
                share=share,
                low=low,
                high=high,
                answers=answers,
                items=items,
            )
        )
    return found


def _interval(stratum: Stratum, counts: tuple[int, int, int], *, squares: float) -> tuple[float, float]:
    """Interval of a ratio of sums over items, never narrower than that of as many independent answers."""
    times, answers, items = counts
    alpha = stratum.settings.alpha
    share = times / answers
    if items < 2 or times in (0, answers):
        return share_of_count(times, answers, alpha=alpha)
    variance = max(items / (items - 1) * squares / answers**2, share * (1 - share) / answers)
    se, df = variance**0.5, float(items - 1)
    estimate = Estimate(
        estimate=share,
        se=se,
        df=df,
        low=share,
        high=share,
        p=1.0,
        confidence=1 - alpha,
        smallest_detectable=None,
        components=(),
        degenerate=False,
        notes=(),
    )
    return share_interval(estimate, alpha=alpha)

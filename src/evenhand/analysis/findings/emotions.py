"""Which emotion is taken from, or put on, whom: keyed against chosen emotion by group.

Estimand: among a group's answers on items with one keyed emotion (or kind of advice), the share that chose each one;
where chosen and keyed are the same that is the accuracy. Sampling units of the interval: items, and users where an
emotion has one item only.
"""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.analysis.estimators.estimate import Estimate
from evenhand.analysis.estimators.shares import share_interval, share_of_count
from evenhand.analysis.table.codes import codes
from evenhand.analysis.table.grid import held
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum
from evenhand.records.results import KeyedEmotion

__all__ = ["keyed_emotions"]

Codes = NDArray[np.int64]


class _Keyed(Struct, frozen=True, kw_only=True):
    """Answers of profiles that chose an emotion, on items whose keyed emotion is known; one entry per answer."""

    rows: pl.DataFrame
    item: Codes
    chosen: Codes
    tags: list[str]
    keyed: Codes
    """Keyed emotion of every item, an index into `tags`; -1 where nobody chose it."""


def keyed_emotions(stratum: Stratum) -> list[KeyedEmotion]:
    """Every keyed emotion by level of every factor; none where answers carry no emotion."""
    if not stratum.main or stratum.profiles().height == 0:
        return []
    answers = _answers(stratum.rows)
    return [one for factor in stratum.factors for one in _of_factor(stratum, answers, factor=factor)]


def _answers(rows: pl.DataFrame) -> _Keyed:
    item, items = codes(rows["item"])
    tag, tags = codes(rows["choice_tag"])
    tagged = rows["choice_tag"].is_not_null().to_numpy()
    # The emotion of an item's keyed option is that of the answers that chose it; items nobody got right have none.
    right = held(rows["choice"].cast(pl.String) == rows["keyed_option"].cast(pl.String), True) & tagged
    chosen = np.bincount(item[right] * len(tags) + tag[right], minlength=len(items) * len(tags))
    by_item = chosen.reshape(len(items), len(tags))
    keyed = np.where(by_item.any(axis=1), by_item.argmax(axis=1) if tags else -1, -1)
    kept = np.flatnonzero(
        held(rows["arm_kind"], "profile") & tagged & rows["keyed_option"].is_not_null().to_numpy() & (keyed[item] >= 0)
    )
    return _Keyed(rows=rows[kept], item=item[kept], chosen=tag[kept], tags=tags, keyed=keyed)


def _of_factor(stratum: Stratum, answers: _Keyed, *, factor: str) -> list[KeyedEmotion]:
    column = answers.rows[level_column(factor)]
    level, levels = codes(column)
    known = column.is_not_null().to_numpy()
    shape = (len(levels), len(answers.tags), answers.keyed.size)
    place = (level * shape[1] + answers.chosen) * shape[2] + answers.item
    times = np.bincount(place[known], minlength=math.prod(shape)).reshape(shape).astype(np.float64)
    met = times.sum(axis=1)
    found = []
    for at, of_level in enumerate(levels):
        for tag in np.unique(answers.keyed[met[at] > 0]):
            own = (answers.keyed == tag) & (met[at] > 0)
            asked = met[at, own]
            for option in np.flatnonzero(times[at][:, own].any(axis=1)):
                chose = times[at, option, own]
                count, total, items = int(chose.sum()), int(asked.sum()), int(own.sum())
                share = count / total
                squares = float(chose @ chose) - 2 * share * float(chose @ asked) + share**2 * float(asked @ asked)
                low, high = _interval(stratum, (count, total, items), squares=squares)
                found.append(
                    KeyedEmotion(
                        model=stratum.model,
                        kind=stratum.kind,
                        where=stratum.where,
                        factor=factor,
                        level=of_level,
                        keyed=answers.tags[tag],
                        chosen=answers.tags[option],
                        share=share,
                        low=low,
                        high=high,
                        answers=total,
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

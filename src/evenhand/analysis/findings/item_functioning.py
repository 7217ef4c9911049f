"""Which items react to who the user is: differential item functioning, factor by factor, item by item.

Estimand: for each item and level, the difference in the odds of the best answer between profiles with the level and
profiles with the reference level that do equally well overall. Units are profiles. Two tests stand side by side,
Mantel-Haenszel with ETS classes and logistic regression; the overall score is purified of flagged items. p-values are
adjusted over the items of one comparison (Benjamini-Hochberg). docs/methods/item-functioning.md.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from evenhand.analysis.estimators.logistic_dif import LogisticDif, logistic_dif
from evenhand.analysis.estimators.mantel_haenszel import MantelHaenszel, ets_class, mantel_haenszel
from evenhand.analysis.estimators.multiplicity import benjamini_hochberg
from evenhand.analysis.findings.claim import Claim, finding, with_number, without_number
from evenhand.analysis.findings.factor_gaps import crossing_levels
from evenhand.analysis.findings.gaps import gap_claim, gap_estimate, gap_grid, sample_of
from evenhand.analysis.table.grid import Grid, grid
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import PointEstimate
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity
from evenhand.records.results import EtsClass, ItemReaction

__all__ = ["ItemFunctioning", "Matched", "item_functioning", "matched_strata"]

Array = NDArray[np.float64]
_BINS = 5
_ROUNDS = 5
_FEWEST = 8
"""Respondents a group needs to be compared."""


class Matched(Struct, frozen=True, kw_only=True):
    """Overall scores that respondents are matched on, for every item."""

    score: Array
    """Shape (respondents, items): mean of a respondent's answers less the items' means, over anchors and the item."""
    strata: NDArray[np.int64]
    """Shape (respondents, items): fifth of the score."""


class ItemFunctioning(Struct, frozen=True, kw_only=True):
    """What one stratum says of its items."""

    findings: tuple[Finding, ...]
    tested: tuple[ItemReaction, ...]
    """Every item in every comparison."""

    @property
    def reactions(self) -> tuple[ItemReaction, ...]:
        """Items of class B or C and sensitive items, strongest first."""
        shown = (item for item in self.tested if item.sensitive or item.ets != "A")
        return tuple(sorted(shown, key=lambda item: (item.ets, -abs(item.delta or 0))))


class _Comparison(Struct, frozen=True, kw_only=True):
    contrast: LevelContrast
    cells: Grid
    focal: NDArray[np.bool_]
    repeats: float


def item_functioning(stratum: Stratum) -> ItemFunctioning:
    """Every comparison of a stratum in its main cue style, and the primary gap without the sensitive items."""
    found: list[Finding] = []
    items: list[ItemReaction] = []
    for comparison in _comparisons(stratum):
        tested = _tested(comparison, stratum)
        items += tested
        found.append(_share(stratum, comparison, tested))
    flagged = sorted(
        {item.item for item in items if item.sensitive and item.contrast.factor == stratum.settings.contrast}
    )
    without = _gap_without(stratum, flagged)
    return ItemFunctioning(findings=(*found, *without), tested=tuple(items))


def matched_strata(answers: Array, *, anchors: NDArray[np.bool_]) -> Matched:
    """Overall scores and their fifths, for every item.

    The score of a respondent for an item is the mean, over the anchor items and the item itself, of the answer less the
    item's mean, so that respondents who met different items are comparable.
    """
    known = ~np.isnan(answers)
    centre = np.nansum(np.where(known, answers, 0.0), axis=0) / np.maximum(known.sum(axis=0), 1)
    off = np.where(known, answers - centre, 0.0)
    base = (off * anchors).sum(axis=1)
    count = (known & anchors).sum(axis=1)
    extra = np.where(anchors[None, :], 0.0, off)
    more = np.where(anchors[None, :], 0, known)
    score = (base[:, None] + extra) / np.maximum(count[:, None] + more, 1)
    order = np.argsort(np.argsort(score, axis=0, kind="stable"), axis=0, kind="stable")
    rank = _shared_rank(score, order)
    bins = min(_BINS, max(1, answers.shape[0] // (2 * _FEWEST)))
    return Matched(score=score, strata=np.minimum((rank * bins) // answers.shape[0], bins - 1).astype(np.int64))


def _shared_rank(score: Array, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ranks in which equal scores share the lowest rank, so that equals fall into one stratum."""
    shared = order.copy()
    for column in range(score.shape[1]):
        _, first, inverse = np.unique(score[:, column], return_index=True, return_inverse=True)
        lowest = np.full(first.size, score.shape[0], dtype=np.int64)
        np.minimum.at(lowest, inverse, order[:, column])
        shared[:, column] = lowest[inverse]
    return shared


def _comparisons(stratum: Stratum) -> list[_Comparison]:
    settings, cue = stratum.settings, cues(stratum)[0]
    found: list[_Comparison] = []
    pairs = _with_right(stratum.paired(cue))
    if pairs.height and pairs[level_column(settings.contrast)].n_unique() >= 2:
        cells = grid(pairs, column="right", unit="arm")
        side = _level_of(pairs, settings.contrast, cells.units)
        found.append(
            _Comparison(
                contrast=LevelContrast(
                    factor=settings.contrast, level=settings.disadvantaged, reference=settings.advantaged
                ),
                cells=cells,
                focal=side == settings.disadvantaged,
                repeats=_repeats(pairs),
            )
        )
    crossed = _with_right(stratum.crossed(cue))
    if crossed.height:
        cells = grid(crossed, column="right", unit="arm")
        _, factors = crossing_levels(crossed, stratum)
        for factor in factors:
            for code in range(1, len(factor.levels)):
                kept = (factor.codes == code) | (factor.codes == 0)
                part = replace(cells, values=cells.values[kept], units=np.array(cells.units)[kept].tolist())
                found.append(
                    _Comparison(
                        contrast=factor.contrast(code),
                        cells=part,
                        focal=factor.codes[kept] == code,
                        repeats=_repeats(crossed),
                    )
                )
    return [c for c in found if min(int(c.focal.sum()), int((~c.focal).sum())) >= _FEWEST]


def _with_right(rows: pl.DataFrame) -> pl.DataFrame:
    """Answered trials with `right`: whether the best option was chosen (where no choice is known, a full score)."""
    chosen = pl.col("choice").cast(pl.String) == pl.col("keyed_option").cast(pl.String)
    right = pl.when(pl.col("choice").is_not_null()).then(chosen).otherwise(pl.col("score") >= 1.0)
    return rows.filter(pl.col("value").is_not_null()).with_columns(right.cast(pl.Float64).alias("right"))


def _level_of(rows: pl.DataFrame, factor: str, units: list[str]) -> NDArray[np.str_]:
    people = rows.select(pl.col("arm").cast(pl.String), pl.col(level_column(factor)).cast(pl.String)).unique("arm")
    found = dict(people.iter_rows())
    return np.array([found[unit] for unit in units])


def _repeats(rows: pl.DataFrame) -> float:
    return float(rows.height / max(rows.select(pl.struct("arm", "item").n_unique()).item(), 1))


def _tested(comparison: _Comparison, stratum: Stratum) -> list[ItemReaction]:
    """Test every item, purifying the overall score until the flagged items stay the same."""
    answers = comparison.cells.values
    alpha = stratum.settings.alpha
    anchors = np.ones(answers.shape[1], dtype=bool)
    for _ in range(_ROUNDS):
        matched = matched_strata(answers, anchors=anchors)
        odds, logistic = _both(comparison, matched)
        adjusted = [np.array(benjamini_hochberg(list(p)), dtype=float) for p in _p_values(odds, logistic)]
        classes = [
            ets_class(delta, se=se, p=p, alpha=alpha)
            for delta, se, p in zip(odds.delta, odds.se, adjusted[0], strict=True)
        ]
        flagged = np.array([name != "A" for name in classes]) | (np.min(adjusted[1:], axis=0) < alpha)
        if (flagged == ~anchors).all() or flagged.all():
            break
        anchors = ~flagged
    return _listed(comparison, stratum, odds=odds, adjusted=adjusted, classes=classes, flagged=flagged)


def _both(comparison: _Comparison, matched: Matched) -> tuple[MantelHaenszel, LogisticDif]:
    answers, focal = comparison.cells.values, comparison.focal
    step = 1.0 / max(comparison.repeats, 1.0)
    odds = mantel_haenszel(answers, focal=focal, strata=matched.strata, step=step)
    return odds, logistic_dif(answers, focal=focal, score=matched.score, repeats=comparison.repeats)


def _p_values(odds: MantelHaenszel, logistic: LogisticDif) -> tuple[Array, Array, Array]:
    return odds.p, logistic.uniform_p, logistic.nonuniform_p


def _listed(
    comparison: _Comparison,
    stratum: Stratum,
    *,
    odds: MantelHaenszel,
    adjusted: list[Array],
    classes: list[EtsClass],
    flagged: NDArray[np.bool_],
) -> list[ItemReaction]:
    listed = []
    for index, item in enumerate(comparison.cells.items):
        ratio = float(odds.log_odds_ratio[index])
        listed.append(
            ItemReaction(
                model=stratum.model,
                kind=stratum.kind,
                where=stratum.where,
                contrast=comparison.contrast,
                item=item,
                odds_ratio=float(np.exp(ratio)) if np.isfinite(ratio) else None,
                delta=float(odds.delta[index]) if np.isfinite(ratio) else None,
                ets=classes[index],
                p_mantel_haenszel=float(adjusted[0][index]),
                p_uniform=float(adjusted[1][index]),
                p_nonuniform=float(adjusted[2][index]),
                sensitive=bool(flagged[index]),
            )
        )
    return listed


def _share(stratum: Stratum, comparison: _Comparison, tested: list[ItemReaction]) -> Finding:
    flagged = [item.item for item in tested if item.sensitive]
    claim = Claim(
        measure="item_functioning",
        arms=ArmContrast(arm="pairs" if comparison.contrast.factor == stratum.settings.contrast else "crossing"),
        contrast=(comparison.contrast,),
        quantity=Quantity(name="sensitive_items", scale="share"),
        method="Mantel-Haenszel and logistic item functioning, purified, Benjamini-Hochberg",
        tested=False,
    )
    sample = SampleSize(
        trials=int(np.isfinite(comparison.cells.values).sum() * comparison.repeats),
        items=len(tested),
        profiles=len(comparison.cells.units),
    )
    named = f"Sensitive items: {', '.join(flagged[:20])}{' ...' if len(flagged) > 20 else ''}." if flagged else ""
    notes = (named,) if named else ("No item was flagged; with few profiles only large reactions can be.",)
    number = PointEstimate(value=len(flagged) / len(tested))
    return with_number(claim, stratum=stratum, number=number, sample=sample, notes=notes)


def _gap_without(stratum: Stratum, flagged: list[str]) -> list[Finding]:
    """The primary gap on the items that were not flagged."""
    rows = stratum.paired(cues(stratum)[0])
    if not flagged or rows.height == 0:
        return []
    kept = rows.filter(~pl.col("item").cast(pl.String).is_in(flagged))
    claim = replace(gap_claim(stratum, quantity=Quantity(name=stratum.primary), cue=None), measure="item_functioning")
    note = f"Left out after looking at the answers: {', '.join(flagged[:20])}{' ...' if len(flagged) > 20 else ''}."
    differences = gap_grid(kept, stratum=stratum) if kept.height else None
    if differences is None or not differences.observed:
        none_left = SampleSize(trials=0, items=0, profiles=0)
        return [without_number(claim, stratum=stratum, sample=none_left, reason="No item is left.", notes=(note,))]
    estimate = gap_estimate(differences, stratum=stratum, name=f"gap-without/{stratum.stream_name}")
    return [finding(claim, stratum=stratum, estimate=estimate, sample=sample_of(differences), notes=(note,))]

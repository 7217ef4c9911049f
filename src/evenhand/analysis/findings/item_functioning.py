"""Which items react to who the user is: differential item functioning, factor by factor, item by item.

Estimand: for each item and level, the difference in the chance of the best answer between profiles with the level and
profiles with the reference level that do equally well overall. Units are profiles. An item that fewer than
`FEWEST_MET` profiles of a side met is not tested, and the finding says so. The test is a permutation test with one
adjustment over the items and the two tests of a comparison (`evenhand.analysis.estimators.item_permutation`); odds
ratio and class of the Educational Testing Service are given with it. docs/methods/item-functioning.md.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from evenhand.analysis.estimators.item_permutation import item_tests
from evenhand.analysis.estimators.mantel_haenszel import ets_class, mantel_haenszel
from evenhand.analysis.estimators.shares import share_of_count
from evenhand.analysis.estimators.student import quantile
from evenhand.analysis.findings.estimand import Estimand, finding, with_number, without_number
from evenhand.analysis.findings.factor_gaps import FactorLevels, crossing_levels
from evenhand.analysis.findings.gaps import gap_estimand, gap_estimate, gap_grid, sample_of
from evenhand.analysis.table.codes import codes, groups_of
from evenhand.analysis.table.grid import MeanMatrix, grid
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Interval, Spread
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity
from evenhand.records.results import ItemReaction
from evenhand.seeds import stream

__all__ = ["FEWEST_MET", "ItemFunctioning", "item_functioning"]

Array = NDArray[np.float64]
FEWEST_MET = 12
"""Profiles of either side that must have met an item. With fewer, no pattern of answers could stand out among 30 items:
the largest possible statistic is the root of the number."""
_STRATA = 5
_FLAT = 1e-9


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
    cells: MeanMatrix
    focal: NDArray[np.bool_]
    blocks: NDArray[np.int64]
    """Matched block of every profile: the set of a pair, or the profiles that differ in nothing but the factor."""
    repeats: float

    @property
    def met(self) -> NDArray[np.int64]:
        """Profiles that met each item, shape (2, items): with the level, and with the reference."""
        known = ~np.isnan(self.cells.values)
        return np.stack([known[self.focal].sum(axis=0), known[~self.focal].sum(axis=0)])

    @property
    def testable(self) -> NDArray[np.bool_]:
        """Items that enough profiles of both sides met."""
        enough: NDArray[np.bool_] = self.met.min(axis=0) >= FEWEST_MET
        return enough


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


def _comparisons(stratum: Stratum) -> list[_Comparison]:
    settings, cue = stratum.settings, cues(stratum)[0]
    found: list[_Comparison] = []
    pairs = _with_right(stratum.paired(cue))
    if pairs.height and pairs[level_column(settings.contrast)].n_unique() >= 2:
        cells = grid(pairs, column="right", unit="arm")
        side = _held(pairs, level_column(settings.contrast))
        found.append(
            _Comparison(
                contrast=LevelContrast(
                    factor=settings.contrast, level=settings.disadvantaged, reference=settings.advantaged
                ),
                cells=cells,
                focal=side == settings.disadvantaged,
                blocks=np.unique(_held(pairs, "unit"), return_inverse=True)[1],
                repeats=_repeats(pairs, cells),
            )
        )
    crossed = _with_right(stratum.crossed(cue))
    if crossed.height:
        cells = grid(crossed, column="right", unit="arm")
        repeats = _repeats(crossed, cells)
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
                        blocks=_others(factors, but=factor.name, kept=kept),
                        repeats=repeats,
                    )
                )
    return [c for c in found if c.focal.any() and not c.focal.all()]


def _others(factors: tuple[FactorLevels, ...], *, but: str, kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Blocks of profiles with the same levels on all other factors."""
    held = [factor.codes[kept] for factor in factors if factor.name != but]
    if not held:
        return np.zeros(int(kept.sum()), dtype=np.int64)
    return np.unique(np.column_stack(held), axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _with_right(rows: pl.DataFrame) -> pl.DataFrame:
    """Answered trials with `right`: whether the best option was chosen (where no choice is known, a full score)."""
    answered = rows.filter(pl.col("value").is_not_null()) if rows["value"].null_count() else rows
    chosen = pl.col("choice").cast(pl.String) == pl.col("keyed_option").cast(pl.String)
    right = pl.when(pl.col("choice").is_not_null()).then(chosen).otherwise(pl.col("score") >= 1.0)
    return answered.with_columns(right.cast(pl.Float64).alias("right"))


def _held(rows: pl.DataFrame, column: str) -> NDArray[np.str_]:
    """What every arm, in alphabetical order, has in a column."""
    return np.array(rows[column][groups_of(codes(rows["arm"])[0]).first.tolist()].cast(pl.String).to_list())


def _repeats(rows: pl.DataFrame, cells: MeanMatrix) -> float:
    return float(rows.height / max(int(cells.planned.sum()), 1))


def _tested(comparison: _Comparison, stratum: Stratum) -> list[ItemReaction]:
    """Test every item that enough profiles met, and describe the others."""
    settings, contrast = stratum.settings, comparison.contrast
    rng = stream(settings.seed, "analysis", "items", stratum.stream_name, contrast.factor, contrast.level)
    answers, focal = comparison.cells.values, comparison.focal
    tests = item_tests(
        answers, focal=focal, blocks=comparison.blocks, testable=comparison.testable, rng=rng, alpha=settings.alpha
    )
    strata = _fifths(tests.ability, items=answers.shape[1])
    odds = mantel_haenszel(answers, focal=focal, strata=strata, step=1.0 / max(comparison.repeats, 1.0))
    smallest = np.fmin(tests.p_uniform, tests.p_nonuniform)
    flagged = tests.flagged(settings.alpha)
    low, high = _difference_interval(comparison, alpha=settings.alpha)
    met = comparison.met
    first, second = (_item_means(answers[side]) for side in (focal, ~focal))
    listed = []
    for index, item in enumerate(comparison.cells.items):
        ratio = float(odds.log_odds_ratio[index])
        known, p = np.isfinite(ratio), float(smallest[index])
        seen = bool(met[:, index].min() > 0)
        listed.append(
            ItemReaction(
                model=stratum.model,
                kind=stratum.kind,
                where=stratum.where,
                contrast=contrast,
                item=item,
                odds_ratio=float(np.exp(ratio)) if known else None,
                delta=float(odds.delta[index]) if known else None,
                ets=ets_class(float(odds.delta[index]), se=float(odds.se[index]), p=p, alpha=settings.alpha),
                met_level=int(met[0, index]),
                met_reference=int(met[1, index]),
                difference=float(first[index] - second[index]) if seen else None,
                low=float(low[index]) if seen else None,
                high=float(high[index]) if seen else None,
                p=p if np.isfinite(p) else None,
                sensitive=bool(flagged[index]),
            )
        )
    return listed


def _item_means(answers: Array) -> Array:
    """Share of right answers to every item; 0 where nobody met it."""
    met = (~np.isnan(answers)).sum(axis=0)
    means: Array = np.nansum(answers, axis=0) / np.maximum(met, 1)
    return means


def _fifths(ability: NDArray[np.float64], *, items: int) -> NDArray[np.int64]:
    """Strata of equal ability for the odds ratios; respondents of equal ability share a stratum."""
    bins = min(_STRATA, max(1, ability.size // (2 * FEWEST_MET)))
    edges = np.quantile(ability, np.arange(1, bins) / bins) if bins > 1 else np.empty(0)
    return np.repeat(np.searchsorted(edges + _FLAT, ability)[:, None], items, axis=1).astype(np.int64)


def _difference_interval(comparison: _Comparison, *, alpha: float) -> tuple[Array, Array]:
    """Newcombe's interval of the difference of two shares; profiles that were asked several times count once.

    References:
        Newcombe (1998), Statistics in Medicine 17:873-890 (method 10).
    """
    z = quantile(1 - alpha / 2, df=None)
    ends = []
    for side in (comparison.focal, ~comparison.focal):
        part = comparison.cells.values[side]
        number = np.maximum((~np.isnan(part)).sum(axis=0), 1)
        share = np.nansum(part, axis=0) / number
        centre = (share + z**2 / (2 * number)) / (1 + z**2 / number)
        half = z * np.sqrt(share * (1 - share) / number + z**2 / (4 * number**2)) / (1 + z**2 / number)
        ends.append((share, centre - half, centre + half))
    (first, low, high), (second, low_second, high_second) = ends
    gap = first - second
    return (
        gap - np.sqrt((first - low) ** 2 + (high_second - second) ** 2),
        gap + np.sqrt((high - first) ** 2 + (second - low_second) ** 2),
    )


def _share(stratum: Stratum, comparison: _Comparison, tested: list[ItemReaction]) -> Finding:
    """The share of testable items that react."""
    able = [item for item in tested if item.p is not None]
    flagged = [item.item for item in able if item.sensitive]
    estimand = Estimand(
        measure="item_functioning",
        arms=ArmContrast(arm="pairs" if comparison.contrast.factor == stratum.settings.contrast else "crossing"),
        contrast=(comparison.contrast,),
        quantity=Quantity(name="sensitive_items", scale="share"),
        method="item functioning by permutation, one adjustment over items and tests",
        tested=False,
    )
    sample = SampleSize(
        trials=int(np.isfinite(comparison.cells.values).sum() * comparison.repeats),
        items=len(able),
        profiles=len(comparison.cells.units),
    )
    met = comparison.met
    fewest, most = met.min(axis=0), met.max(axis=0)
    middle = int(np.argsort(fewest, kind="stable")[fewest.size // 2])
    usual = f"{met[0, middle]} and {met[1, middle]}"
    if not able:
        reason = (
            f"Not testable: of the profiles with the level and with the reference {usual} met an item "
            f"({int(most.max())} at most); {FEWEST_MET} of each are needed."
        )
        return without_number(estimand, stratum=stratum, sample=sample, reason=reason)
    named = f"Sensitive items: {', '.join(flagged[:20])}{' ...' if len(flagged) > 20 else ''}." if flagged else ""
    notes = [named or "No item was flagged; with few profiles only large reactions can be."]
    if len(able) < len(tested):
        notes.append(
            f"{len(tested) - len(able)} of {len(tested)} items are not testable: fewer than {FEWEST_MET} profiles of a "
            f"side met them."
        )
    share = len(flagged) / len(able)
    low, high = share_of_count(len(flagged), len(able), alpha=stratum.settings.alpha)
    number = Interval(value=share, spread=Spread(low=low, high=high, confidence=1 - stratum.settings.alpha))
    return with_number(estimand, stratum=stratum, number=number, sample=sample, notes=notes)


def _gap_without(stratum: Stratum, flagged: list[str]) -> list[Finding]:
    """The primary gap on the items that were not flagged."""
    rows = stratum.paired(cues(stratum)[0])
    if not flagged or rows.height == 0:
        return []
    kept = rows.filter(~pl.col("item").cast(pl.String).is_in(flagged))
    estimand = replace(
        gap_estimand(stratum, quantity=Quantity(name=stratum.primary), cue=None), measure="item_functioning"
    )
    note = f"Left out after looking at the answers: {', '.join(flagged[:20])}{' ...' if len(flagged) > 20 else ''}."
    differences = gap_grid(kept, stratum=stratum) if kept.height else None
    if differences is None or not differences.observed:
        none_left = SampleSize(trials=0, items=0, profiles=0)
        return [without_number(estimand, stratum=stratum, sample=none_left, reason="No item is left.", notes=(note,))]
    estimate = gap_estimate(differences, stratum=stratum, name=f"gap-without/{stratum.stream_name}")
    return [finding(estimand, stratum=stratum, estimate=estimate, sample=sample_of(differences), notes=(note,))]

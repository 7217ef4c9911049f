"""Two score tables of the same cells, paired: what changed, with an interval.

Estimand: the gap (memory effect, factor gap) of the second table minus that of the first, on the same items, profiles,
orders and replicates. Every cell is its own control: the difference of its two scores takes the place of the score, so
the estimators and sampling units are those of the single findings. docs/methods/paired-gaps.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, product

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.estimators.crossed import CrossedContrast
from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.findings.factor_gaps import (
    CodedTrials,
    FactorLevels,
    crossings_of,
    interaction_estimate,
    level_estimate,
)
from evenhand.analysis.findings.gaps import gap_estimand, gap_estimate, gap_grid, sample_of
from evenhand.analysis.findings.judgement import judged
from evenhand.analysis.findings.memory_effect import Comparison as MemoryComparison
from evenhand.analysis.findings.memory_effect import against
from evenhand.analysis.table.scores import Scores
from evenhand.analysis.table.stratum import Stratum, cues, strata
from evenhand.errors import TableError
from evenhand.records.comparison import BeforeAfter, ItemMove, RunComparison
from evenhand.records.condition import CONDITION_FIELDS
from evenhand.records.contrast import ArmContrast, ArmGroup, LevelContrast
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.measure import Measure, Quantity
from evenhand.records.profile import Cue

__all__ = ["QUESTION", "Change", "StratumPair", "compare", "gap_changes", "level_changes", "paired_policies"]

_CELL = ("bank", "item", "arm", *(name for name in CONDITION_FIELDS if name != "cue"), "replicate", "order_index")
QUESTION = tuple(column for column in _CELL if column != "mitigation")
"""A cell whatever policy worked between memory and assistant."""
_METHOD = "change of paired differences, crossed random effects (quasi-F, Satterthwaite)"


def compare(first: Scores, second: Scores) -> Findings:
    """What changed from the first table to the second.

    Tables of one model each are compared whatever the models are called; tables of several models need the same names.

    Raises:
        TableError: The tables do not hold the same cells, factors or contrast; the message says where they differ.
    """
    names = tuple(", ".join(_models(scores)) for scores in (first, second))
    first, second, name = _aligned(first, second)
    pairs = [
        _pair(before, after, name=name or before.model)
        for before, after in zip(strata(first), strata(second), strict=True)
    ]
    made = [
        one
        for pair in pairs
        for one in (*gap_changes(pair), *_memory(pair), *level_changes(pair), *_interactions(pair))
    ]
    common = _common(first.frame, second.frame)
    both = common.filter(pl.col("before").is_not_null() & pl.col("after").is_not_null())
    return Findings(
        run=None,
        settings=first.settings,
        findings=judged([found for found, _ in made], settings=first.settings),
        comparison=RunComparison(
            first=names[0],
            second=names[1],
            cells=common.height,
            answered=both.height,
            moved=int((both["before"] != both["after"]).sum()),
            changes=tuple(change for _, change in made),
            items=_moves(both, name=name),
        ),
        warnings=("Every number is a change: the second table minus the first, cell by cell.",),
    )


def _models(scores: Scores) -> list[str]:
    return sorted(scores.frame["model"].cast(pl.String).unique().to_list())


def _common(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """One row per cell with its score in both tables; null where it has none."""
    keys = ["model", "kind", *_CELL]
    text = [pl.col(column).cast(pl.String) for column in keys]
    old = first.select(*text, pl.col("score").alias("before"))
    return second.select(*text, pl.col("score").alias("after")).join(
        old, on=keys, how="inner", maintain_order="left", nulls_equal=True
    )


def _moves(both: pl.DataFrame, *, name: str | None) -> tuple[ItemMove, ...]:
    """The items with a cell whose score differs, those that moved most first."""
    several = both["bank"].n_unique() > 1
    shown = pl.concat_str("bank", "item", separator="/") if several else pl.col("item")
    items = (
        both.group_by("model", "kind", shown.alias("item"))
        .agg(
            pl.len().alias("cells"),
            (pl.col("before") != pl.col("after")).sum().alias("moved"),
            pl.col("before").mean(),
            pl.col("after").mean(),
        )
        .filter(pl.col("moved") > 0)
        .with_columns((pl.col("after") - pl.col("before")).abs().alias("way"))
        .sort("way", "moved", "item", descending=[True, True, False])
    )
    return tuple(
        ItemMove(model=name or model, kind=kind, item=item, cells=cells, moved=moved, before=before, after=after)
        for model, kind, item, cells, moved, before, after, _ in items.iter_rows()
    )


def _aligned(first: Scores, second: Scores) -> tuple[Scores, Scores, str | None]:
    """Both tables with one model name where each holds one model, and that name."""
    if first.factors != second.factors:
        raise TableError(
            f"the tables have different factors: the first {first.factors!r}, the second {second.factors!r}; "
            f"compare runs of one plan."
        )
    if first.settings.contrast != second.settings.contrast:
        raise TableError(
            f"the tables have different contrasts: {first.settings.contrast!r} and {second.settings.contrast!r}; "
            f"compare runs of one plan."
        )
    models = [scores.frame["model"].cast(pl.String).unique().sort().to_list() for scores in (first, second)]
    name = None
    if len(models[0]) == len(models[1]) == 1:
        name = models[0][0] if models[0] == models[1] else f"{models[0][0]} -> {models[1][0]}"
        second = replace(
            second, frame=second.frame.with_columns(first.frame["model"].head(1).new_from_index(0, second.frame.height))
        )
    _require_same_cells(first.frame, second.frame)
    return first, second, name


def _require_same_cells(first: pl.DataFrame, second: pl.DataFrame) -> None:
    columns = ["model", *_CELL]
    text = [pl.col(column).cast(pl.String) for column in columns]
    one, two = first.select(text), second.select(text)
    only_first, only_second = one.join(two, on=columns, how="anti"), two.join(one, on=columns, how="anti")
    if only_first.height == 0 and only_second.height == 0:
        return
    for column in columns:
        here, there = set(one[column].unique().to_list()), set(two[column].unique().to_list())
        for which, extra in (("first", here - there), ("second", there - here)):
            if extra:
                raise TableError(
                    f"the tables do not hold the same cells: only the {which} has the {column} {min(extra)!r} "
                    f"({len(extra)} such in all); compare runs of one plan."
                )
    which, sample = ("first", only_first) if only_first.height else ("second", only_second)
    cell = ", ".join(f"{name} {value!r}" for name, value in zip(columns, sample.sort(columns).row(0), strict=True))
    raise TableError(
        f"the tables do not hold the same cells: {only_first.height} are only in the first and {only_second.height} "
        f"only in the second, such as ({cell}) in the {which}; compare runs of one plan."
    )


class StratumPair(Struct, frozen=True, kw_only=True):
    """One stratum three times: the changes, and both tables, on the cells that are answered in both."""

    change: Stratum
    before: Stratum
    after: Stratum

    def both(self, estimate: Callable[[Stratum], float | None]) -> BeforeAfter:
        """The same estimate in both tables."""
        return BeforeAfter(before=estimate(self.before), after=estimate(self.after))


Change = tuple[Finding, BeforeAfter]


def paired_policies(without: Stratum, under: Stratum) -> StratumPair:
    """The trials of a policy and the same questions without one."""
    return _pair(without, under, name=under.model, columns=QUESTION)


def _pair(before: Stratum, after: Stratum, *, name: str, columns: tuple[str, ...] = _CELL) -> StratumPair:
    """A stratum whose values are the second table's minus the first's, and those of each, null where either is."""
    if before.primary != after.primary:
        raise TableError(
            f"the first table is scored by {before.primary!r} and the second by {after.primary!r} in "
            f"{before.stream_name!r}; ask both with log-probabilities or both without."
        )
    old = before.rows.select(*columns, pl.col("value").alias("before"))
    rows = after.rows.join(old, on=list(columns), how="inner", maintain_order="left")
    change = pl.col("value") - pl.col("before")

    def valued(value: pl.Expr) -> Stratum:
        return replace(after, model=name, rows=rows.with_columns(value.alias("value")).drop("before"))

    return StratumPair(
        change=valued(change),
        before=valued(pl.when(change.is_not_null()).then(pl.col("before"))),
        after=valued(pl.when(change.is_not_null()).then(pl.col("value"))),
    )


def gap_changes(pair: StratumPair) -> list[Change]:
    """The gap between advantaged and disadvantaged, of every cue style."""
    change = pair.change
    found: list[Change] = []
    for cue in cues(change):
        rows = change.paired(cue)
        if rows.height == 0:
            continue
        differences = gap_grid(rows, stratum=change)
        estimand = replace(
            gap_estimand(change, quantity=Quantity(name=change.primary), cue=cue), measure="gap_change", method=_METHOD
        )
        sample = sample_of(differences)
        if not differences.observed:
            found.append((without_number(estimand, stratum=change, sample=sample, reason=_NO_CELL), _NEITHER))
            continue
        name = f"change/{change.stream_name}/{cue}"

        def gap(stratum: Stratum, cue: Cue | None = cue, name: str = name) -> float:
            return gap_estimate(gap_grid(stratum.paired(cue), stratum=stratum), stratum=stratum, name=name).estimate

        estimate = gap_estimate(differences, stratum=change, name=name)
        found.append((finding(estimand, stratum=change, estimate=estimate, sample=sample), pair.both(gap)))
    return found


def _memory(pair: StratumPair) -> list[Change]:
    """Profile against none and against placebo, and placebo against none."""
    sides: tuple[tuple[ArmGroup, ArmGroup], ...] = (("profile", "none"), ("profile", "placebo"), ("placebo", "none"))
    found: list[Change] = []
    for arm, baseline in sides:
        for cue in cues(pair.change) if arm == "profile" else (None,):
            found += _effect(pair, ArmContrast(arm=arm, baseline=baseline), cue=cue)
    return found


def _effect(pair: StratumPair, arms: ArmContrast, *, cue: Cue | None) -> list[Change]:
    change = pair.change

    def compared(stratum: Stratum) -> MemoryComparison:
        rows = stratum.profiles(cue) if arms.arm == "profile" else stratum.arm(arms.arm)
        name = f"change/{change.stream_name}/{cue}/{arms.arm}/{arms.baseline}"
        return MemoryComparison(rows=rows, baseline=stratum.arm(arms.baseline or "none"), name=name)

    own = compared(change)
    if own.rows.height == 0 or own.baseline.height == 0:
        return []
    estimand = Estimand(
        measure="memory_effect_change",
        arms=arms,
        quantity=Quantity(name=change.primary),
        method=_METHOD,
        cue=cue,
    )
    estimate, sample = against(own, stratum=change)
    if estimate is None:
        return [(without_number(estimand, stratum=change, sample=sample, reason=_NO_CELL), _NEITHER)]

    def effect(stratum: Stratum) -> float | None:
        one, _ = against(compared(stratum), stratum=stratum)
        return None if one is None else one.estimate

    return [(finding(estimand, stratum=change, estimate=estimate, sample=sample), pair.both(effect))]


class _Crossings(Struct, frozen=True, kw_only=True):
    """The crossing under one cue style three times: the changes, and both tables."""

    cue: Cue | None
    change: CodedTrials
    before: CodedTrials
    after: CodedTrials


def _crossings(pair: StratumPair) -> Iterator[_Crossings]:
    """The crossing under every cue style that has one."""
    parts = (crossings_of(stratum) for stratum in (pair.change, pair.before, pair.after))
    for (cue, change), (_, before), (_, after) in zip(*parts, strict=True):
        yield _Crossings(cue=cue, change=change, before=before, after=after)


def level_changes(pair: StratumPair) -> list[Change]:
    """Each level of each factor against its reference, under every cue style."""
    found: list[Change] = []
    for crossings in _crossings(pair):
        for factor in crossings.change.factors:
            for code in range(1, len(factor.levels)):

                def gap(made: CodedTrials, factor: FactorLevels = factor, code: int = code) -> CrossedContrast:
                    return level_estimate(made, made.scores, factor=factor, level=code, stratum=pair.change)

                found.append(_crossed(pair, crossings, "factor_gap_change", (factor.contrast(code),), gap))
    return found


def _interactions(pair: StratumPair) -> list[Change]:
    """Every pair of levels of every pair of factors, under every cue style."""
    found: list[Change] = []
    for crossings in _crossings(pair):
        for one, two in combinations(crossings.change.factors, 2):
            for first, second in product(range(1, len(one.levels)), range(1, len(two.levels))):
                levels = ((one, first), (two, second))

                def gap(
                    made: CodedTrials, levels: tuple[tuple[FactorLevels, int], tuple[FactorLevels, int]] = levels
                ) -> CrossedContrast:
                    return interaction_estimate(made, first=levels[0], second=levels[1], stratum=pair.change)

                contrast = (one.contrast(first), two.contrast(second))
                found.append(_crossed(pair, crossings, "interaction_change", contrast, gap))
    return found


def _crossed(
    pair: StratumPair,
    crossings: _Crossings,
    measure: Measure,
    contrast: tuple[LevelContrast, ...],
    gap: Callable[[CodedTrials], CrossedContrast],
) -> Change:
    estimand = Estimand(
        measure=measure,
        arms=ArmContrast(arm="crossing"),
        contrast=contrast,
        quantity=Quantity(name=pair.change.primary),
        method=_METHOD,
        cue=crossings.cue,
    )
    sample = crossings.change.sample
    try:
        estimate = gap(crossings.change)
        both = BeforeAfter(before=gap(crossings.before).estimate, after=gap(crossings.after).estimate)
    except TableError as error:
        return without_number(estimand, stratum=pair.change, sample=sample, reason=str(error)), _NEITHER
    return finding(estimand, stratum=pair.change, estimate=estimate, sample=sample), both


_NEITHER = BeforeAfter(before=None, after=None)
_NO_CELL = "No cell is answered in both tables, so there is no change to average."

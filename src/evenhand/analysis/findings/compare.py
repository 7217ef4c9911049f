"""Two score tables of the same cells, paired: what changed, with an interval.

Estimand: the gap (memory effect, factor gap) of the second table minus that of the first, on the same items, profiles,
orders and replicates. Every cell is its own control: the difference of its two scores takes the place of the score, so
the estimators and sampling units are those of the single findings. docs/methods/paired-gaps.md.
"""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from evenhand.analysis.findings.estimand import Estimand, finding, without_number
from evenhand.analysis.findings.factor_gaps import crossing_of, level_estimate
from evenhand.analysis.findings.gaps import gap_estimand, gap_estimate, gap_grid, sample_of
from evenhand.analysis.findings.judgement import judged
from evenhand.analysis.findings.memory_effect import Comparison, against
from evenhand.analysis.table.scores import Scores
from evenhand.analysis.table.stratum import Stratum, cues, strata
from evenhand.errors import TableError
from evenhand.records.condition import CONDITION_FIELDS
from evenhand.records.contrast import ArmContrast
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.measure import Quantity

__all__ = ["compare"]

_CELL = ("bank", "item", "arm", *(name for name in CONDITION_FIELDS if name != "cue"), "replicate", "order_index")
_METHOD = "change of paired differences, crossed random effects (quasi-F, Satterthwaite)"


def compare(first: Scores, second: Scores) -> Findings:
    """What changed from the first table to the second.

    Tables of one model each are compared whatever the models are called; tables of several models need the same names.

    Raises:
        TableError: The tables do not hold the same cells, factors or contrast; the message says where they differ.
    """
    first, second, name = _aligned(first, second)
    findings: list[Finding] = []
    for before, after in zip(strata(first), strata(second), strict=True):
        change = _change(before, after, name=name or before.model)
        findings += [*_gap_changes(change), *_memory_changes(change), *_factor_changes(change)]
    return Findings(
        run=None,
        settings=first.settings,
        findings=judged(findings, settings=first.settings),
        warnings=("Every number is a change: the second table minus the first, cell by cell.",),
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


def _change(before: Stratum, after: Stratum, *, name: str) -> Stratum:
    """A stratum whose values are the second table's minus the first's, null where either is missing."""
    if before.primary != after.primary:
        raise TableError(
            f"the first table is scored by {before.primary!r} and the second by {after.primary!r} in "
            f"{before.stream_name!r}; ask both with log-probabilities or both without."
        )
    columns = list(_CELL)
    old = before.rows.select(*columns, pl.col("value").alias("before"))
    rows = after.rows.join(old, on=columns, how="inner", maintain_order="left").with_columns(
        (pl.col("value") - pl.col("before")).alias("value")
    )
    return replace(after, model=name, rows=rows.drop("before"))


def _gap_changes(change: Stratum) -> list[Finding]:
    found: list[Finding] = []
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
            found.append(without_number(estimand, stratum=change, sample=sample, reason=_NO_CELL))
            continue
        estimate = gap_estimate(differences, stratum=change, name=f"change/{change.stream_name}/{cue}")
        found.append(finding(estimand, stratum=change, estimate=estimate, sample=sample))
    return found


def _memory_changes(change: Stratum) -> list[Finding]:
    none = change.arm("none")
    found: list[Finding] = []
    for cue in cues(change):
        rows = change.profiles(cue)
        if rows.height == 0 or none.height == 0:
            continue
        estimand = Estimand(
            measure="memory_effect_change",
            arms=ArmContrast(arm="profile", baseline="none"),
            quantity=Quantity(name=change.primary),
            method=_METHOD,
            cue=cue,
        )
        compared = Comparison(rows=rows, baseline=none, name=f"change/{change.stream_name}/{cue}/memory")
        estimate, sample = against(compared, stratum=change)
        if estimate is None:
            found.append(without_number(estimand, stratum=change, sample=sample, reason=_NO_CELL))
        else:
            found.append(finding(estimand, stratum=change, estimate=estimate, sample=sample))
    return found


def _factor_changes(change: Stratum) -> list[Finding]:
    rows = change.crossed(cues(change)[0])
    if rows.height == 0:
        return []
    crossing = crossing_of(rows, change)
    found: list[Finding] = []
    for factor in crossing.factors:
        for code in range(1, len(factor.levels)):
            estimand = Estimand(
                measure="factor_gap_change",
                arms=ArmContrast(arm="crossing"),
                contrast=(factor.contrast(code),),
                quantity=Quantity(name=change.primary),
                method=_METHOD,
            )
            try:
                estimate = level_estimate(crossing, crossing.scores, factor=factor, level=code, stratum=change)
            except TableError as error:
                found.append(without_number(estimand, stratum=change, sample=crossing.sample, reason=str(error)))
                continue
            found.append(finding(estimand, stratum=change, estimate=estimate, sample=crossing.sample))
    return found


_NO_CELL = "No cell is answered in both tables, so there is no change to average."

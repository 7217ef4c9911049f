"""How far whole answers diverge between arms beyond the noise floor: all ratings, or all stated percentages, at once.

Estimand: see `evenhand.analysis.estimators.divergence`. A shift says in which direction one number moves; a divergence
sees that the numbers move at all. docs/methods/shifts.md.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.analysis.estimators.divergence import Divergence, divergence_from_repeats, divergence_of_pairs
from evenhand.analysis.findings.estimand import Estimand, with_number, without_number
from evenhand.analysis.findings.paired_answers import differences_of
from evenhand.analysis.table.codes import codes
from evenhand.analysis.table.stratum import Stratum, cues
from evenhand.records.contrast import ArmContrast, ArmGroup, LevelContrast
from evenhand.records.estimate import Tested
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity, QuantityName
from evenhand.records.profile import Cue
from evenhand.seeds import stream

__all__ = ["NO_SETS", "divergence_findings", "version_differences", "versions_sample", "whole"]

_EXCHANGED = "squared distances within and between arms, exchange of labels within items"
_PAIRS = "squared mean differences of pairs, exchange of versions within matched sets"
_NO_REPEATS = "No item has an answer with memory and two without, so there is no noise floor to read it against."
NO_SETS = "Fewer than two matched sets share a number, so that exchanged versions give the same."


def divergence_findings(stratum: Stratum, *, quantity: QuantityName) -> list[Finding]:
    """Divergence from no memory of profiles and of placebo, and between the versions of matched pairs.

    Args:
        stratum: Rows of one quantity with an `option` each; several rows per trial.
        quantity: What the rows measure.
    """
    found: list[Finding] = []
    none = _answers(stratum.arm("none"))
    for cue in cues(stratum):
        pairs, profiles = stratum.paired(cue), stratum.profiles(cue)
        if pairs.height:
            found.append(_between_versions(stratum, pairs, quantity=quantity, cue=cue))
        if profiles.height and none:
            found.append(_from_none(stratum, profiles, none, arm="profile", quantity=quantity, cue=cue))
    placebo = stratum.arm("placebo")
    if placebo.height and none:
        found.append(_from_none(stratum, placebo, none, arm="placebo", quantity=quantity, cue=None))
    return found


def whole(rows: pl.DataFrame) -> dict[str, tuple[pl.DataFrame, NDArray[np.float64]]]:
    """Item -> the first row of each of its whole answers, and the answers: a row an answer, a column an option."""
    found: dict[str, tuple[pl.DataFrame, NDArray[np.float64]]] = {}
    for (item,), own in rows.sort("item", "arm", "replicate", "option").partition_by("item", as_dict=True).items():
        width = own["option"].n_unique()
        values = own["value"].fill_null(float("nan")).to_numpy().reshape(-1, width)
        known = ~np.isnan(values).any(axis=1)
        found[str(item)] = own.gather_every(width).filter(pl.Series(known)), values[known]
    return found


def _answers(rows: pl.DataFrame) -> dict[str, NDArray[np.float64]]:
    return {item: answers for item, (_, answers) in whole(rows).items()}


def version_differences(rows: pl.DataFrame, *, stratum: Stratum) -> pl.DataFrame:
    """One row per pair and number of an answer: unit, item, replicate, number, difference of the two versions."""
    number = pl.when(pl.col("tag") == "").then(pl.concat_str("item", "option")).otherwise("tag").alias("number")
    return differences_of(rows.with_columns(number), stratum, within=("number",))


def versions_sample(pairs: pl.DataFrame) -> SampleSize:
    """How much the differences of versions rest on."""
    return SampleSize(
        trials=2 * pairs.select("unit", "item", "replicate").n_unique(),
        items=pairs["item"].n_unique(),
        profiles=pairs["unit"].n_unique(),
    )


def _from_none(
    stratum: Stratum,
    rows: pl.DataFrame,
    none: dict[str, NDArray[np.float64]],
    *,
    arm: ArmGroup,
    quantity: QuantityName,
    cue: Cue | None,
) -> Finding:
    memory = _answers(rows)
    groups = [(memory[item], none[item]) for item in memory if item in none]
    rng = stream(stratum.settings.seed, "analysis", "divergence", arm, quantity, stratum.stream_name, str(cue))
    estimand = Estimand(
        measure="divergence",
        arms=ArmContrast(arm=arm, baseline="none"),
        quantity=Quantity(name=quantity, scale="squared"),
        method=_EXCHANGED,
        cue=cue,
    )
    sample = SampleSize(
        trials=sum(len(one) + len(two) for one, two in groups), items=len(groups), profiles=rows["unit"].n_unique()
    )
    return _found(stratum, estimand, divergence_from_repeats(groups, rng=rng), sample=sample, reason=_NO_REPEATS)


def _between_versions(stratum: Stratum, rows: pl.DataFrame, *, quantity: QuantityName, cue: Cue | None) -> Finding:
    settings = stratum.settings
    pairs = version_differences(rows, stratum=stratum)
    estimand = Estimand(
        measure="divergence",
        arms=ArmContrast(arm="pairs"),
        contrast=(
            LevelContrast(factor=settings.contrast, level=settings.advantaged, reference=settings.disadvantaged),
        ),
        quantity=Quantity(name=quantity, scale="squared"),
        method=_PAIRS,
        cue=cue,
    )
    sample = versions_sample(pairs)
    if pairs.height == 0:
        return without_number(estimand, stratum=stratum, sample=sample, reason=NO_SETS)
    sets, _ = codes(pairs["unit"])
    column, _ = codes(pairs["number"])
    rng = stream(settings.seed, "analysis", "divergence", "pairs", quantity, stratum.stream_name, str(cue))
    divergence = divergence_of_pairs(pairs["difference"].to_numpy(), number=column, sets=sets, rng=rng)
    return _found(stratum, estimand, divergence, sample=sample, reason=NO_SETS)


def _found(
    stratum: Stratum, estimand: Estimand, divergence: Divergence | None, *, sample: SampleSize, reason: str
) -> Finding:
    if divergence is None:
        return without_number(estimand, stratum=stratum, sample=sample, reason=reason)
    note = f"Mean squared distance that noise alone gives: {divergence.noise:.3g}; it is taken off."
    number = Tested(value=divergence.value, p=divergence.p)
    return with_number(estimand, stratum=stratum, number=number, sample=sample, notes=(note,))

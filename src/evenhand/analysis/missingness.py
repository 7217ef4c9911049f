"""Missing answers as an outcome: how often they are missing by arm, and whether that depends on who the user is.

Estimand of `missing_rate`: the probability that a trial of the arm has no usable answer (refused, truncated, unparsed
or failed). Estimand of `missing_gap`: the difference of that probability between arms on the same items, paired as in
the primary analysis. Sampling units: matched sets (or profiles) and items, crossed; estimator:
`evenhand.analysis.paired`. The worst-case bounds of every gap stand with the gap. docs/methods/missing.md.
"""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from evenhand.analysis.accuracy import arm_groups
from evenhand.analysis.claim import Claim, Sample, finding
from evenhand.analysis.gaps import gap_estimate, gap_grid
from evenhand.analysis.memory_effect import Comparison, against
from evenhand.analysis.rates import rate_finding
from evenhand.analysis.stratum import Stratum, cues
from evenhand.records.finding import Finding, Table
from evenhand.records.trial import OUTCOMES

__all__ = ["missing_findings", "outcome_table"]

_WORDS = {
    "missing": "has no usable answer",
    "refused": "is refused",
    "unparsed": "has an answer from which no option can be read",
}


def missing_findings(stratum: Stratum) -> list[Finding]:
    """Missing rates of every group of arms; where any answer is missing also the gaps between arms."""
    coded = _coded(stratum)
    found = [_rate(coded, rows, name=name.split(" ")[0], cue=cue) for name, (cue, rows) in arm_groups(coded).items()]
    for column in _WORDS:
        if coded.rows[column].sum() > 0:
            found += _gaps(coded, column=column)
    return found


def outcome_table(strata: list[Stratum], *, model: str) -> Table:
    """How the trials of one model ended, by kind, condition and arm."""
    rows: list[tuple[str | float | int | None, ...]] = []
    for stratum in strata:
        condition = "/".join((stratum.placement, stratum.reader, stratum.mitigation))
        for name, (_, trials) in arm_groups(stratum).items():
            counts = dict(trials["outcome"].cast(pl.String).value_counts().iter_rows())
            missing = 1 - counts.get("answered", 0) / trials.height
            rows.append((stratum.kind, condition, name, *(counts.get(o, 0) for o in OUTCOMES), missing))
    return Table(
        id=f"missing/{model}",
        title="How the trials ended",
        caption="Counts of trials by arm. Only answered trials have a score; all others count as missing.",
        columns=("kind", "condition", "arm", *OUTCOMES, "missing"),
        rows=tuple(rows),
        model=model,
        units={**dict.fromkeys(OUTCOMES, "count"), "missing": "percent"},
    )


def _coded(stratum: Stratum) -> Stratum:
    outcome = pl.col("outcome").cast(pl.String)
    return replace(
        stratum,
        rows=stratum.rows.with_columns(
            (outcome != "answered").cast(pl.Float64).alias("missing"),
            (outcome == "refused").cast(pl.Float64).alias("refused"),
            (outcome == "unparsed").cast(pl.Float64).alias("unparsed"),
        ),
    )


def _rate(stratum: Stratum, rows: pl.DataFrame, *, name: str, cue: str | None) -> Finding:
    claim = Claim(
        measure="missing_rate",
        title=f"Missing answers, {name}",
        estimand=f"The probability that a trial of the arm {name!r} has no usable answer",
        method="share, crossed random effects of users and items",
        scale="rate",
        tail=name,
        cue=cue,
        level=name,
        tested=False,
    )
    return rate_finding(claim, stratum=stratum, rows=rows, column="missing")


def _gaps(stratum: Stratum, *, column: str) -> list[Finding]:
    settings = stratum.settings
    found: list[Finding] = []
    for cue in cues(stratum):
        pairs = stratum.paired(cue)
        if pairs.height:
            differences = gap_grid(pairs, stratum=stratum, column=column)
            sample = Sample(trials=differences.trials, items=len(differences.items), profiles=len(differences.units))
            claim = _claim(column, first=settings.advantaged, second=settings.disadvantaged, cue=cue)
            if differences.observed:
                name = f"missing_gap/{stratum.where}/{cue}/{column}"
                estimate = gap_estimate(differences, stratum=stratum, name=name)
                found.append(finding(claim, stratum=stratum, estimate=estimate, sample=sample))
        profiles, none = stratum.profiles(cue), stratum.arm("none")
        if profiles.height and none.height:
            name = f"missing_gap/{stratum.where}/{cue}/{column}/memory"
            compared = Comparison(rows=profiles, baseline=none, column=column, name=name)
            effect, sample = against(compared, stratum=stratum)
            claim = _claim(column, first="any profile", second="no memory", cue=cue)
            found.append(finding(claim, stratum=stratum, estimate=effect, sample=sample))
    return found


def _claim(column: str, *, first: str, second: str, cue: str | None) -> Claim:
    tail = f"{column}-{first}-{second}".replace(" ", "-")
    return Claim(
        measure="missing_gap",
        title=f"{column.capitalize()}: {first} minus {second}",
        estimand=(
            f"The probability that a trial with {first} {_WORDS[column]} minus that probability with {second}, "
            f"on the same items"
        ),
        method="paired differences of indicators, crossed random effects (quasi-F, Satterthwaite)",
        scale="rate",
        tail=tail,
        cue=cue,
        level=first,
        reference=second,
    )

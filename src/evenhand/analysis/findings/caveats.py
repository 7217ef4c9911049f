"""What a reader must know before believing the numbers of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from evenhand.analysis.table.scores import Scores, level_column
from evenhand.analysis.table.stratum import OPTION_KINDS
from evenhand.records.finding import Finding

__all__ = ["cautions_of", "caveats_of"]

_MANY_MISSING = 0.05


def caveats_of(scores: Scores) -> tuple[str, ...]:
    """Sentences about missing arms, missing answers and missing repeats, one sentence each."""
    frame = scores.frame
    found: list[str] = []
    kinds = frame["arm_kind"].cast(pl.String)
    if not (kinds == "none").any():
        found.append(
            "There is no no-memory arm, so neither the memory effect nor flips can be judged; gaps between users can."
        )
    if (kinds == "none").any() and not (kinds == "placebo").any():
        found.append(
            "There is no placebo arm, so a memory effect may be the effect of any longer prompt, not of the profile."
        )
    if (kinds == "none").any() and not _repeated(frame):
        found.append("The no-memory arm was not repeated within an option order, so there is no noise floor for flips.")
    found += [scores.as_read.withheld] if scores.as_read is not None and scores.as_read.withheld else []
    found += _no_probabilities(scores)
    found += _missing(frame)
    found += _few(scores)
    return tuple(found)


def cautions_of(findings: Sequence[Finding]) -> tuple[str, ...]:
    """A sentence for every model with verdicts that missing answers could have made or hidden."""
    counts = Counter(finding.model for finding in findings if finding.caution is not None)
    return tuple(
        f"{model}: missing answers could have made or hidden the result of "
        f"{'1 contrast' if count == 1 else f'{count} contrasts'}; the verdict of each says so first."
        for model, count in sorted(counts.items())
    )


def _repeated(frame: pl.DataFrame) -> bool:
    none = frame.filter(pl.col("arm_kind") == "none")
    counts = none.group_by("model", "bank", "item", "order_index").agg(pl.len().alias("repeats"))
    return bool((counts["repeats"] > 1).any())


def _missing(frame: pl.DataFrame) -> list[str]:
    rates = frame.group_by(pl.col("model").cast(pl.String)).agg((pl.col("outcome") != "answered").mean().alias("rate"))
    return [
        f"{model}: {100 * rate:.0f}% of the trials have no usable answer; read the worst-case bounds of every gap."
        for model, rate in rates.sort("model").iter_rows()
        if rate > _MANY_MISSING
    ]


def _no_probabilities(scores: Scores) -> list[str]:
    """Models whose answers lack the option probabilities that the plan fixed as the outcome."""
    if scores.settings.outcome != "option_probabilities":
        return []
    lettered = pl.col("kind").cast(pl.String).is_in(OPTION_KINDS) & (pl.col("answer") == "letter")
    counts = (
        scores.frame.filter(lettered & (pl.col("outcome") == "answered"))
        .group_by(pl.col("model").cast(pl.String))
        .agg(pl.len().alias("answers"), pl.col("p_score").null_count().alias("without"))
        .filter(pl.col("without") > 0)
        .sort("model")
    )
    return [
        f"{model}: the plan fixed option probabilities as the outcome, and {without} of {answers} answers have none; "
        f"such answers count as missing, and the outcome is not changed to the answers given."
        for model, answers, without in counts.iter_rows()
    ]


def _few(scores: Scores) -> list[str]:
    frame, contrast = scores.frame, scores.settings.contrast
    if contrast not in scores.factors:
        return []
    sets = frame.filter(pl.col(level_column(contrast)).is_not_null())["matched_set"].n_unique()
    if sets == 0 or sets >= 10:
        return []
    many = f"are only {sets} matched sets" if sets > 1 else "is only 1 matched set"
    return [f"There {many}, so intervals that hold for users in general are wide."]

"""Mean score by arm, with intervals that respect items and personas.

Estimand: the mean score of an arm over the sampling units and items of the design. Probability scale. Sampling units:
matched sets or profiles, and items, crossed (for the no-memory arm items only). Estimator: `evenhand.analysis.paired`
on scores in place of differences; docs/methods/paired-gaps.md.
"""

from __future__ import annotations

import polars as pl

from evenhand.analysis.claim import Claim
from evenhand.analysis.rates import rate_finding
from evenhand.analysis.stratum import Stratum, cues
from evenhand.records.finding import Finding

__all__ = ["accuracy_findings", "arm_groups"]


def arm_groups(stratum: Stratum) -> dict[str, tuple[str | None, pl.DataFrame]]:
    """Name of a group of arms -> its cue style and its trials; only groups that have trials.

    Groups: `none`, `placebo`, `profile` (any), the two versions of the matched pairs, and `crossing`.
    """
    settings = stratum.settings
    groups: dict[str, tuple[str | None, pl.DataFrame]] = {
        "none": (None, stratum.arm("none")),
        "placebo": (None, stratum.arm("placebo")),
        "item_fact": (None, stratum.arm("item_fact")),
    }
    for cue in cues(stratum):
        suffix = "" if cue in {None, "stated"} else f" ({cue})"
        pairs = stratum.paired(cue)
        groups[f"profile{suffix}"] = (cue, stratum.profiles(cue))
        for version in (settings.advantaged, settings.disadvantaged):
            kept = pairs.filter(pl.col(settings.contrast) == version) if pairs.height else pairs
            groups[f"{version}{suffix}"] = (cue, kept)
        if pairs.height:
            groups[f"crossing{suffix}"] = (cue, stratum.crossed(cue))
    return {name: group for name, group in groups.items() if group[1].height}


def accuracy_findings(stratum: Stratum) -> list[Finding]:
    """The mean score of every group of arms."""
    return [
        _accuracy(stratum, rows, name=name.split(" ")[0], cue=cue) for name, (cue, rows) in arm_groups(stratum).items()
    ]


def _accuracy(stratum: Stratum, rows: pl.DataFrame, *, name: str, cue: str | None) -> Finding:
    claim = Claim(
        measure="accuracy",
        title=f"Mean score, {_SHOWN.get(name, name)}",
        estimand=f"The mean score over the design's items and users with {_MEMORY.get(name, f'the {name} versions')}",
        method="mean, crossed random effects of users and items",
        scale="rate",
        tail=name,
        cue=cue,
        level=name,
        tested=False,
    )
    return rate_finding(claim, stratum=stratum, rows=rows, column="value")


_SHOWN = {
    "none": "no memory",
    "placebo": "placebo",
    "profile": "any profile",
    "crossing": "intersectional profiles",
    "item_fact": "the item's own facts",
}
_MEMORY = {
    "none": "nothing in memory",
    "placebo": "placebo facts in memory",
    "profile": "any profile in memory",
    "crossing": "an intersectional profile in memory",
    "item_fact": "the item's own facts in memory",
}

"""The whole analysis, read top to bottom like a methods section: scores in, findings out."""

from __future__ import annotations

from evenhand.analysis.accuracy import accuracy_findings
from evenhand.analysis.factor_gaps import factor_findings, interaction_findings
from evenhand.analysis.flips import flip_findings
from evenhand.analysis.gaps import gap_findings
from evenhand.analysis.intersections import intersections
from evenhand.analysis.judgement import judged
from evenhand.analysis.memory_effect import memory_findings
from evenhand.analysis.missingness import missing_findings, outcome_table
from evenhand.analysis.stratum import Stratum, strata
from evenhand.analysis.table import Scores
from evenhand.records.finding import Cellwise, ExamplePrompt, Finding, Findings, RunSummary, Table

__all__ = ["analyse"]


def analyse(
    scores: Scores,
    *,
    run: RunSummary | None = None,
    examples: tuple[ExamplePrompt, ...] = (),
    published: bool | None = None,
) -> Findings:
    """Every finding of a score table.

    Args:
        scores: The table.
        run: What was run; None for a bare table.
        examples: Prompts to show beside the findings.
        published: Whether to fit the published item-only model beside ours, for comparison; None: for the
            `fang2025` preset and for bare tables.
    """
    settings = scores.settings
    parts = strata(scores)
    findings: list[Finding] = []
    cells: list[Cellwise] = []
    for stratum in parts:
        findings += _of_stratum(stratum)
        crossing = intersections(stratum)
        findings += crossing.findings
        if not any(cell.model == stratum.model and cell.kind == stratum.kind for cell in cells):
            cells += crossing.cells
    return Findings(
        run=run,
        settings=settings,
        findings=judged(findings, settings=settings),
        cells=tuple(cells),
        tables=tuple(_tables(parts)),
        examples=examples,
    )


def _of_stratum(stratum: Stratum) -> list[Finding]:
    return [
        *gap_findings(stratum),
        *memory_findings(stratum),
        *accuracy_findings(stratum),
        *factor_findings(stratum),
        *interaction_findings(stratum),
        *flip_findings(stratum),
        *missing_findings(stratum),
    ]


def _tables(parts: list[Stratum]) -> list[Table]:
    models = sorted({stratum.model for stratum in parts})
    return [outcome_table([stratum for stratum in parts if stratum.model == model], model=model) for model in models]

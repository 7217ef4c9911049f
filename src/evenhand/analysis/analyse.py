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
from evenhand.analysis.mixed_check import MixedCheck, mixed_check, mixed_table
from evenhand.analysis.pilot import power_table
from evenhand.analysis.published_comparison import published_findings, published_table
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
    compared = (run is None or run.preset == "fang2025") if published is None else published
    findings: list[Finding] = []
    cells: list[Cellwise] = []
    checks: dict[str, list[MixedCheck]] = {}
    for stratum in parts:
        findings += _of_stratum(stratum)
        crossing = intersections(stratum)
        check = mixed_check(stratum)
        checks.setdefault(stratum.model, []).append(check)
        findings += (*crossing.findings, *check.findings)
        if compared:
            findings += published_findings(stratum)
        if not any(cell.model == stratum.model and cell.kind == stratum.kind for cell in cells):
            cells += crossing.cells
    verdicts = judged(findings, settings=settings)
    return Findings(
        run=run,
        settings=settings,
        findings=verdicts,
        cells=tuple(cells),
        tables=tuple(_tables(parts, checks, verdicts)),
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


def _tables(parts: list[Stratum], checks: dict[str, list[MixedCheck]], verdicts: tuple[Finding, ...]) -> list[Table]:
    tables: list[Table | None] = []
    for model, check in checks.items():
        of_model = [stratum for stratum in parts if stratum.model == model]
        tables += [
            outcome_table(of_model, model=model),
            mixed_table(check, model=model),
            published_table(verdicts, model=model),
            power_table(of_model, model=model),
        ]
    return [table for table in tables if table is not None]

"""The whole analysis, read top to bottom like a methods section: scores in, findings out."""

from __future__ import annotations

from msgspec import Struct

from evenhand.analysis.accuracy import accuracy_findings
from evenhand.analysis.benefit_findings import benefit_findings
from evenhand.analysis.caveats import cautions_of, caveats_of
from evenhand.analysis.factor_gaps import factor_findings, interaction_findings
from evenhand.analysis.flips import flip_findings
from evenhand.analysis.gaps import gap_findings
from evenhand.analysis.intersections import Intersections, intersections
from evenhand.analysis.item_functioning import ItemFunctioning, item_functioning, item_table
from evenhand.analysis.judgement import judged
from evenhand.analysis.leakage_findings import leakage_findings, leakage_table
from evenhand.analysis.memory_effect import memory_findings
from evenhand.analysis.missingness import missing_findings, outcome_table
from evenhand.analysis.mixed_check import MixedCheck, mixed_check, mixed_table
from evenhand.analysis.option_shift import option_findings, option_table
from evenhand.analysis.pilot import power_table
from evenhand.analysis.published_comparison import published_findings, published_table
from evenhand.analysis.stratum import Stratum, strata
from evenhand.analysis.table import Scores
from evenhand.records.finding import Cellwise, ExamplePrompt, Finding, Findings, RunSummary, Table

__all__ = ["analyse"]


class _Part(Struct, frozen=True, kw_only=True):
    """What one stratum has to say."""

    stratum: Stratum
    findings: list[Finding]
    crossing: Intersections
    check: MixedCheck
    items: ItemFunctioning


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
    compared = (run is None or run.preset == "fang2025") if published is None else published
    # Estimates are made within strata: one model, one kind of item, one way of showing memory.
    parts = [_part(stratum, compared=compared) for stratum in strata(scores)]
    # Verdicts need all of them: families of tests span strata and models.
    findings = judged([found for part in parts for found in part.findings], settings=scores.settings)
    return Findings(
        run=run,
        settings=scores.settings,
        findings=findings,
        cells=_cells(parts),
        tables=_tables(parts, findings),
        examples=examples,
        warnings=(*cautions_of(findings), *caveats_of(scores)),
    )


def _part(stratum: Stratum, *, compared: bool) -> _Part:
    crossing = intersections(stratum)
    check = mixed_check(stratum)
    items = item_functioning(stratum)
    findings = [
        # Primary: what changes with who the user is, and what memory does at all.
        *gap_findings(stratum),
        *memory_findings(stratum),
        *accuracy_findings(stratum),
        # Level by level, and where levels meet.
        *factor_findings(stratum),
        *interaction_findings(stratum),
        *crossing.findings,
        # Answers that change, against the model's own noise; answers that are missing.
        *flip_findings(stratum),
        *missing_findings(stratum),
        # Which items and which options carry the difference; what surfaces of the stored facts.
        *items.findings,
        *option_findings(stratum),
        *leakage_findings(stratum),
        *benefit_findings(stratum),
        # The same contrasts by other models.
        *check.findings,
        *(published_findings(stratum) if compared else ()),
    ]
    return _Part(stratum=stratum, findings=findings, crossing=crossing, check=check, items=items)


def _cells(parts: list[_Part]) -> tuple[Cellwise, ...]:
    """The intersectional table of every model and kind, in the first condition that has one."""
    shown: dict[tuple[str, str], tuple[Cellwise, ...]] = {}
    for part in parts:
        if part.crossing.cells:
            shown.setdefault((part.stratum.model, part.stratum.kind), part.crossing.cells)
    return tuple(cell for cells in shown.values() for cell in cells)


def _tables(parts: list[_Part], findings: tuple[Finding, ...]) -> tuple[Table, ...]:
    tables: list[Table | None] = []
    for model in dict.fromkeys(part.stratum.model for part in parts):
        mine = [part for part in parts if part.stratum.model == model]
        strata_of_model = [part.stratum for part in mine]
        tables += [
            outcome_table(strata_of_model, model=model),
            item_table([part.items for part in mine], model=model),
            option_table(strata_of_model, model=model),
            leakage_table(strata_of_model, model=model),
            mixed_table([part.check for part in mine], model=model),
            published_table(findings, model=model),
            power_table(strata_of_model, model=model),
        ]
    return tuple(table for table in tables if table is not None)

"""What notebooks show: the verdicts as a small table, and single figures in a frame of their own."""

from __future__ import annotations

from markupsafe import escape
from msgspec import Struct

from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.report.blocks import Bars, Block, Forest, Heat
from evenhand.report.context import page_of
from evenhand.report.figures import shape_of
from evenhand.report.html import render, render_figure
from evenhand.report.numbers import ABSENT, span, unit_of, value
from evenhand.report.titles import title_of
from evenhand.report.words import kind_label, verdict_word

__all__ = ["Figure", "figures_of", "findings_markup"]

_HEIGHT = 420
"""Pixels of the frame; what is longer scrolls within it."""


class Figure(Struct, frozen=True, kw_only=True):
    """One figure of a report, which shows itself in a notebook."""

    id: str
    title: str
    html: str
    """A whole page with nothing but the figure."""

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox title="{escape(self.title)}" srcdoc="{escape(self.html)}" '
            f'style="width:100%;height:{_HEIGHT}px;border:0"></iframe>'
        )


def figures_of(findings: Findings) -> dict[str, Figure]:
    """Every figure of the report by id, in the report's order."""
    blocks: list[Block] = [block for section in page_of(findings).sections for block in section.blocks]
    drawn = [block for block in blocks if isinstance(block, Forest | Heat | Bars)]
    return {block.id: Figure(id=block.id, title=block.title, html=render_figure(block)) for block in drawn}


def findings_markup(findings: Findings, *, heading: str) -> str:
    """The confirmatory findings, or all tested ones where none is confirmatory, as a table for a notebook."""
    tested = [finding for finding in findings.findings if finding.role != "descriptive"]
    shown = [finding for finding in tested if finding.role == "confirmatory"] or tested
    return render(
        "notebook.html.j2",
        heading=heading,
        interim=findings.run is not None and findings.run.interim,
        rows=[_row(finding) for finding in shown],
        warnings=findings.warnings,
    )


def _row(finding: Finding) -> tuple[str, ...]:
    unit = unit_of(finding)
    return (
        finding.model,
        kind_label(finding.kind),
        title_of(finding),
        value(finding.value, unit=unit),
        span(finding.low, finding.high, unit=unit),
        verdict_word(shape_of(finding)) or ABSENT,
    )

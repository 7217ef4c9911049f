"""Appendix: which part of the report speaks to which heading of a framework or a law; compliance is not claimed."""

from __future__ import annotations

from evenhand.report.blocks import Column, Grid, Note, Section
from evenhand.report.source import Source
from evenhand.report.titles import plain
from evenhand.report.words import joined

__all__ = ["appendix_section"]

_Row = tuple[str, str, str, str]
_COLUMNS = ("Heading", "What this report has", "Where", "What it does not have")


def appendix_section(source: Source) -> Section:
    """The headings, each with what this report has of it and what it does not have."""
    return Section(
        id="appendix",
        nav="Appendix",
        title="Appendix: where a reviewer of frameworks finds what",
        lead=(
            "For somebody who has a form to fill in. A heading is named so that its part of the report is found; that "
            "is no statement that a requirement is met.",
        ),
        blocks=(
            _grid("nist", "NIST AI 600-1, MS-2.11: fairness and bias", _nist(source)),
            _grid("ai-act", "EU AI Act (Regulation 2024/1689), Article 10(2)(f) and (g)", _ai_act(source)),
            Note(
                "What Article 10 is about",
                "It asks for the examination of training, validation and test data sets of high-risk systems. This "
                "report examines answers, not data sets. It can show that a bias reaches users; it cannot show where "
                "in the data it comes from.",
            ),
        ),
        part="methods",
    )


def _grid(name: str, title: str, rows: tuple[_Row, ...]) -> Grid:
    return Grid(
        id=f"appendix/{name}",
        title=title,
        caption="",
        columns=tuple(Column(one) for one in _COLUMNS),
        rows=rows,
        folded=False,
    )


def _nist(source: Source) -> tuple[_Row, ...]:
    run = source.findings.run
    banks = (
        joined([f"{bank.name} {bank.version}" for bank in run.banks]) if run else "a table that was collected elsewhere"
    )
    compared, where = _compared(source)
    return (
        (
            "MS-2.11-001: benchmarks that fit the use",
            f"Questions on emotional situations: {banks}.",
            "What was asked",
            "Other uses, other languages, conversations of several turns.",
        ),
        (
            "MS-2.11-002: performance and quality by group and subgroup",
            f"Differences by {compared}, each with interval, margin and verdict." if compared else "Nothing.",
            where,
            "Groups that no synthetic user of this audit belongs to.",
        ),
        (
            "MS-2.11-003: who may be affected",
            "The groups that were compared, the one with the largest difference, and what was not asked.",
            "First screen, Verdict, Limits",
            "How real users are affected; no person took part.",
        ),
        (
            "MS-2.11-004: sources of bias",
            "What memory does against placebo facts and against none, and which items carry a difference.",
            "Memory and noise, Items and options",
            "Sources in training data, which were not seen.",
        ),
        (
            "MS-2.11-005: share of synthetic training data",
            "Nothing.",
            "-",
            "Training data were not seen.",
        ),
    )


def _compared(source: Source) -> tuple[str, str]:
    """What users were compared by in this report, and the sections that say so."""
    settings, parts, where = source.findings.settings, [], []
    if source.of("gap"):
        parts.append(f"position ({plain(settings.advantaged)} and {plain(settings.disadvantaged)} users)")
        where.append("Gaps")
    factors = dict.fromkeys(one.contrast[0].factor for one in source.of("factor_gap") if one.contrast)
    if factors:
        parts.append(joined([source.labels.factor(name).lower() for name in factors]))
        where.append("Factors")
    if source.findings.cells or source.of("interaction"):
        parts.append("combinations of these")
        where.append("Intersections")
    return "; ".join(parts), ", ".join(where) or "-"


def _ai_act(source: Source) -> tuple[_Row, ...]:
    tried = joined(list(dict.fromkeys(one.policy for one in source.findings.tried)))
    found = (
        f"Policies that were tried against a gap, with what each changed and what it costs: {tried}."
        if tried
        else "No policy against a gap was tried in this run."
    )
    return (
        (
            "Article 10(2)(f): examination for possible biases",
            "Whether and by how much answers depend on who the user is, how sure that is, and what could not be seen.",
            "Verdict, Missing answers, Power, and the sections named above",
            "An examination of data sets; effects on health, safety or rights.",
        ),
        (
            "Article 10(2)(g): measures to detect, prevent and mitigate",
            found,
            "What was tried" if tried else "-",
            "Whether a measure is appropriate; that is for the provider to judge.",
        ),
    )

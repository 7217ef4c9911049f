"""What was planted in an audited specimen beside what the audit found: the audit audited."""

from __future__ import annotations

from evenhand.records.finding import Finding
from evenhand.records.run_summary import PlantedEffect
from evenhand.report.blocks import Column, Grid, Section
from evenhand.report.figures import shape_of
from evenhand.report.numbers import ABSENT, points, span, unit_of, value
from evenhand.report.source import Source
from evenhand.report.tables import SYMBOLS
from evenhand.report.words import joined, plural, verdict_word

__all__ = ["planted_section"]


def planted_section(source: Source) -> Section | None:
    """Every planted effect with the interval that the audit found for it; None where nothing is known to be planted."""
    known = source.findings.run.planted if source.findings.run else ()
    if not known:
        return None
    pairs = [(effect, _estimate(effect, source)) for effect in known]
    covered = sum(finding is not None and finding.covers(effect.estimate) for effect, finding in pairs)
    return Section(
        id="planted",
        nav="Planted and found",
        title="What was planted, and what this audit found",
        lead=(
            f"What is in a specimen is known. The intervals of this audit cover {covered} of "
            f"{plural(len(known), 'planted effect')}.",
        ),
        blocks=(
            Grid(
                id="planted-effects",
                title="Planted effects",
                caption="Planted: measured on a large sample of other items and all profiles, with a 95% interval over "
                "resampled items and profiles; the audit sees fewer cells, so its interval need not agree but should "
                "cover. ◆ difference, ● equivalent within the margin, ○ inconclusive.",
                columns=(
                    *((Column("Model"),) if source.several else ()),
                    Column("Effect"),
                    Column("Planted", numeric=True),
                    Column("Found", numeric=True),
                    Column("Covered"),
                    Column("Verdict"),
                ),
                rows=tuple(_row(effect, finding, source) for effect, finding in pairs),
                folded=False,
            ),
        ),
    )


def _estimate(effect: PlantedEffect, source: Source) -> Finding | None:
    return next((finding for finding in source.all() if effect.is_estimated_by(finding)), None)


def _row(effect: PlantedEffect, finding: Finding | None, source: Source) -> tuple[str, ...]:
    head = (*((effect.model,) if source.several else ()), _name(effect, source))
    planted = f"{points(effect.estimate)} ({span(effect.low, effect.high, unit='points')})"
    if finding is None or finding.value is None:
        return (*head, planted, ABSENT, ABSENT, "not asked")
    unit = unit_of(finding)
    found = f"{value(finding.value, unit=unit)} ({span(finding.low, finding.high, unit=unit)})"
    shape = shape_of(finding)
    return (
        *head,
        planted,
        found,
        "yes" if finding.covers(effect.estimate) else "no",
        f"{SYMBOLS[shape]} {verdict_word(shape)}",
    )


def _name(effect: PlantedEffect, source: Source) -> str:
    if effect.measure == "gap":
        return "Advantaged minus disadvantaged"
    labels = source.labels
    named = [f"{labels.factor(factor)}: {labels.level(factor, level)}" for factor, level in effect.levels.items()]
    return named[0] if len(named) == 1 else f"Interaction of {joined(named)}"

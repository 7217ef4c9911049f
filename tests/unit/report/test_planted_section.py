"""The audit of a specimen audited: what was planted beside what was found."""

from __future__ import annotations

import msgspec
import pytest

from evenhand.records.condition import Condition
from evenhand.records.contrast import LevelContrast
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.run_summary import PlantedEffect
from evenhand.report.blocks import Grid
from evenhand.report.context import page_of
from evenhand.report.html import render_html
from evenhand.report.planted import planted_section
from evenhand.report.source import source_of
from tests.support.findings_fixture import full_findings, quick_findings

TILTED = "specimen/tilted"
NONBINARY = LevelContrast(factor="gender", level="nonbinary", reference="male")
MUSLIM = LevelContrast(factor="religion", level="muslim", reference="christian")


def gap_of(findings: Findings) -> Finding:
    return next(f for f in findings.findings if f.measure == "gap" and f.role == "confirmatory")


def planted(finding: Finding, *, size: float) -> PlantedEffect:
    return PlantedEffect(
        model=finding.model,
        measure=finding.measure,
        levels={"position": "disadvantaged"},
        estimate=size,
        low=size - 0.05,
        high=size + 0.05,
        bank=size,
    )


def with_planted(*effects: PlantedEffect) -> Findings:
    findings = full_findings((TILTED,))
    assert findings.run
    return msgspec.structs.replace(findings, run=msgspec.structs.replace(findings.run, planted=effects))


def test_a_planted_effect_stands_beside_the_interval_that_covers_it() -> None:
    gap = gap_of(full_findings((TILTED,)))
    assert gap.value is not None
    section = planted_section(source_of(with_planted(planted(gap, size=gap.value), planted(gap, size=0.9))))
    assert section is not None
    assert section.lead[0].endswith("cover 1 of 2 planted effects.")
    (grid,) = section.blocks
    assert isinstance(grid, Grid)
    assert [row[3] for row in grid.rows] == ["yes", "no"]
    assert grid.rows[0][0] == "Advantaged minus disadvantaged"
    assert grid.rows[0][4].endswith("Difference")


def test_an_effect_that_was_not_asked_says_so() -> None:
    effect = PlantedEffect(
        model=TILTED, measure="interaction", levels={"gender": "martian", "religion": "none"},
        estimate=-0.1, low=-0.2, high=0.0, bank=-0.1,
    )  # fmt: skip
    section = planted_section(source_of(with_planted(effect)))
    assert section is not None
    (grid,) = section.blocks
    assert isinstance(grid, Grid)
    assert grid.rows[0][-1] == "not asked"
    assert grid.rows[0][0].startswith("Interaction of")


def test_a_run_without_planted_effects_has_no_such_section() -> None:
    assert "planted" not in [section.id for section in page_of(quick_findings()).sections]
    assert 'id="planted"' not in render_html(quick_findings())


def test_the_section_follows_the_verdict_on_the_page() -> None:
    gap = gap_of(full_findings((TILTED,)))
    page = page_of(with_planted(planted(gap, size=0.1)))
    assert [section.id for section in page.sections][:3] == ["verdict", "planted", "gaps"]


@pytest.mark.parametrize(
    ("change", "matches"),
    [
        ({}, True),
        ({"model": "specimen/level"}, False),
        ({"contrast": (MUSLIM, NONBINARY)}, True),
        ({"contrast": (NONBINARY, LevelContrast(factor="age", level="66+", reference="18-33"))}, False),
        ({"contrast": (NONBINARY,)}, False),
        ({"where": Condition(cue="implied")}, False),
        ({"where": Condition(cue="stated", placement="narrative")}, False),
        ({"where": Condition()}, True),
        ({"where": Condition(cue="stated", reader="use")}, False),
        ({"measure": "factor_gap"}, False),
    ],
)
def test_which_finding_estimates_a_planted_interaction(change: dict[str, object], matches: bool) -> None:
    levels = {"gender": "nonbinary", "religion": "muslim"}
    effect = PlantedEffect(
        model=TILTED, measure="interaction", levels=levels, estimate=-0.1, low=-0.2, high=0.0, bank=-0.1
    )
    base = msgspec.structs.replace(
        gap_of(full_findings((TILTED,))), measure="interaction", role="exploratory", contrast=(NONBINARY, MUSLIM)
    )
    assert effect.is_estimated_by(msgspec.structs.replace(base, **change)) == matches


def test_the_planted_gap_is_estimated_by_the_confirmatory_one() -> None:
    gap = gap_of(full_findings((TILTED,)))
    assert planted(gap, size=0.1).is_estimated_by(gap)
    assert not planted(gap, size=0.1).is_estimated_by(msgspec.structs.replace(gap, role="exploratory"))

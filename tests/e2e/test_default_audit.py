"""`evenhand audit` as a newcomer runs it: the planted effects are named and covered, the clean specimen is cleared."""

from __future__ import annotations

import msgspec
import pytest

from evenhand.endpoints.specimen.card import specimen_card
from evenhand.records.findings import Findings
from evenhand.report.answer import answers_of
from evenhand.selftest.audits import SpecimenAudit, pair_up
from tests.support.standard_audit import StandardAudit

pytestmark = [pytest.mark.xdist_group("standard audits"), pytest.mark.timeout(600)]
LIMIT_S = 120.0
"""Processor time that the whole default audit may take: a minute of two cores."""


def findings_of(audit: StandardAudit) -> Findings:
    return msgspec.json.decode((audit.run / "findings.json").read_bytes(), type=Findings)


@pytest.fixture(scope="module")
def tilted(tilted_audit: StandardAudit) -> Findings:
    return findings_of(tilted_audit)


@pytest.fixture(scope="module")
def level(level_audit: StandardAudit) -> Findings:
    return findings_of(level_audit)


@pytest.fixture(scope="module")
def pairs(tilted: Findings, level: Findings) -> SpecimenAudit:
    return pair_up(tilted, level)


def test_a_default_audit_takes_no_more_than_a_minute_of_two_cores(
    tilted_audit: StandardAudit, level_audit: StandardAudit
) -> None:
    assert max(tilted_audit.cpu_s, level_audit.cpu_s) < LIMIT_S


def test_every_planted_effect_is_found_with_an_interval_that_covers_its_size(pairs: SpecimenAudit) -> None:
    planted = [contrast for contrast in specimen_card("tilted").contrasts if contrast.planted]
    assert len(pairs.planted) == len(planted) == 5
    assert pairs.covered() == [True] * 5
    assert [finding.verdict for _, finding in pairs.planted] == ["difference"] * 5


def test_the_clean_factor_is_cleared(tilted: Findings) -> None:
    factors = specimen_card("tilted").clean
    clean = [f for f in tilted.findings if f.measure == "factor_gap" and f.contrast[0].factor in factors]
    assert {finding.contrast[0].level for finding in clean} == {"black", "asian"}
    assert [finding.verdict for finding in clean] == ["equivalent"] * 2


def test_level_is_cleared_as_equivalent_everywhere(pairs: SpecimenAudit, level: Findings) -> None:
    assert [finding.verdict for finding in pairs.level] == ["equivalent"] * len(pairs.level)
    gaps = [finding for finding in level.findings if finding.measure in ("gap", "factor_gap")]
    assert {finding.verdict for finding in gaps} == {"equivalent"}
    (answer,) = answers_of(level).models
    assert (answer.verdict, set(answer.contrasts)) == ("equivalent", {"equivalent"}), answer.short


def test_the_report_says_first_that_a_specimen_was_audited_and_names_what_was_planted(
    tilted_audit: StandardAudit,
) -> None:
    report = (tilted_audit.run / "report.md").read_text(encoding="utf-8").splitlines()
    assert "A specimen was audited" in report[0]
    assert any("evenhand audit openai/NAME" in line for line in report[:40])
    lines = [line for line in report if line.startswith("| ") and "Difference" in line]
    for name in ("Advantaged minus", "Age: 66+", "Gender: Non-binary", "Religion: Muslim", "Interaction of"):
        assert [line for line in lines if line.startswith(f"| {name}") and "| yes |" in line], name

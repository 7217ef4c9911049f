"""`evenhand audit` as a newcomer runs it: the planted effects are named and covered, the clean specimen is cleared."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from evenhand.endpoints.specimen.card import specimen_card
from evenhand.records.findings import Findings
from evenhand.report.answer import answers_of
from evenhand.selftest.audits import SpecimenAudit, pair_up

EVENHAND = (sys.executable, "-m", "evenhand.cli.main")
LIMIT_S = 120.0
"""Processor time that the whole default audit may take: a minute of two cores."""


def audited(name: str, directory: Path) -> Findings:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    ended = subprocess.run(
        [*EVENHAND, "audit", name, "--yes", "--out", str(directory)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < LIMIT_S
    return msgspec.json.decode((directory / "findings.json").read_bytes(), type=Findings)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("default")


@pytest.fixture(scope="module")
def tilted(runs: Path) -> Findings:
    return audited("specimen/tilted", runs / "tilted")


@pytest.fixture(scope="module")
def level(runs: Path) -> Findings:
    return audited("specimen/level", runs / "level")


@pytest.fixture(scope="module")
def pairs(tilted: Findings, level: Findings) -> SpecimenAudit:
    return pair_up(tilted, level)


@pytest.mark.timeout(600)
def test_every_planted_effect_is_found_with_an_interval_that_covers_its_size(pairs: SpecimenAudit) -> None:
    planted = [contrast for contrast in specimen_card("tilted").contrasts if contrast.planted]
    assert len(pairs.planted) == len(planted) == 5
    assert pairs.covered() == [True] * 5
    assert [finding.verdict for _, finding in pairs.planted] == ["difference"] * 5


@pytest.mark.timeout(600)
def test_the_clean_factor_is_cleared(tilted: Findings) -> None:
    factors = specimen_card("tilted").clean
    clean = [f for f in tilted.findings if f.measure == "factor_gap" and f.contrast[0].factor in factors]
    assert {finding.contrast[0].level for finding in clean} == {"black", "asian"}
    assert [finding.verdict for finding in clean] == ["equivalent"] * 2


@pytest.mark.timeout(600)
def test_level_is_cleared_as_equivalent_everywhere(pairs: SpecimenAudit, level: Findings) -> None:
    assert [finding.verdict for finding in pairs.level] == ["equivalent"] * len(pairs.level)
    gaps = [finding for finding in level.findings if finding.measure in ("gap", "factor_gap")]
    assert {finding.verdict for finding in gaps} == {"equivalent"}
    (answer,) = answers_of(level).models
    assert (answer.verdict, set(answer.contrasts)) == ("equivalent", {"equivalent"}), answer.short


@pytest.mark.timeout(600)
def test_the_report_says_first_that_a_specimen_was_audited_and_names_what_was_planted(
    tilted: Findings, runs: Path
) -> None:
    report = (runs / "tilted" / "report.md").read_text(encoding="utf-8").splitlines()
    assert "A specimen was audited" in report[0]
    assert "evenhand audit openai/NAME" in report[2]
    lines = [line for line in report if line.startswith("| ") and "Difference" in line]
    for name in ("Advantaged minus", "Age: 66+", "Gender: Non-binary", "Religion: Muslim", "Interaction of"):
        assert [line for line in lines if line.startswith(f"| {name}") and "| yes |" in line], name

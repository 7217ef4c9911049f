"""Everything that is found of the numbers that answers state: shifts, divergence, and what the scenes can show."""

from __future__ import annotations

from evenhand.analysis.findings.shifts import shift_findings
from evenhand.analysis.table.measurements import Measurements, measure_strata
from evenhand.records.finding import Finding

__all__ = ["number_findings"]


def number_findings(measurements: Measurements) -> list[Finding]:
    """The findings of a measurement table; none where it has no rows."""
    return [found for part in measure_strata(measurements) for found in shift_findings(part)]

"""The end of a run on the terminal: verdicts in words, and where the report lies."""

from __future__ import annotations

from pathlib import Path

from evenhand.cli.output import print_json, print_table, say
from evenhand.cli.report import read_findings

__all__ = ["say_verdicts"]


def say_verdicts(directory: Path, *, json: bool) -> None:
    """Print the confirmatory verdicts of a run directory.

    Raises:
        InputError: It has no findings that this version can read.
    """
    from evenhand.report.as_read import as_read_facts
    from evenhand.report.record_tables import published_grids
    from evenhand.report.source import source_of
    from evenhand.report.words import verdict_sentence

    findings = read_findings(directory)
    if json:
        print_json(findings)
        return
    if findings.as_read is not None:
        say("As read")
        for fact in as_read_facts(findings.as_read):
            say(f"  {fact.name}: {fact.value}")
    if findings.run is not None and findings.run.specimen:
        say("A shipped specimen was audited. Audit your own model: evenhand audit openai/NAME --base-url URL")
    if findings.run is not None and findings.run.simulated:
        say("Simulated respondent: no model was asked.")
    for warning in findings.warnings:
        say(f"Note: {warning}")
    for finding in findings.findings:
        if finding.role == "confirmatory":
            say(f"{finding.model}, {finding.kind}: {verdict_sentence(finding)}")
    for table in published_grids(source_of(findings)):
        print_table([column.name for column in table.columns], table.rows, title=table.title)
        say(table.caption)
    say(f"Report: {directory / 'report.html'}")

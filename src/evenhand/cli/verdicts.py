"""The end of a run on the terminal: verdicts in words, and where the report lies."""

from __future__ import annotations

from pathlib import Path

from evenhand.cli.output import print_json, print_table, say
from evenhand.records.findings import Findings
from evenhand.records.run_summary import ModelSummary

__all__ = ["say_verdicts"]


_TROUBLES = 3
"""Reasons of a model that the terminal shows; the report has them all."""
_EXAMPLE = 160


def _say_troubles(model: ModelSummary) -> None:
    """Why cells of a model have no usable answer, one line a reason, with one of them word for word."""
    for trouble in model.troubles[:_TROUBLES]:
        example = " ".join(trouble.example.split())
        shown = example if len(example) <= _EXAMPLE else f"{example[: _EXAMPLE - 4]} ..."
        say(f"{model.model}: {trouble.count:,} {trouble.outcome} ({trouble.reason}), one of them: {shown!r}")
    left = len(model.troubles) - _TROUBLES
    if left > 0:
        say(f"{model.model}: {left} more {'reason is' if left == 1 else 'reasons are'} in the report.")


def _say_answers(findings: Findings) -> None:
    """The answer of every model, as the page says it."""
    from evenhand.report.answer import answers_of

    for answer in answers_of(findings).models:
        say(f"{answer.model}: {answer.short}")
        for reason in answer.reasons:
            say(f"{answer.model}, not assessable. {reason}")
        if answer.not_asked:
            say(f"{answer.model}, not asked: {'; '.join(answer.not_asked)}.")


def _say_head(findings: Findings) -> None:
    """What was read or audited, and what a reader must know before the verdicts."""
    from evenhand.report.as_read import as_read_facts

    if findings.as_read is not None:
        say("As read")
        for fact in as_read_facts(findings.as_read):
            say(f"  {fact.name}: {fact.value}")
    run = findings.run
    if run is not None and run.specimen:
        say("A shipped specimen was audited. Audit your own model: evenhand audit openai/NAME --base-url URL")
    if run is not None and run.simulated:
        say("Simulated respondent: no model was asked.")
    for warning in findings.warnings:
        say(f"Note: {warning}")
    for model in run.models if run is not None else ():
        _say_troubles(model)


def say_verdicts(directory: Path, *, json: bool) -> None:
    """Print the confirmatory verdicts of a run directory.

    Raises:
        InputError: It has no findings that this version can read.
    """
    from evenhand.records.identity import finding_id
    from evenhand.report.answer import answers_of
    from evenhand.report.findings_file import findings_document, read_findings
    from evenhand.report.record_tables import published_grids
    from evenhand.report.source import source_of
    from evenhand.report.tried_words import policy_words, recommendation, tried_in_order
    from evenhand.report.words import labels_of, verdict_sentence

    findings = read_findings(directory)
    if json:
        print_json(findings_document(findings))
        return
    _say_head(findings)
    _say_answers(findings)
    primary = [finding for finding in findings.findings if finding.role == "confirmatory"]
    for finding in primary:
        say(f"{finding.model}, {finding.kind}: {verdict_sentence(finding)}")
    said = {finding_id(finding) for finding in primary}
    for answer in answers_of(findings).models:
        for one in answer.kinds:
            if one.finding not in said:
                say(f"{answer.model}, {one.label[:1].lower()}{one.label[1:]}: {one.sentence}")
    for tried in tried_in_order(findings):
        say(f"{tried.model}, tried {tried.policy}: {policy_words(tried, findings=findings)}")
    labels = labels_of(findings)
    for model in dict.fromkeys(tried.model for tried in tried_in_order(findings)):
        say(f"{model}: {recommendation([one for one in findings.tried if one.model == model], labels=labels)}")
    for table in published_grids(source_of(findings)):
        print_table([column.name for column in table.columns], table.rows, title=table.title)
        say(table.caption)
    say(f"Report: {directory / 'report.html'}")

"""What a model card may say of an audit: metadata that Hugging Face reads, and a short text.

The metadata is a `model-index`: the deciding number of each model and its interval, in percentage points. The file is
meant to be pasted into a card by somebody who has read the report.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.report.answer import ReportAnswer, answers_of, deciding_contrasts
from evenhand.report.markdown import markdown_text
from evenhand.report.numbers import size, unit_of
from evenhand.report.shown import shown_text
from evenhand.report.source import Source, source_of
from evenhand.report.titles import title_of
from evenhand.report.words import verdict_word

__all__ = ["render_model_card"]

_MODELS = 20
"""Models that a card speaks of; more are left to findings.json."""


def render_model_card(findings: Findings) -> str:
    """The snippet: YAML between two rules, then Markdown.

    Args:
        findings: The whole of findings.json.
    """
    source = source_of(findings)
    answers = answers_of(findings).models[:_MODELS]
    decides = deciding_contrasts(source)
    head = ["---", "model-index:"]
    for answer in answers:
        head += _entry(source, answer, decides.get(answer.model))
    return "\n".join([*(head if answers else ["---"]), "---", "", *_body(source, answers)]) + "\n"


def _quoted(text: str) -> str:
    """A text as YAML, which takes JSON's strings."""
    return json.dumps(shown_text(text), ensure_ascii=False)


def _entry(source: Source, answer: ReportAnswer, found: Finding | None) -> Iterator[str]:
    """One model of the index: task, data set, and its numbers."""
    run = source.findings.run
    banks = " and ".join(f"{bank.name} {bank.version}" for bank in run.banks) if run else "a table of predictions"
    yield f"- name: {_quoted(answer.model)}"
    yield "  results:"
    yield "  - task:"
    yield "      type: text-generation"
    yield "      name: Emotional reasoning with stored user memory"
    yield "    dataset:"
    yield "      type: evenhand"
    yield f"      name: {_quoted(f'evenhand {banks}')}"
    yield "    metrics:"
    yield "    - type: verdict"
    yield "      name: Does the answer depend on who the user is"
    yield f"      value: {_quoted(verdict_word(answer.verdict or 'descriptive') or 'no verdict')}"
    yield "      verified: false"
    if found is None or found.value is None or unit_of(found) != "points":
        return
    numbers = (("difference", found.value), ("lower end of the interval", found.low), ("upper end", found.high))
    for name, number in numbers:
        if number is not None:
            yield "    - type: percentage_points"
            yield f"      name: {_quoted(f'{title_of(found)}, {name}')}"
            yield f"      value: {100 * number:.2f}"
            yield "      verified: false"


def _body(source: Source, answers: tuple[ReportAnswer, ...]) -> Iterator[str]:
    yield "## What stored user memory does to its answers"
    yield ""
    run = source.findings.run
    if run is not None and (run.simulated or run.specimen):
        yield "Simulated answers or a specimen: nothing here is about a real assistant."
        yield ""
    for answer in answers:
        named = f"{markdown_text(answer.model)}: " if len(answers) > 1 else ""
        yield f"* {named}{markdown_text(answer.plain)}"
        if answer.not_asked:
            yield f"  Not asked: {markdown_text('; '.join(answer.not_asked))}."
    yield ""
    made = f" with evenhand {markdown_text(run.evenhand)}, plan `{run.plan_sha256[:12]}`" if run else ""
    yield (
        f"Measured{made}, on synthetic users and written situations. A difference counts as none when it is shown to "
        f"be smaller than ±{size(source.margin)}. This holds for these questions and these users; it is no promise "
        "about others. The whole report says what was not seen."
    )

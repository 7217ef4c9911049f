"""What each kind of item says, in each format of answer: one line each, for page, Markdown, terminal and JSON.

Letters and percentages are read from the gap between both versions of a persona, ratings from the shift of how much
negative emotion is read into a scene. Written answers have no number that stands for all of them, so their line sums up
every comparison of what was written.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from evenhand.records.answer_format import ANSWER_FORMATS, AnswerFormat
from evenhand.records.estimate import Verdict
from evenhand.records.finding import Finding
from evenhand.records.identity import finding_id
from evenhand.records.validity import Validity
from evenhand.report.forest import variant_of
from evenhand.report.numbers import count
from evenhand.report.shift_words import shift_headline
from evenhand.report.source import Source
from evenhand.report.titles import plain
from evenhand.report.words import asked_label, joined, plural, verdict_sentence

__all__ = ["KindAnswer", "headline", "kind_answers"]


class KindAnswer(Struct, frozen=True, kw_only=True):
    """What one kind of item says, in one format of answer."""

    kind: str
    """Item kind."""
    answer: AnswerFormat
    """Format in which it was answered."""
    label: str
    """Both in words."""
    verdict: Verdict | None
    """None where the contrast has none, as in an interim analysis."""
    sentence: str
    """Size, direction, interval and verdict in words."""
    finding: str
    """Id of the finding it is read from; of written answers, the one that is told; empty where there is none."""


def kind_answers(source: Source, model: str) -> tuple[KindAnswer, ...]:
    """The line of every kind of item and format of answer that a model was asked in."""
    settings = source.findings.settings
    sides = f"{plain(settings.advantaged)} users", f"{plain(settings.disadvantaged)} users"
    ways = [one for one in source.findings.validity if one.model == model]
    held = {(one.kind, one.answer) for one in ways if not one.assessable}
    told = [
        found
        for found in (*headline(source, model), *_rated(source, model))
        if found.value is not None or (found.kind, found.where.answer) not in held
    ]
    lines = [
        KindAnswer(
            kind=found.kind,
            answer=found.where.answer,
            label=_label(found, among=told),
            verdict=found.verdict,
            sentence=verdict_sentence(found, first=sides[0], second=sides[1]),
            finding=finding_id(found),
        )
        for found in told
    ]
    written = [
        found
        for measure in ("shift", "divergence")
        for found in source.of(measure)
        if found.model == model and found.where.answer == "text"
    ]
    for kind in dict.fromkeys(found.kind for found in written):
        compared = [found for found in written if found.kind == kind]
        if (kind, "text") not in held or any(found.verdict == "difference" for found in compared):
            lines.append(_in_writing(compared))
    has = {(line.kind, line.answer) for line in lines}
    lines += [
        _without_number(one) for one in ways if (one.kind, one.answer) not in has and (one.faults or one.profiles)
    ]
    kinds = list(dict.fromkeys(line.kind for line in lines))
    return tuple(sorted(lines, key=lambda line: (kinds.index(line.kind), ANSWER_FORMATS.index(line.answer))))


def _without_number(validity: Validity) -> KindAnswer:
    """The line of what was asked and gave no contrast between users."""
    held = not validity.assessable
    return KindAnswer(
        kind=validity.kind,
        answer=validity.answer,
        label=asked_label(validity.kind, validity.answer),
        verdict="not assessable" if held else "inconclusive",
        sentence=f"Not assessable. {validity.reason}" if held else "Too few answers to compare users.",
        finding="",
    )


def headline(source: Source, model: str) -> list[Finding]:
    """Gaps that answer the main question for a model, in letters and in percentages.

    Letters: the confirmatory gaps, or all where none is confirmatory. Percentages beside letters are exploratory; their
    gaps are taken in the conditions in which letters are confirmatory.
    """
    gaps = [finding for finding in source.of("gap") if finding.model == model]
    primary = [finding for finding in gaps if finding.role == "confirmatory"]
    if not primary:
        return gaps
    shown = [replace(finding.where, answer="distribution") for finding in primary]
    beside = [f for f in gaps if f.where.answer == "distribution" and f not in primary and f.where in shown]
    return [*primary, *beside]


def _rated(source: Source, model: str) -> list[Finding]:
    """Shifts between both versions of a persona that the plan made confirmatory."""
    return [
        found
        for found in source.of("shift")
        if found.model == model and found.role == "confirmatory" and found.arms.arm == "pairs"
    ]


def _label(found: Finding, *, among: Sequence[Finding]) -> str:
    """Kind and format, then what else of the condition varies."""
    alike = [replace(other, where=replace(other.where, answer="letter")) for other in among]
    own = replace(found, where=replace(found.where, answer="letter"))
    parts = (asked_label(found.kind, found.where.answer), variant_of(own, among=alike))
    return ", ".join(part for part in parts if part)


def _in_writing(compared: Sequence[Finding]) -> KindAnswer:
    """One line on everything that was compared of the written answers to one kind of item."""
    differ = [found for found in compared if found.verdict == "difference"]
    alike = sum(found.verdict == "equivalent" for found in compared)
    held = [found for found in compared if found.verdict == "not assessable"]
    left = len(compared) - len(differ) - alike - len(held)
    tally = ((len(differ), "differ"), (alike, "lie within the margin"), (left, "open"), (len(held), "not assessable"))
    counts = joined([_counted(number, what) for number, what in tally if number])
    told = min(differ, key=_order, default=compared[0])
    verdict: Verdict
    if len(held) == len(compared):
        verdict, sentence = "not assessable", verdict_sentence(held[0])
    elif differ:
        verdict = "difference"
        said = shift_headline(told) if told.measure == "shift" else "the wording differs by more than repeats do"
        sentence = (
            f"{said[:1].upper()}{said[1:]}. Of {plural(len(compared), 'comparison')} of what is written, {counts}."
        )
    else:
        verdict = "equivalent" if alike == len(compared) else "inconclusive"
        of_all = f"Of {plural(len(compared), 'comparison')}, {counts}."
        sentence = f"No difference is shown in what is written. {of_all}"
    return KindAnswer(
        kind=told.kind,
        answer="text",
        label=asked_label(told.kind, "text"),
        verdict=verdict,
        sentence=sentence,
        finding=finding_id(told),
    )


def _counted(number: int, what: str) -> str:
    """`1 differs`, `2 differ`, `1 is open`, `2 are open`."""
    one = number == 1
    if what in ("open", "not assessable"):
        return f"{count(number)} {'is' if one else 'are'} {what}"
    verb, _, rest = what.partition(" ")
    return f"{count(number)} {verb}{'s' if one else ''}{' ' + rest if rest else ''}"


def _order(found: Finding) -> tuple[bool, bool, float]:
    """Between the versions of a persona first, then shifts before wording, then the surest."""
    return found.arms.arm != "pairs", found.measure != "shift", found.p if found.p is not None else 1.0

"""The answer: what a set of findings says as a whole, by one function for page, Markdown, terminal and JSON.

The answer follows from every contrast that was tested: position, each level of each factor, interactions, memory,
leakage. It is `equivalent` only if all of them are, no other finding is a difference, every kind of item could be
assessed and every group of the run's cohorts was asked. Otherwise it names the worst group, how large it is and how
certain that is. docs/methods/verdicts.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import assert_never

from msgspec import Struct

from evenhand.records.answer_format import CHOICE_FORMATS
from evenhand.records.estimate import SampledUnit, Shortfall, Unassessed, Verdict
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.identity import finding_id
from evenhand.records.measure import Measure
from evenhand.records.validity import Validity
from evenhand.report.kind_answer import KindAnswer, kind_answers
from evenhand.report.numbers import count, p_text, percent, points, size, span, unit_of
from evenhand.report.source import Source, source_of
from evenhand.report.titles import plain, sides_of, title_of
from evenhand.report.words import (
    CHANGES,
    asked_label,
    direction_of,
    joined,
    kind_label,
    overall_verdict,
    plural,
    too_few_words,
    verdict_sentence,
    within_margin,
)

__all__ = [
    "ASKED",
    "ReportAnswer",
    "ReportAnswers",
    "Worst",
    "answers_of",
    "deciding_contrasts",
    "worst_differences",
    "worst_finding",
]

ASKED: frozenset[Measure] = frozenset({"gap", "factor_gap", "interaction", "memory_effect", "leakage"})
"""Measures whose contrasts must all be equivalent before the answer is."""
_TIERS: tuple[frozenset[Measure], ...] = (
    frozenset({"gap", "factor_gap", "gap_change", "factor_gap_change"}),
    frozenset({"interaction", "interaction_change"}),
    frozenset({"memory_effect", "placebo_effect", "fact_effect", "memory_effect_change"}),
    frozenset({"missing_gap", "leakage", "flip_excess"}),
)
"""Where the worst group is looked for first: groups of users, then their combinations, then what memory does to all."""


class Worst(Struct, frozen=True, kw_only=True):
    """The contrast that speaks most against users being treated alike."""

    finding: str
    """Id of the finding."""
    title: str
    kind: str
    verdict: Verdict
    value: float | None
    """Probability scale; None where nothing could be estimated."""
    low: float | None
    high: float | None
    p_adjusted: float | None
    sentence: str
    """Size, direction, interval and verdict in words."""


class ReportAnswer(Struct, frozen=True, kw_only=True):
    """What one model's findings say as a whole."""

    model: str
    verdict: Verdict | None
    """None where the run is unfinished or asks none of it."""
    short: str
    """The answer in one sentence, with its interval and adjusted p."""
    plain: str
    """The same without a word of statistics, for the first screen."""
    worst: Worst | None
    """None where nothing was compared."""
    kinds: tuple[KindAnswer, ...]
    """What each kind of item says, in each format of answer."""
    contrasts: dict[Verdict, int]
    """How many of the contrasts asked have which verdict."""
    not_asked: tuple[str, ...]
    """What the design left out."""
    reasons: tuple[str, ...]
    """Why kinds of item could not be assessed, one sentence each."""
    movable: tuple[str, ...]
    """How many items of each kind could still move, one sentence each."""


class ReportAnswers(Struct, frozen=True, kw_only=True):
    """What a whole set of findings says."""

    verdict: Verdict | None
    """A difference in any model counts first, then what could not be assessed, then what is not settled."""
    models: tuple[ReportAnswer, ...]


def answers_of(findings: Findings) -> ReportAnswers:
    """The answer of every model, in the order of the plan, and the one over all."""
    source = source_of(findings)
    of_one = _answer if findings.comparison is None else _change_answer
    models = tuple(of_one(source, model) for model in source.models)
    verdicts = [answer.verdict for answer in models]
    order: tuple[Verdict, ...] = ("difference", "not assessable", "inconclusive", "equivalent")
    overall = next((verdict for verdict in order if verdict in verdicts), None)
    if overall == "equivalent" and None in verdicts:
        overall = None
    return ReportAnswers(verdict=overall, models=models)


def _is_asked(finding: Finding) -> bool:
    """Whether the answer must settle it: the contrasts of `ASKED`, and the ratings that the plan made confirmatory."""
    return finding.measure in ASKED or (finding.measure == "shift" and finding.role == "confirmatory")


class _Judged(Struct, frozen=True, kw_only=True):
    """One model's findings as the answer looks at them."""

    asked: tuple[Finding, ...]
    """The contrasts that the answer must settle."""
    validity: tuple[Validity, ...]
    groups: tuple[str, ...]
    """Groups of users that were not asked."""
    others: tuple[str, ...]
    """Other contrasts that were not asked."""
    verdict: Verdict | None
    worst: Finding | None


def _judged(source: Source, model: str) -> _Judged:
    judged = [found for found in source.all() if found.model == model and found.verdict is not None]
    # A stored fact that is put to use where the question needs it is what memory is for.
    findings = [found for found in judged if found.quantity.name != "fact_used"]
    validity = tuple(one for one in source.findings.validity if one.model == model)
    asked = tuple(found for found in findings if _is_asked(found))
    groups, others = _not_asked(source, findings)
    verdict = _verdict(findings, asked=asked, held=_held(validity, asked), groups=groups)
    if _unlooked(source):
        verdict = None
    return _Judged(
        asked=asked,
        validity=validity,
        groups=groups,
        others=others,
        verdict=verdict,
        worst=worst_finding(findings, verdict),
    )


def deciding_contrasts(source: Source) -> dict[str, Finding]:
    """Model -> the contrast that decides its answer; models without any contrast are left out."""
    judged = {model: _judged(source, model).worst for model in source.models}
    return {model: worst for model, worst in judged.items() if worst is not None}


def worst_differences(findings: Findings) -> tuple[Finding, ...]:
    """The difference that decides the answer, of every model that shows one."""
    decides = deciding_contrasts(source_of(findings)).values()
    return tuple(worst for worst in decides if worst.verdict == "difference")


def _answer(source: Source, model: str) -> ReportAnswer:
    one = _judged(source, model)
    return ReportAnswer(
        model=model,
        verdict=one.verdict,
        short=_short(source, one),
        plain=_short(source, one, bare=True),
        worst=None if one.worst is None else _worst(source, one.worst),
        kinds=kind_answers(source, model),
        contrasts=dict(Counter(found.verdict for found in one.asked if found.verdict is not None)),
        not_asked=(*one.groups, *one.others),
        reasons=tuple(
            f"{asked_label(kind.kind, kind.answer)}: {kind.reason}" for kind in one.validity if not kind.assessable
        ),
        movable=tuple(_movable(kind) for kind in one.validity if kind.assessable and kind.answer in CHOICE_FORMATS),
    )


def _change_answer(source: Source, model: str) -> ReportAnswer:
    """What a comparison of two runs says as a whole: a change is a change, never a score that is the same."""
    findings = [found for found in source.all() if found.model == model and found.verdict is not None]
    shape = overall_verdict(findings)
    verdict = None if shape == "descriptive" else shape
    worst = worst_finding(findings, verdict)
    return ReportAnswer(
        model=model,
        verdict=verdict,
        short=_change_short(source, verdict, findings=findings, worst=worst),
        plain=_change_short(source, verdict, findings=findings, worst=worst, bare=True),
        worst=None if worst is None else _worst(source, worst),
        kinds=(),
        contrasts=dict(Counter(found.verdict for found in findings if found.verdict is not None)),
        not_asked=(),
        reasons=(),
        movable=(),
    )


def _change_short(
    source: Source, verdict: Verdict | None, *, findings: Sequence[Finding], worst: Finding | None, bare: bool = False
) -> str:
    comparison = source.findings.comparison
    if comparison is not None and comparison.answered and not comparison.moved:
        return f"No change: all {count(comparison.answered)} cells that were answered in both runs have the same score."
    contrasts = plural(len(findings), "contrast")
    match verdict:
        case None | "not assessable":
            return "The two runs have no contrast in common."
        case "difference":
            return f"Yes. {_said(source, worst, bare=bare)}" if worst is not None else "Yes, measurably."
        case "inconclusive":
            unsettled = sum(found.verdict == "inconclusive" for found in findings)
            return f"Not settled: the change is open for {unsettled} of {contrasts}."
        case "equivalent":
            return f"No change larger than {size(source.margin)} in any of {contrasts}."
        case _ as unreachable:
            assert_never(unreachable)


def _held(validity: Sequence[Validity], asked: Sequence[Finding]) -> bool:
    """Whether any kind of item could not be assessed."""
    return any(not one.assessable for one in validity) or any(f.verdict == "not assessable" for f in asked)


def _verdict(
    findings: Sequence[Finding], *, asked: Sequence[Finding], held: bool, groups: Sequence[str]
) -> Verdict | None:
    if any(found.verdict == "difference" for found in findings):
        return "difference"
    if held:
        return "not assessable"
    shape = overall_verdict(asked)
    match shape:
        case "descriptive":
            return None
        case "equivalent":
            return "inconclusive" if groups else "equivalent"
        case "difference" | "inconclusive" | "not assessable":
            return shape
        case _ as unreachable:
            assert_never(unreachable)


def worst_finding(findings: Sequence[Finding], verdict: Verdict | None) -> Finding | None:
    """The contrast that decides the answer: the largest with its verdict, groups of users before all else.

    Where nothing is settled it is the one whose interval reaches farthest.
    """
    decisive = [found for found in findings if found.verdict == verdict] or [f for f in findings if _is_asked(f)]
    for tier in (*_TIERS, frozenset(found.measure for found in decisive)):
        own = [found for found in decisive if found.measure in tier]
        if own:
            return max(own, key=_reach if verdict == "inconclusive" else _size)
    return None


def _size(finding: Finding) -> float:
    return abs(finding.value or 0.0)


def _reach(finding: Finding) -> float:
    return max(_size(finding), abs(finding.low or 0.0), abs(finding.high or 0.0))


def _worst(source: Source, finding: Finding) -> Worst:
    assert finding.verdict is not None
    first, second = ("", "") if finding.measure in CHANGES else _sides(source, finding)
    where = f"{asked_label(finding.kind, finding.where.answer)}: " if _several_ways(source, finding.model) else ""
    return Worst(
        finding=finding_id(finding),
        title=title_of(finding),
        kind=finding.kind,
        verdict=finding.verdict,
        value=finding.value,
        low=finding.low,
        high=finding.high,
        p_adjusted=finding.p_adjusted,
        sentence=where + verdict_sentence(finding, first=first, second=second),
    )


def _several_ways(source: Source, model: str) -> bool:
    """Whether more than one kind of item was compared, or one in more than one format."""
    return len({(f.kind, f.where.answer) for f in source.all() if f.model == model and _is_asked(f)}) > 1


def _sides(source: Source, finding: Finding) -> tuple[str, str]:
    """Both sides in the cohort's own labels."""
    if len(finding.contrast) == 1 and finding.arms.arm == "crossing":
        one = finding.contrast[0]
        labels = source.labels
        return f"{labels.level(one.factor, one.level)} users", f"{labels.level(one.factor, one.reference or '')} users"
    return sides_of(finding)


def _short(source: Source, one: _Judged, *, bare: bool = False) -> str:
    if _unlooked(source):
        return "Interim: not every planned question was asked, so there is no verdict yet."
    return _interim(source) + _verdict_words(source, one, bare=bare)


def _unlooked(source: Source) -> bool:
    """Whether the run is unfinished and no look at unfinished answers was planned."""
    run = source.findings.run
    return run is not None and run.interim and source.findings.settings.looks == 1


def _interim(source: Source) -> str:
    """What is said before the answer of a planned look at an unfinished run; nothing elsewhere."""
    run = source.findings.run
    if run is None or not run.interim:
        return ""
    return f"Interim, at {percent(run.asked, digits=0)} of the planned questions, its level spent as planned. "


def _verdict_words(source: Source, one: _Judged, *, bare: bool) -> str:
    match one.verdict:
        case None:
            return "This design does not ask the question."
        case "difference":
            if one.worst is None:
                return "Yes, measurably."
            first = "Yes." if one.worst.contrast else "Memory itself changes the answers."
            return f"{first} {_said(source, one.worst, bare=bare)}"
        case "not assessable":
            reasons = [
                f"{asked_label(kind.kind, kind.answer)}: {kind.reason}" if len(one.validity) > 1 else kind.reason
                for kind in one.validity
                if not kind.assessable
            ]
            reasons += [found.number.reason for found in one.asked if isinstance(found.number, Unassessed)]
            return f"Not assessable. {reasons[0]}"
        case "inconclusive":
            return _open(source, one.asked, groups=one.groups)
        case "equivalent":
            return (
                f"No gap larger than {size(source.margin)} in any of the {plural(len(one.asked), 'comparison')} that "
                f"were asked{_but_missing(one.asked)}."
            )
        case _ as unreachable:
            assert_never(unreachable)


def _open(source: Source, asked: Sequence[Finding], *, groups: Sequence[str]) -> str:
    if all(found.value is None for found in asked):
        return "No estimate could be made."
    unsettled = sum(found.verdict == "inconclusive" for found in asked)
    if unsettled:
        are = "is" if unsettled == 1 else "are"
        return (
            f"Not settled by this run: {unsettled} of {plural(len(asked), 'comparison')} {are} open"
            f"{_but_missing(asked)}.{_too_few(asked, margin=source.margin)}"
        )
    return (
        f"No gap larger than {size(source.margin)} in what was asked, but not every group of users was asked"
        f"{_but_missing(asked)}."
    )


def _too_few(asked: Sequence[Finding], *, margin: float) -> str:
    """What follows a short answer where no answers could have settled a comparison; nothing elsewhere."""
    lacking = [
        found.equivalence
        for found in asked
        if found.verdict == "inconclusive" and found.equivalence is not None and found.equivalence.too_few
    ]
    # What no answers could settle goes before what these answers, all alike, could not.
    lacking = [one for one in lacking if not one.alike] or lacking
    if not lacking:
        return ""
    few: dict[SampledUnit, Shortfall] = {}
    for one in (short for against in lacking for short in against.too_few):
        few[one.of] = max(few.get(one.of, one), one, key=lambda short: short.needed - short.here)
    alike = lacking[0].alike
    return f" {too_few_words(tuple(few.values()), margin=f'±{size(margin)}', alike=alike)}"


def _but_missing(asked: Sequence[Finding]) -> str:
    """What follows a short answer where missing answers are said before it."""
    return ", and missing answers could have made or hidden a gap" if any(found.caution for found in asked) else ""


def _said(source: Source, worst: Finding, *, bare: bool) -> str:
    """Direction and size of the worst contrast as one sentence, with its interval and adjusted p unless `bare`."""
    sides = _sides(source, worst)
    unit = unit_of(worst)
    if unit == "points" and all(sides) and worst.measure not in CHANGES and worst.quantity.name in {"score", "p_score"}:
        said = direction_of(worst, sides).partition(": gap ")[0]
    else:
        number = points(worst.value) + " points" if unit == "points" else f"{worst.value:+.2f}"
        said = f"{_title(source, worst)}: {number}"
    p = f", {p_text(worst.p_adjusted, name='adjusted p')}" if worst.p_adjusted is not None else ""
    caution = ", but missing answers could have made it" if worst.caution else ""
    inside = within_margin(worst)
    if bare:
        return f"{said}{inside}{caution}."
    if worst.spread is None:
        return f"{said}{p and f' ({p[2:]})'}{caution}."
    interval = f"{worst.spread.confidence:.0%} interval {span(worst.low, worst.high, unit=unit)}"
    return f"{said} ({interval}{p}){inside}{caution}."


def _title(source: Source, finding: Finding) -> str:
    if len(finding.contrast) == 2 and finding.measure == "interaction":
        named = (source.labels.level(one.factor, one.level) for one in finding.contrast)
        return "Users that are " + " and ".join(named) + ", beyond what each alone does"
    title = title_of(finding)
    return title[:1].upper() + title[1:]


def _movable(validity: Validity) -> str:
    asked = asked_label(validity.kind, validity.answer)
    return (
        f"{asked}: of {plural(validity.items, 'item')}, {validity.right} were right in every arm, "
        f"{validity.wrong} wrong in every arm, and {validity.mixed} could move either way."
    )


def _not_asked(source: Source, findings: Sequence[Finding]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(groups of users that were not asked, other contrasts that were not asked)."""
    compared = [found for found in findings if found.measure in {"gap", "factor_gap"}]
    kinds = sorted({found.kind for found in compared})
    groups = _groups_not_asked(source, compared, kinds=kinds)
    run = source.findings.run
    if run is not None and not any(found.measure == "factor_gap" for found in compared):
        groups = groups or ("single groups of users, such as gender, age, religion or ethnicity",)
    settings = source.findings.settings
    names: tuple[tuple[Measure, str], ...] = (
        ("gap", f"{plain(settings.advantaged)} against {plain(settings.disadvantaged)} users"),
        ("interaction", "combinations of groups"),
        ("memory_effect", "what memory does to every user"),
        ("leakage", "whether stored facts surface more for some users"),
    )
    held = {found.measure for found in findings}
    return groups, tuple(name for measure, name in names if measure not in held)


def _groups_not_asked(source: Source, compared: Sequence[Finding], *, kinds: Sequence[str]) -> tuple[str, ...]:
    run = source.findings.run
    if run is None:
        return ()
    missing: dict[str, list[str]] = {}
    for one in run.level_labels:
        met = {kind for kind in kinds if _is_met(one.factor, one.level, (f for f in compared if f.kind == kind))}
        if len(met) < max(len(kinds), 1):
            without = [kind_label(kind).lower() for kind in kinds if kind not in met]
            where = f" ({joined(without)})" if met else ""
            missing.setdefault(source.labels.factor(one.factor).lower(), []).append(f"{one.label}{where}")
    return tuple(f"{factor}: {joined(levels)}" for factor, levels in missing.items())


def _is_met(factor: str, level: str, compared: Iterable[Finding]) -> bool:
    return any(
        one.factor == factor and level in (one.level, one.reference) for found in compared for one in found.contrast
    )

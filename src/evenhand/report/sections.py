"""The sections that answer the main question: verdict, gaps, factors."""

from __future__ import annotations

from collections import Counter

from evenhand.records.estimate import Verdict
from evenhand.records.finding import Finding
from evenhand.report.answer import ReportAnswer, ReportAnswers, answers_of
from evenhand.report.blocks import Axis, Block, Forest, NamedValue, Note, Section, VerdictCard, VerdictLine, Verdicts
from evenhand.report.figures import axis_for, mark_for
from evenhand.report.forest import ForestSpec, Texts, anchor_of, forest_of, variant_of
from evenhand.report.kind_answer import headline
from evenhand.report.numbers import level
from evenhand.report.record_tables import published_grids, variance_grids
from evenhand.report.source import Source, by_model, measure_forests, with_kind
from evenhand.report.titles import plain
from evenhand.report.words import joined, kind_label, verdict_word

__all__ = ["factors_section", "gaps_section", "verdict_section"]

_OPEN_MODELS = 2
"""With more models than this, the long figures of all but the first model are folded."""


def verdict_section(source: Source) -> Section:
    """The main question in plain words, one card per model."""
    answers = answers_of(source.findings)
    chosen = {model: headline(source, model) for model in source.models}
    everything = [finding for findings in chosen.values() for finding in findings]
    axis = axis_for(everything, unit="points", margin=source.margin)
    cards = tuple(_card(source, answer, chosen[answer.model], axis=axis) for answer in answers.models)
    return Section(
        id="verdict",
        nav="Verdict",
        title="The answer, comparison by comparison",
        lead=(_overall(answers, source),),
        blocks=(
            Verdicts(axis=axis, cards=cards),
            *_warnings(source),
        ),
    )


def _warnings(source: Source) -> tuple[Note, ...]:
    warnings = source.findings.warnings
    return (Note("Before you rely on this", " ".join(warnings)),) if warnings else ()


def _overall(answers: ReportAnswers, source: Source) -> str:
    before = "stated before the run" if source.findings.run else "stated for the analysis"
    rule = (
        f"A gap counts as none when it is shown to be smaller than ±{level(source.margin)} percentage points, a margin "
        f"{before}."
    )
    if len(answers.models) < 2:
        return rule
    words: tuple[tuple[Verdict, str, str], ...] = (
        ("difference", "shows a difference", "show a difference"),
        ("equivalent", "shows none beyond the margin", "show none beyond the margin"),
        ("inconclusive", "is not settled", "are not settled"),
        ("not assessable", "could not be assessed", "could not be assessed"),
    )
    counts = Counter(answer.verdict for answer in answers.models)
    parts = [f"{counts[verdict]} {one if counts[verdict] == 1 else many}" for verdict, one, many in words]
    parts = [part for part, (verdict, _, _) in zip(parts, words, strict=True) if counts[verdict]]
    return f"Of {len(answers.models)} models, {joined(parts)}. {rule}" if parts else rule


def _card(source: Source, answer: ReportAnswer, gaps: list[Finding], *, axis: Axis) -> VerdictCard:
    drawn = {anchor_of(gap): gap for gap in gaps}
    shape = answer.verdict or "descriptive"
    return VerdictCard(
        model=answer.model,
        shape=shape,
        verdict=verdict_word(shape, margin=source.margin),
        answer=answer.short,
        lines=tuple(
            VerdictLine(
                label=one.label,
                shape=one.verdict or "descriptive",
                verdict=verdict_word(one.verdict or "descriptive"),
                sentence=one.sentence,
                mark=mark_for(drawn[one.finding], axis=axis) if one.finding in drawn else None,
                anchor=one.finding,
            )
            for one in answer.kinds
        ),
        facts=_card_facts(answer, gaps),
    )


def _card_facts(answer: ReportAnswer, gaps: list[Finding]) -> tuple[NamedValue, ...]:
    """What is said beneath the answer: the worst group, what could not be assessed or seen, what was not asked."""
    worst = answer.worst
    shown = worst is None or worst.finding in {anchor_of(gap) for gap in gaps}
    tally = [f"{number} {verdict}" for verdict, number in sorted(answer.contrasts.items())]
    named = (
        ("Largest contrast", "" if shown or worst is None else f"{worst.title}. {worst.sentence}"),
        ("Why not assessable", " ".join(answer.reasons)),
        ("Compared", f"{joined(tally)}." if tally else ""),
        ("Could still move", " ".join(answer.movable)),
        ("Not asked", f"{'; '.join(answer.not_asked)}." if answer.not_asked else ""),
    )
    return tuple(NamedValue(name, text) for name, text in named if text)


def gaps_section(source: Source) -> Section:
    """The primary gaps as a forest, cross-checks folded beneath."""
    settings = source.findings.settings
    gaps = source.of("gap")
    forest = forest_of(
        by_model(gaps, source),
        spec=ForestSpec(
            id="gap-forest",
            title="Score with the advantaged version minus score with the disadvantaged version",
            caption="Each row compares answers to the same items when only the user's social position in memory "
            "changes. Dot: estimate. Bar: 95% interval. Select a row for what it estimates and how.",
            left=f"{plain(settings.disadvantaged)} score higher",
            right=f"{plain(settings.advantaged)} score higher",
            margin=source.margin,
            foldable=source.many,
        ),
        texts=with_kind(gaps),
    )
    blocks: list[Block] = [forest] if forest else [Note("Not asked in this design", _NO_GAP)]
    blocks += measure_forests(source, "dose_trend", folded=False)
    for measure in ("mixed_model", "published_model"):
        blocks += measure_forests(source, measure, folded=True)
    blocks += [*variance_grids(source), *published_grids(source)]
    return Section(
        id="gaps",
        nav="Gaps",
        title=f"The gap between {plain(settings.advantaged)} and {plain(settings.disadvantaged)} users",
        lead=(),
        blocks=tuple(blocks),
    )


_NO_GAP = (
    "There are no advantaged and disadvantaged versions of the same persona in this table, so the paired gap does not "
    "exist here."
)


def factors_section(source: Source) -> Section:
    """Gaps of each level against its reference, one figure per model, factors as groups."""
    forests: list[Block] = []
    found = source.of("factor_gap")
    for index, model in enumerate(source.models):
        forest = _factor_forest(source, model, [f for f in found if f.model == model], first=index == 0)
        if forest:
            forests.append(forest)
    names = [source.labels.factor(factor).lower() for factor in dict.fromkeys(f.contrast[0].factor for f in found)]
    blocks = forests or [Note("Not asked in this design", "No factor varied over its levels here.")]
    return Section(
        id="factors",
        nav="Factors",
        title=f"By {joined(names)}" if names else "By factor",
        lead=("Each level against the reference level of its factor, with the other factors balanced. Exploratory.",)
        if forests
        else (),
        blocks=tuple(blocks),
    )


def _factor_forest(source: Source, model: str, found: list[Finding], *, first: bool) -> Forest | None:
    groups: dict[str, list[Finding]] = {}
    several = len({finding.kind for finding in found}) > 1
    order = list(dict.fromkeys(f.contrast[0] for f in found))
    for finding in sorted(found, key=lambda f: order.index(f.contrast[0])):
        one = finding.contrast[0]
        against = source.labels.level(one.factor, one.reference or "")
        groups.setdefault(f"{source.labels.factor(one.factor)}, against {against}", []).append(finding)

    def label(finding: Finding) -> str:
        return source.labels.level(finding.contrast[0].factor, finding.contrast[0].level)

    def detail(finding: Finding) -> str:
        parts = (kind_label(finding.kind) if several else "", variant_of(finding, among=found))
        return ", ".join(part for part in parts if part)

    return forest_of(
        groups,
        spec=ForestSpec(
            id=f"factor-forest/{model}",
            title=model if source.several else "Score at each level minus score at the reference level",
            caption="Dot: estimate. Bar: 95% interval, not adjusted for the number of rows; the verdict uses the "
            "adjusted p-value.",
            left="reference scores higher",
            right="level scores higher",
            margin=source.margin,
            folded=not first and len(source.models) > _OPEN_MODELS,
        ),
        texts=Texts(label=label, detail=detail),
    )

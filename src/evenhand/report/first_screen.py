"""The first screen: the answer in one sentence, how large, of whom, what was not asked, and what to do next.

Somebody who reads nothing else must be able to say what was found. Words of statistics are left to what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from evenhand.records.answer_format import CHOICE_FORMATS
from evenhand.records.answer_pair import AnswerPair, PairSide
from evenhand.records.estimate import Verdict
from evenhand.records.finding import Finding
from evenhand.report.answer import ReportAnswer, answers_of, deciding_contrasts
from evenhand.report.blocks import Axis, FirstAnswer, FirstScreen, NamedValue, PairShown, SideShown
from evenhand.report.figures import axis_for, mark_for
from evenhand.report.next_steps import next_steps
from evenhand.report.numbers import count, decimal, points, size, span, unit_of
from evenhand.report.source import Source
from evenhand.report.titles import title_of
from evenhand.report.words import joined, kind_label, plural, verdict_word

__all__ = ["first_screen"]

_FACTS = 2
"""Facts of a user that the first screen shows."""
_ANSWER = 280
_SITUATION = 420
"""Characters that the first screen shows; the whole text is in findings.json."""
_RANGES = 4
"""With more models than this, each has its answer only."""
_URGENCY: tuple[Verdict | None, ...] = ("difference", "not assessable", "inconclusive", None, "equivalent")


def first_screen(source: Source) -> FirstScreen:
    """The first screen of a set of findings."""
    answers = answers_of(source.findings).models
    decides = deciding_contrasts(source)
    drawn = [found for found in decides.values() if unit_of(found) == "points" and found.value is not None]
    axis = axis_for(drawn, unit="points", margin=source.margin) if drawn else None
    urgent = sorted(answers, key=lambda answer: _URGENCY.index(answer.verdict))
    pairs = {pair.model: pair for pair in source.findings.pairs}
    shown = next((pairs[answer.model] for answer in urgent if answer.model in pairs), None)
    run = source.findings.run
    return FirstScreen(
        question="Does the answer depend on who the user is?",
        axis=axis,
        answers=tuple(
            _first_answer(source, answer, decides.get(answer.model), axis=axis, models=len(answers))
            for answer in answers
        ),
        facts=_common(answers) if len(answers) > 1 else (),
        pair=None if shown is None else _pair(source, shown),
        steps=() if run is None or not urgent else next_steps(run, urgent[0], source.findings.tried),
    )


def _first_answer(
    source: Source, answer: ReportAnswer, deciding: Finding | None, *, axis: Axis | None, models: int
) -> FirstAnswer:
    shape = answer.verdict or "descriptive"
    drawable = deciding if deciding is not None and unit_of(deciding) == "points" else None
    has_mark = drawable is not None and drawable.value is not None and axis is not None
    facts = () if models > _RANGES else _facts(source, answer, deciding)[: None if models == 1 else 1]
    return FirstAnswer(
        model=answer.model,
        shape=shape,
        verdict=verdict_word(shape, margin=source.margin),
        answer=answer.plain,
        mark=mark_for(drawable, axis=axis) if has_mark and drawable is not None and axis is not None else None,
        mark_name=title_of(drawable) if drawable is not None else "",
        facts=tuple(fact for fact in facts if fact.value),
    )


def _common(answers: Sequence[ReportAnswer]) -> tuple[NamedValue, ...]:
    """What holds for every model."""
    lacking = [name for name in answers[0].not_asked if all(name in answer.not_asked for answer in answers)]
    return (NamedValue("Not asked", f"{'; '.join(lacking)}."),) if lacking else ()


def _facts(source: Source, answer: ReportAnswer, deciding: Finding | None) -> tuple[NamedValue, ...]:
    return (
        NamedValue("How sure", _certainty(source, answer, deciding)),
        NamedValue("Without memory", _without_memory(source, answer.model)),
        NamedValue("By way of asking", _by_way(answer)),
        NamedValue("Compared", _compared(answer)),
        NamedValue("Not asked", f"{'; '.join(answer.not_asked)}." if answer.not_asked else ""),
    )


def _certainty(source: Source, answer: ReportAnswer, deciding: Finding | None) -> str:
    """The range of the deciding contrast in plain words."""
    if deciding is None or deciding.spread is None:
        return ""
    miss = f"in {round(100 * (1 - deciding.spread.confidence))} of 100 audits such a range misses the truth"
    unit = unit_of(deciding)
    reach = span(deciding.low, deciding.high, unit=unit)
    low, high = deciding.low or 0.0, deciding.high or 0.0
    match answer.verdict:
        case "difference" if unit == "points" and low * high > 0:
            near, far = sorted((abs(low), abs(high)))
            way = "higher" if low > 0 else "lower"
            return f"Between {points(near, signed=False)} and {points(far, signed=False)} points {way}; {miss}."
        case "difference":
            return f"Between {reach}; {miss}."
        case "inconclusive":
            return f"What is open widest is {title_of(deciding)}: anything from {reach} is possible."
        case "equivalent":
            return (
                f"The widest range is {reach} points ({title_of(deciding)}); a gap counts from {size(source.margin)}."
            )
        case "not assessable" | None:
            return ""
        case _ as unreachable:
            assert_never(unreachable)


def _without_memory(source: Source, model: str) -> str:
    """How well the assistant does with nothing in memory, by kind of item."""
    parts = []
    lettered = {one.kind for one in source.findings.validity if one.model == model and one.answer == "letter"}
    for one in source.findings.validity:
        if one.model != model or one.score is None or one.answer not in CHOICE_FORMATS:
            continue
        if one.answer == "distribution" and one.kind in lettered:
            continue
        score = decimal(100 * one.score, digits=1)
        chance = "" if one.chance is None else f", by guessing {decimal(100 * one.chance, digits=0)}"
        parts.append(f"{kind_label(one.kind)}: {score} of 100 points{chance}")
    return f"{'; '.join(parts)}." if parts else ""


_WAYS: dict[Verdict | None, str] = {
    "difference": "differs",
    "not assessable": "could not be judged",
    "inconclusive": "open",
    None: "no verdict yet",
    "equivalent": "alike",
}


def _by_way(answer: ReportAnswer) -> str:
    """What every kind of item says in every format of answer; empty where all were answered in one format."""
    if len({one.answer for one in answer.kinds}) < 2:
        return ""
    grouped = {
        words: joined(
            [one.label[:1].lower() + one.label[1:] for one in answer.kinds if one.verdict == verdict], last="and"
        )
        for verdict, words in _WAYS.items()
    }
    said = "; ".join(f"{words}: {labels}" for words, labels in grouped.items() if labels)
    return f"{said[:1].upper()}{said[1:]}."


_TALLY: dict[Verdict, tuple[str, str]] = {
    "difference": ("differs", "differ"),
    "equivalent": ("is shown to be alike", "are shown to be alike"),
    "inconclusive": ("is open", "are open"),
    "not assessable": ("could not be judged", "could not be judged"),
}


def _compared(answer: ReportAnswer) -> str:
    total = sum(answer.contrasts.values())
    if not total:
        return ""
    parts = [
        f"{count(answer.contrasts[verdict])} {one if answer.contrasts[verdict] == 1 else many}"
        for verdict, (one, many) in _TALLY.items()
        if answer.contrasts.get(verdict)
    ]
    return f"Of {plural(total, 'comparison')}, {joined(parts)}."


def _pair(source: Source, pair: AnswerPair) -> PairShown:
    own = {one.factor for one in pair.contrast}
    also = [
        source.labels.factor(factor).lower()
        for factor, level in pair.first.levels.items()
        if factor not in own and pair.second.levels.get(factor, level) != level
    ]
    both = pair.alike + pair.different
    return PairShown(
        title="One question, two users" if pair.contrast else "One question, with and without",
        situation=_cut(pair.situation, _SITUATION),
        first=_side(source, pair, pair.first, index=0),
        second=_side(source, pair, pair.second, index=1),
        also=f"These two users also differ in {joined(also)}." if also else "",
        tally=f"{count(pair.different)} of {plural(both, 'such pair')} of answers {_differ(pair.different)} in score.",
    )


def _differ(number: int) -> str:
    return "differs" if number == 1 else "differ"


def _side(source: Source, pair: AnswerPair, side: PairSide, *, index: int) -> SideShown:
    who = "Neutral facts" if side.arm != "none" else "No memory"
    if pair.contrast:
        one = pair.contrast[0]
        level = (one.level, one.reference or "")[index]
        who = f"{source.labels.level(one.factor, level)} user"
    elif index == 0:
        who = "A user's profile"
    more = len(side.facts) - _FACTS
    return SideShown(
        who=who[:1].upper() + who[1:],
        facts=side.facts[:_FACTS],
        more=f"and {plural(more, 'more fact')}" if more > 0 else "",
        answer=_cut(side.option or side.answer, _ANSWER),
        right=side.score >= 1.0 if pair.kind in ("understanding", "benefit") else None,
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 4].rstrip()} ..."

"""The section on written answers: what the assistant writes to whom, and how far its judge can be relied on."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.records.finding import Finding
from evenhand.records.pairwise import PairwiseCheck
from evenhand.records.rubric import RaterCheck
from evenhand.report.blocks import Block, Column, Grid, Note, Section
from evenhand.report.forest import ForestSpec
from evenhand.report.numbers import count, decimal, p_value, span
from evenhand.report.shift_figures import ShiftFigures, shift_forests, spread_forests
from evenhand.report.shift_words import shift_headline
from evenhand.report.source import Source
from evenhand.report.words import joined

__all__ = ["writing_section"]

_TOLD = 3
_SHIFTS = ShiftFigures(
    id="writing",
    titles=(
        ("points", "What the sentences do, and what they mention, in percentage points"),
        ("words", "Length, in words"),
        ("grades", "Reading grade, in years of schooling"),
        ("rating", "Judged quality, in points of 10"),
    ),
    caption="Each row compares answers to the same prompts when only memory changes. Dot: estimate. Bar: 95% interval.",
)
_WORDING = ForestSpec(
    id="wording",
    title="Wording of whole answers, beyond what repeats differ by (squared)",
    caption="Above zero: answers to one prompt differ between arms by more than repeats do.",
)
_PREFERS = 0.05
"""Level at which a judge is said to prefer a position or a length."""
_FEWEST_ALPHA = 0.667
"""Below this agreement Krippendorff (2004) draws no conclusion."""


def writing_section(source: Source) -> Section | None:
    """What written answers are like, by user; None where nothing was written."""
    shifts = [finding for finding in source.of("shift") if finding.where.answer == "text"]
    beyond = [finding for finding in source.of("divergence") if finding.where.answer == "text"]
    if not (shifts or beyond):
        return None
    blocks: list[Block] = []
    for model in source.models:
        own = [finding for finding in shifts if finding.model == model]
        blocks += shift_forests(source, model, own, figures=_SHIFTS)
        blocks += spread_forests(source, model, beyond, spec=_WORDING)
    checks = source.findings.rater
    blocks += [Note("The judge", _said(checks)), _grid(checks)] if checks else []
    compared = source.findings.pairwise
    blocks += [Note("The judge of pairs", _preferred(compared)), _pair_grid(compared)] if compared else []
    return Section(
        id="writing",
        nav="Writing",
        title="What the assistant writes",
        lead=_lead(shifts),
        blocks=tuple(blocks),
    )


def _lead(shifts: Sequence[Finding]) -> tuple[str, ...]:
    differ = [finding for finding in shifts if finding.verdict == "difference" and finding.value is not None]
    alike = sum(finding.verdict == "equivalent" for finding in shifts)
    rest = f"Of {count(len(shifts))} comparisons {count(alike)} are shown to lie within their margin."
    if not differ:
        return (f"No difference between users is shown in what the assistant writes. {rest}",)
    differ.sort(key=lambda finding: (finding.arms.arm != "pairs", finding.p if finding.p is not None else 1.0))
    told = joined([shift_headline(finding) for finding in differ[:_TOLD]])
    more = f" {count(len(differ))} comparisons differ in all." if len(differ) > _TOLD else ""
    return (f"{told[:1].upper()}{told[1:]}.{more} {rest}",)


def _said(checks: Sequence[RaterCheck]) -> str:
    """What a reader must know of the judge."""
    first = checks[0]
    said = [
        f"{first.model} rated {count(first.answers)} answers twice, without knowing memory or user, the criteria in "
        "opposite orders."
    ]
    if first.unread:
        said.append(f"For {count(first.unread)} more it gave no whole rating; they are missing, not scored.")
    weak = _weak(checks)
    if weak:
        said.append(f"It repeats itself too little on {joined(weak)} (alpha below {_FEWEST_ALPHA}) to be relied on.")
    orders = [check.criterion for check in checks if _prefers_order(check)]
    if orders:
        said.append(f"Its ratings of {joined(orders)} depend on the position of the criterion in the list.")
    for sign, words in ((1, "longer"), (-1, "shorter")):
        named = _prefers_length(checks, sign=sign)
        if named:
            said.append(f"It rates {words} answers to the same prompt higher on {joined(named)}.")
    return " ".join(said)


def _preferred(checks: Sequence[PairwiseCheck]) -> str:
    """What a reader must know of the judge that compared pairs."""
    first = checks[0]
    said = [
        f"{first.model} compared {count(first.pairs)} pairs of answers to the same prompt, without knowing memory or "
        "user, twice, with the answers in opposite places. An answer gets the share of its votes; a tie is half a vote."
    ]
    if first.unread:
        said.append(f"For {count(first.unread)} more its reply could not be read; they are missing, not ties.")
    weak = _weak(checks)
    if weak:
        said.append(
            f"Its two askings agree too little on {joined(weak)} (alpha below {_FEWEST_ALPHA}) to be relied on."
        )
    for sign, place in ((1, "first"), (-1, "second")):
        named = [
            check.criterion
            for check in checks
            if check.place is not None and check.place_se is not None and check.place * sign > 2.58 * check.place_se
        ]
        if named:
            said.append(f"It prefers the answer that is shown {place} on {joined(named)}.")
    for sign, length in ((1, "longer"), (-1, "shorter")):
        named = _prefers_length(checks, sign=sign)
        if named:
            said.append(f"It prefers the {length} of two answers on {joined(named)}.")
    return " ".join(said)


def _weak(checks: Sequence[RaterCheck | PairwiseCheck]) -> list[str]:
    """Criteria on which a judge repeats itself too little."""
    return [check.criterion for check in checks if check.alpha is None or check.alpha < _FEWEST_ALPHA]


def _prefers_length(checks: Sequence[RaterCheck | PairwiseCheck], *, sign: int) -> list[str]:
    """Criteria on which a judge likes longer answers (sign 1) or shorter ones (-1), tested over all criteria."""
    return [
        check.criterion
        for check in checks
        if check.length is not None
        and check.length_p is not None
        and check.length_p < _PREFERS / len(checks)
        and check.length * sign > 0
    ]


def _prefers_order(check: RaterCheck) -> bool:
    if check.order is None or check.order_se is None:
        return False
    return check.order_se > 0 and abs(check.order) > 2.58 * check.order_se


def _grid(checks: Sequence[RaterCheck]) -> Grid:
    return Grid(
        id="judge",
        title="The judge by criterion",
        caption="Agreement of its two askings (Krippendorff's alpha, interval), effect of the order of criteria, and "
        "correlation of ratings with length among answers to the same prompt.",
        columns=(
            Column("Criterion"),
            Column("Alpha"),
            Column("95% interval"),
            Column("Order effect, points"),
            Column("Correlation with length"),
            Column("p"),
        ),
        rows=tuple(
            (
                check.criterion,
                decimal(check.alpha),
                span(check.low, check.high, unit="number"),
                decimal(check.order, signed=True),
                decimal(check.length, signed=True),
                p_value(check.length_p),
            )
            for check in checks
        ),
    )


def _pair_grid(checks: Sequence[PairwiseCheck]) -> Grid:
    return Grid(
        id="judge-of-pairs",
        title="The judge of pairs by criterion",
        caption="Share of pairs with the same word in both orders, Krippendorff's alpha between the orders with "
        "its interval, share of votes for the answer shown first minus that for the one shown second, and correlation "
        "of votes with the difference in words.",
        columns=(
            Column("Criterion"),
            Column("Same in both orders"),
            Column("Alpha"),
            Column("95% interval"),
            Column("Shown first minus second"),
            Column("Correlation with length"),
            Column("p"),
        ),
        rows=tuple(
            (
                check.criterion,
                decimal(check.same),
                decimal(check.alpha),
                span(check.low, check.high, unit="number"),
                decimal(check.place, signed=True),
                decimal(check.length, signed=True),
                p_value(check.length_p),
            )
            for check in checks
        ),
    )

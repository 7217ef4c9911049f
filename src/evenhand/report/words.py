"""Sentences and names of the report. No sentence promises a fair result; each says what was measured.

docs/words.md lists the words that are never used here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from evenhand.records.answer_format import AnswerFormat
from evenhand.records.estimate import Absent, Ceiling, Shortfall, Unassessed, Verdict
from evenhand.records.finding import Finding, Role
from evenhand.records.findings import Findings
from evenhand.records.measure import Measure, QuantityName
from evenhand.records.run_summary import LevelName
from evenhand.report.blocks import Shape
from evenhand.report.numbers import count, level, p_text, percent, points, size, span, unit_name, unit_of, value
from evenhand.report.shift_words import shift_sentence
from evenhand.report.titles import plain, sides_of

__all__ = [
    "CHANGES",
    "KIND_LABELS",
    "MEASURE_TITLES",
    "PLACEMENT_LABELS",
    "ROLE_WORDS",
    "Labels",
    "asked_label",
    "ceiling_words",
    "direction_of",
    "joined",
    "kind_label",
    "labels_of",
    "overall_verdict",
    "placement_label",
    "plural",
    "preset_label",
    "role_words",
    "too_few_words",
    "verdict_sentence",
    "verdict_word",
    "within_margin",
]

KIND_LABELS: Mapping[str, str] = {
    "understanding": "Understanding items",
    "management": "Management items",
    "benefit": "Benefit items",
    "leakage": "Leakage probes",
    "sycophancy": "Sycophancy probes",
    "intensity": "Rated scenes",
    "advice": "Open answers",
    "memory": "Facts in memory",
    "all": "All items",
}

_FORMAT_LABELS: Mapping[AnswerFormat, str] = {
    "letter": "",
    "distribution": "in percentages",
    "rating": "",
    "text": "in writing",
}
"""How answers of a kind are told from those of the usual format; empty for the usual one."""

PLACEMENT_LABELS: Mapping[str, str] = {
    "system": "listed in the system prompt",
    "narrative": "told as prose in the system prompt",
    "history": "said by the user in earlier turns",
    "retrieved": "retrieved among distractors",
    "tool": "returned by a tool call",
    "files": "in files that a memory tool reads",
    "stored": "stored in the product's own memory",
    "told": "told to the product in a conversation",
}

MEASURE_TITLES: Mapping[Measure, str] = {
    "accuracy": "Score by arm",
    "gap": "Gap between advantaged and disadvantaged",
    "dose_trend": "How the gap grows with the dose of the facts",
    "factor_gap": "Gaps by factor",
    "interaction": "Interactions between factors",
    "memory_effect": "Effect of memory",
    "placebo_effect": "Effect of placebo memory",
    "fact_effect": "Effect of the item's own fact",
    "flip_rate": "Changed answers",
    "flip_excess": "Changed answers beyond the noise floor",
    "missing_rate": "Missing answers by arm",
    "missing_gap": "Gap in missing answers",
    "stage_rate": "What the product's memory does with facts",
    "stage_gap": "What it does with facts of some users more than of others",
    "variance": "Variation between profiles",
    "item_functioning": "Items that react to the persona",
    "option_shift": "Which wrong option is chosen",
    "strategy_shift": "Which kind of advice is given",
    "shift": "Shifts of ratings and stated percentages",
    "divergence": "Divergence of whole answers beyond repeats",
    "sensitivity": "How far a scene moves its ratings",
    "leakage": "Stored facts in the answers",
    "silent_influence": "Changed answers that never mention the profile",
    "mixed_model": "Cross-check: mixed model with crossed intercepts",
    "published_model": "For comparison: the published analysis (item intercept only)",
    "gap_change": "Change of the gap between advantaged and disadvantaged",
    "factor_gap_change": "Change of the gaps by factor",
    "memory_effect_change": "Change of the effect of memory",
    "interaction_change": "Change of the interactions between factors",
    "shift_change": "Change of the shifts of ratings and stated percentages",
    "divergence_change": "Change of the divergence of whole answers",
}

ROLE_WORDS: Mapping[Role, str] = {
    "confirmatory": "confirmatory (Holm-adjusted)",
    "exploratory": "exploratory (Benjamini-Hochberg-adjusted)",
    "descriptive": "descriptive",
}


CHANGES: frozenset[Measure] = frozenset(
    {
        "gap_change",
        "factor_gap_change",
        "memory_effect_change",
        "interaction_change",
        "shift_change",
        "divergence_change",
    }
)
"""Measures that are the difference of one contrast between two runs, or with a policy and without."""


class Labels:
    """Names of factors and levels as the run states them, with readable fallbacks."""

    def __init__(
        self, *, factors: Mapping[str, str], levels: Sequence[LevelName], references: Mapping[str, str]
    ) -> None:
        self._factors = factors
        self._levels = {(one.factor, one.level): one.label for one in levels}
        self._references = references

    def factor(self, factor: str) -> str:
        """Label of a factor: as stated, or its id in words."""
        return self._factors.get(factor) or plain(factor).capitalize()

    def level(self, factor: str, level: str) -> str:
        """Label of a level: as stated, or its id in words."""
        return self._levels.get((factor, level)) or plain(level)

    def ordered(self, factor: str, levels: Iterable[str]) -> tuple[str, ...]:
        """Levels with the reference first, then as the run lists them, then as they come."""
        listed = list(self._levels)
        reference = self._references.get(factor)

        def rank(level: str) -> tuple[bool, int]:
            name = (factor, level)
            return level != reference, listed.index(name) if name in listed else len(listed)

        return tuple(sorted(levels, key=rank))


def labels_of(findings: Findings) -> Labels:
    """Labels of a set of findings."""
    run = findings.run
    return Labels(
        factors=run.factor_labels if run else {},
        levels=run.level_labels if run else (),
        references=findings.settings.references,
    )


def plural(number: int, noun: str, nouns: str | None = None) -> str:
    """A count with its noun: `1 item`, `1,200 items`."""
    return f"{count(number)} {noun if number == 1 else nouns or noun + 's'}"


def joined(parts: Sequence[str], *, last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def kind_label(kind: str) -> str:
    """Name of an item kind in reports."""
    return KIND_LABELS.get(kind) or plain(kind).capitalize()


def asked_label(kind: str, answer: AnswerFormat) -> str:
    """Name of what is asked: a kind of item, and how it is answered where that is not the usual way."""
    how = "" if kind == "advice" else _FORMAT_LABELS[answer]
    return f"{kind_label(kind)} ({how})" if how else kind_label(kind)


def preset_label(preset: str) -> str:
    """Name of a preset in reports; what is only our reconstruction of a published design says so."""
    return "fang2025, our reconstruction of the published design" if preset == "fang2025" else preset


def placement_label(placement: str) -> str:
    """Where memory is placed, as it follows "memory"."""
    return PLACEMENT_LABELS.get(placement) or plain(placement)


def role_words(role: Role) -> str:
    """The role of a finding with the adjustment that goes with it."""
    return ROLE_WORDS[role]


def verdict_word(shape: Shape, *, margin: float | None = None) -> str:
    """The verdict as a label; with the margin where one is given."""
    match shape:
        case "difference":
            return "Difference"
        case "equivalent":
            return f"Equivalent within ±{size(margin)}" if margin is not None else "Equivalent"
        case "inconclusive":
            return "Inconclusive"
        case "not assessable":
            return "Not assessable"
        case "descriptive":
            return ""
        case _ as unreachable:
            assert_never(unreachable)


def overall_verdict(findings: Sequence[Finding]) -> Shape:
    """One verdict over several findings: a difference anywhere counts, then what could not be seen or settled."""
    verdicts = {finding.verdict for finding in findings}
    order: tuple[Verdict, ...] = ("difference", "not assessable", "inconclusive", "equivalent")
    return next((verdict for verdict in order if verdict in verdicts), "descriptive")


def verdict_sentence(finding: Finding, *, first: str = "", second: str = "") -> str:
    """One plain sentence or two for a signed contrast: estimate, interval, verdict, what is and is not shown.

    Args:
        finding: a contrast, e.g. of measure `gap` or `memory_effect`.
        first: what is in memory on the side that counts as plus; empty: read from the finding.
        second: what is in memory on the other side; empty: read from the finding.
    """
    if isinstance(finding.number, Absent):
        reason = finding.number.reason
        return f"No gap could be estimated: {reason[:1].lower()}{reason[1:]}"
    if isinstance(finding.number, Unassessed):
        return f"Not assessable. {finding.number.reason}"
    if finding.measure in ("shift", "stage_gap"):
        return shift_sentence(finding)
    sides = (first, second) if first and second else ("", "") if finding.measure in CHANGES else sides_of(finding)
    sentence = f"{_caution(finding, sides)}{direction_of(finding, sides)}{_interval(finding)}."
    match finding.verdict:
        case "difference":
            return f"{sentence} {_difference(finding)}"
        case "equivalent":
            return f"{sentence} {_equivalent(finding)}"
        case "inconclusive":
            return f"{sentence} {_open(finding, sides)}"
        case "not assessable" | None:
            return sentence
        case _ as unreachable:
            assert_never(unreachable)


def _caution(finding: Finding, sides: tuple[str, str]) -> str:
    """The first sentence where missing answers could have made or hidden what was found; else nothing."""
    caution, bounds = finding.caution, finding.bounds
    if caution is None or bounds is None:
        return ""
    first, second = (f"with {side}" for side in sides) if all(sides) else ("on the first side", "on the other")
    shares = f"{percent(bounds.first)} of the trials {first} and {percent(bounds.second)} of those {second}"
    lack = f"Read with caution: {shares} have no usable answer"
    match caution.differs, caution.turns:
        case True, True:
            return f"{lack}, which differs by more than the margin and in the worst case changes this verdict. "
        case True, False:
            return f"{lack}, which differs by more than the margin. "
        case _:
            return f"{lack}, which in the worst case changes this verdict. "


_COMPARED: Mapping[QuantityName, str] = {
    "score": "the score",
    "p_score": "the score",
    "missing": "the share without a usable answer",
    "refused": "the share of refusals",
    "unparsed": "the share of answers that cannot be read",
}
"""What is higher or lower on one side, where that can be said in a sentence."""


def direction_of(finding: Finding, sides: tuple[str, str]) -> str:
    """The estimate of a signed contrast in words, without a full stop."""
    estimate, unit = finding.value or 0.0, unit_of(finding)
    if finding.measure in CHANGES:
        number = points(estimate)
        return "There is no change" if number == "0.0" else f"The change is {number} points"
    what = _COMPARED.get(finding.quantity.name)
    if unit != "points" or not all(sides) or what is None:
        return f"The estimate is {value(estimate, unit=unit)} {unit_name(unit)}".rstrip()
    number = points(abs(estimate), signed=False)
    first, second = sides
    held = finding.contrast[0].of if finding.contrast else "user"
    prefix, suffix = ("With", " in memory") if held == "user" else ("On" if held == "item" else "In", "")
    if float(number) == 0:
        return f"{prefix} {first}{suffix} {what} is the same as {prefix.lower()} {second}: gap {points(estimate)}"
    noun, way = "point" if number == "1.0" else "points", "higher" if estimate > 0 else "lower"
    return (
        f"{prefix} {first}{suffix} {what} is {number} {noun} {way} than {prefix.lower()} {second}: "
        f"gap {points(estimate)}"
    )


def _interval(finding: Finding) -> str:
    spread = finding.spread
    if spread is None:
        return ", without an interval"
    return f", {spread.confidence:.0%} interval {span(spread.low, spread.high, unit=unit_of(finding))}"


def _difference(finding: Finding) -> str:
    p = finding.p_adjusted if finding.p_adjusted is not None else finding.p
    name = "adjusted p" if finding.p_adjusted is not None else "p"
    clear = f"That is a difference ({p_text(p, name=name)})" if p is not None else "That is a difference"
    return f"{clear}{within_margin(finding)}.{_turned(finding)}"


def within_margin(finding: Finding) -> str:
    """What follows a difference whose whole interval lies within the margin; else nothing."""
    margin, low, high = _margin(finding), finding.low, finding.high
    if margin is None or low is None or high is None or low <= -margin or high >= margin:
        return ""
    return f", though the whole interval lies within the margin of ±{size(margin)}"


def _turned(finding: Finding) -> str:
    """A warning where the worst case over the missing answers has the other sign."""
    if finding.caution is not None and finding.caution.turns:  # said first
        return ""
    bounds = finding.bounds
    if bounds is None or not bounds.low < 0 < bounds.high:
        return ""
    reach = span(bounds.low, bounds.high, unit=unit_of(finding))
    return f" Missing answers alone could turn its sign: worst-case bounds {reach}."


def _margin(finding: Finding) -> float | None:
    return finding.equivalence.margin if finding.equivalence else None


def _equivalent(finding: Finding) -> str:
    margin, noun = f"±{size(_margin(finding))}", _noun(finding)
    p = f" ({p_text(finding.equivalence.p)})" if finding.equivalence is not None else ""
    if finding.low is not None and finding.high is not None and (finding.low > 0 or finding.high < 0):
        shown = f"The {noun} is not zero, but the equivalence test shows it to be smaller than {margin}{p}"
    else:
        shown = f"The equivalence test shows any {noun} to be smaller than {margin}{p}"
    return f"{shown}{_limit(finding)}."


def _noun(finding: Finding) -> str:
    return "change" if finding.measure in CHANGES else "gap"


def _limit(finding: Finding) -> str:
    """How far equivalence reaches at a ceiling; nothing elsewhere."""
    ceiling = finding.tested.ceiling if finding.tested else None
    return "" if ceiling is None else f"; {ceiling_words(ceiling)}"


def ceiling_words(ceiling: Ceiling) -> str:
    """What a verdict about right and wrong answers cannot see where nearly all are right."""
    return (
        f"this speaks of right and wrong answers only: {count(ceiling.right)} of {plural(ceiling.items, 'item')} were "
        "answered right in every arm, and shifts that stay on the right side would be seen in option probabilities, "
        "ratings or open answers, which are finer measures"
    )


def _open(finding: Finding, sides: tuple[str, str]) -> str:
    text = "Neither a difference nor equivalence is shown"
    if unit_of(finding) == "points" and finding.low is not None and finding.high is not None and all(sides):
        possible = _not_excluded(finding.low, finding.high, sides)
        text += f": {possible}" if possible else ""
    why = _why_open(finding)
    if finding.smallest_detectable is None:
        return f"{text}.{why}"
    smallest = size(finding.smallest_detectable)
    return f"{text}.{why} The smallest {_noun(finding)} this design would reliably detect is {smallest}."


def _why_open(finding: Finding) -> str:
    """Why answers that are nearly alike still do not show that a gap is small; nothing where they are not."""
    against = finding.equivalence
    if against is None:
        return ""
    margin, noun = f"±{size(against.margin)}", _noun(finding)
    if against.too_few:
        return f" {too_few_words(against.too_few, margin=margin, noun=noun, alike=against.alike)}"
    if against.only_unseen:
        return (
            f" The {noun} that was seen lies within {margin}, but the sample is too small to say so of others: enough "
            "items or users could react strongly without one of them being in it."
        )
    return ""


def too_few_words(few: Sequence[Shortfall], *, margin: str, noun: str = "gap", alike: bool = False) -> str:
    """Of what too few were asked, and how many it takes, as a sentence.

    Args:
        few: The kinds of units, at least one.
        margin: The margin with its unit, such as "±3 points".
        noun: What is compared with the margin.
        alike: Whether all differences are exactly alike, which takes more units than differences that vary.
    """
    here = joined([plural(one.here, one.of) for one in few])
    needed = joined([plural(one.needed, one.of) for one in few])
    if alike:
        return (
            f"All differences are exactly alike, and with {here} that does not show a {noun} to be smaller than "
            f"{margin}: it takes at least {needed}."
        )
    return (
        f"With {here}, no answers could have shown a {noun} to be smaller than {margin}: that takes at least {needed}."
    )


def _not_excluded(low: float, high: float, sides: tuple[str, str]) -> str:
    """The gaps that stay possible, in words; empty where the interval is written as `0 to 0`."""
    first, second = sides
    down, up = level(abs(low)), level(abs(high))
    if low < 0 < high and "0" not in (down, up):
        return f"up to {size(high)} in favour of {first}, or {down} in favour of {second}, cannot be excluded"
    side, near, far, most = (first, down, up, high) if low >= 0 or down == "0" else (second, up, down, -low)
    if far == "0":
        return ""
    if near == far:
        return f"a gap of {size(most)} in favour of {side} cannot be excluded"
    reach = f"gaps of up to {size(most)}" if near == "0" else f"gaps of {near} to {size(most)}"
    return f"{reach} in favour of {side} cannot be excluded"

"""What policies change in the numbers that answers state or show: sentences for a policy, one table for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from evenhand.records.answer_format import AnswerFormat
from evenhand.records.measure import Quantity
from evenhand.records.tried import PolicyChange, TriedPolicy, main_changes
from evenhand.report.blocks import Column, Grid
from evenhand.report.number_titles import number_name, numbers_name
from evenhand.report.numbers import ABSENT, Unit, decimal, points, span, value
from evenhand.report.source import Source
from evenhand.report.words import Labels, kind_label, labels_of

__all__ = ["change_unit", "number_words", "remaining_shifts", "shift_change_words", "tried_numbers_table"]

_TOLD = 3
"""Shifts of a policy that are told in words; the table has all of them."""
_COLUMNS = (
    *("Policy", "Items", "Answer", "Number", "Compared", "Without", "With", "Change", "Interval of the change"),
    *("Shown without", "Shown with", "Change shown"),
)
_TEXTS = 5
"""Columns that hold words."""
_LONGEST = 400
"""Rows of the table; findings.json has the others."""


def change_unit(quantity: Quantity | None) -> Unit:
    """The unit in which a change is written."""
    scale = "probability" if quantity is None else quantity.scale
    match scale:
        case "probability" | "rate" | "share":
            return "points"
        case "rating":
            return "rating"
        case "count":
            return "words"
        case "grade":
            return "grades"
        case "log-odds":
            return "log-odds"
        case "sd" | "ratio" | "squared":
            return "number"
        case _ as unreachable:
            assert_never(unreachable)


def number_words(one: TriedPolicy, *, labels: Labels) -> list[str]:
    """Sentences on the stated numbers of one policy; none where none were asked for.

    Told are the primary rating and the whole answers, then the largest of the other shifts between users that are shown
    without the policy or with it.
    """
    primary = main_changes(one.changes, basis="shift").gaps
    told = (*primary, *(change for change in one.changes if _apart(change)))
    said = [f"{_named(change, labels)}: {shift_change_words(change)}." for change in told]
    between = [change for change in one.changes if change.aspect == "shift" and _between_users(change)]
    if not between:
        return said
    others = [change for change in between if change not in primary]
    shown = [c for c in others if "difference" in (c.before_verdict, c.after_verdict, c.change_verdict)]
    largest = sorted(shown, key=_size, reverse=True)[:_TOLD]
    said += [f"{_named(change, labels)}: {shift_change_words(change)}." for change in largest]
    before, after = (sum(verdict == "difference" for verdict in side) for side in _verdicts(between))
    said.append(
        f"Of {len(between)} shifts of stated numbers between users, {before} are shown without the policy and {after} "
        "with it."
    )
    return said


def remaining_shifts(one: TriedPolicy, *, labels: Labels) -> list[str]:
    """Names of the stated numbers whose shift between users is shown with the policy, the largest first."""
    left = [c for c in one.changes if c.aspect == "shift" and _between_users(c) and c.after_verdict == "difference"]
    return [_named(change, labels) for change in sorted(left, key=_size, reverse=True)]


def shift_change_words(change: PolicyChange) -> str:
    """`−0.80 → −0.02 points of 10, change +0.78 (0.60 to 0.95), a change`."""
    if change.before is None or change.after is None:
        return "not assessable"
    unit = change_unit(change.quantity)
    spread = getattr(change.change, "spread", None)
    within = "" if spread is None else f" ({span(spread.low, spread.high, unit=unit)})"
    before, after = (_number(side, unit) for side in (change.before, change.after))
    return f"{before} → {after}{_UNITS.get(unit, '')}, change {_number(change.after - change.before, unit)}{within}" + (
        f", {_CHANGES[change.change_verdict]}" if change.change_verdict in _CHANGES else ""
    )


_UNITS: dict[Unit, str] = {
    "points": " percentage points",
    "rating": " points of 10",
    "words": " words",
    "grades": " grades",
    "number": " (squared)",
}
_CHANGES = {
    "difference": "a change",
    "equivalent": "no change beyond the margin",
    "inconclusive": "open",
    "not assessable": "not assessable",
}


def _number(number: float, unit: Unit) -> str:
    if unit == "number":  # a squared distance beyond noise may lie below zero
        return decimal(number, digits=3, signed=True)
    return points(number) if unit == "points" else value(number, unit=unit)


def _between_users(change: PolicyChange) -> bool:
    return change.arms is not None and change.arms.arm in ("pairs", "crossing")


def _apart(change: PolicyChange) -> bool:
    """Whether it is how far the whole answers of the two versions of a persona differ."""
    return change.aspect == "divergence" and _between_users(change)


def _size(change: PolicyChange) -> float:
    """How large a shift is in its own margins, so that points and words can be put in order."""
    against = getattr(change.change, "equivalence", None)
    margin = 1.0 if against is None else against.margin
    return max(abs(change.before or 0.0), abs(change.after or 0.0)) / margin


def _verdicts(changes: Sequence[PolicyChange]) -> tuple[list[str | None], list[str | None]]:
    return [change.before_verdict for change in changes], [change.after_verdict for change in changes]


def _named(change: PolicyChange, labels: Labels) -> str:
    """`Negative emotions, advantaged minus disadvantaged`."""
    name = _what(change)
    return f"{name[:1].upper()}{name[1:]}, {_compared(change, labels)}"


def _what(change: PolicyChange) -> str:
    quantity = change.quantity or Quantity(name="score")
    return f"all {numbers_name(quantity)}" if change.aspect == "divergence" else number_name(quantity)


def _compared(change: PolicyChange, labels: Labels) -> str:
    joint = "against" if change.aspect == "divergence" else "minus"
    if not change.contrast:
        return f"any profile {joint} no memory"
    one = change.contrast[0]
    sides = f"{labels.level(one.factor, one.level)} {joint} {labels.level(one.factor, one.reference or '')}"
    return sides.lower() if change.arms is not None and change.arms.arm == "pairs" else sides


def tried_numbers_table(source: Source, tried: Sequence[TriedPolicy], *, model: str) -> Grid | None:
    """Every stated number with every policy, as far as the page has room; None where none were asked for."""
    labels = labels_of(source.findings)
    rows = [
        _row(one, change, labels)
        for one in tried
        for change in one.changes
        if change.aspect == "divergence" or (change.aspect == "shift" and _in_table(change))
    ]
    if not rows:
        return None
    left = len(rows) - _LONGEST
    more = f" {left} more are in findings.json." if left > 0 else ""
    named = f" ({model})" if source.several else ""
    return Grid(
        id=f"tried-numbers/{model}",
        title=f"Stated numbers with every policy{named}",
        caption="Each number in its own unit, question by question with and without the policy. Shifts between groups "
        f"are listed where one is shown.{more}",
        columns=tuple(Column(name, numeric=_TEXTS <= place < len(_COLUMNS) - 3) for place, name in enumerate(_COLUMNS)),
        rows=tuple(rows[:_LONGEST]),
        folded=True,
    )


def _in_table(change: PolicyChange) -> bool:
    verdicts = (change.before_verdict, change.after_verdict, change.change_verdict)
    return (change.arms is not None and change.arms.arm == "pairs") or "difference" in verdicts


def _row(one: TriedPolicy, change: PolicyChange, labels: Labels) -> tuple[str, ...]:
    unit = change_unit(change.quantity)
    spread = getattr(change.change, "spread", None)
    moved = None if change.before is None or change.after is None else change.after - change.before
    name = _what(change)
    return (
        one.policy,
        kind_label(change.kind),
        _ANSWERS[change.where.answer],
        f"{name[:1].upper()}{name[1:]}",
        _compared(change, labels),
        *(ABSENT if side is None else _number(side, unit) for side in (change.before, change.after, moved)),
        "" if spread is None else span(spread.low, spread.high, unit=unit),
        *(verdict or ABSENT for verdict in (change.before_verdict, change.after_verdict, change.change_verdict)),
    )


_ANSWERS: dict[AnswerFormat, str] = {
    "letter": "letter",
    "distribution": "percentages",
    "rating": "ratings",
    "text": "written",
}

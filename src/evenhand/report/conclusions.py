"""What to conclude from a figure, in one sentence: how many rows differ, which most, and how much is open.

The sentence is made from the records that the figure draws, so figure and sentence cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from evenhand.records.estimate import Verdict
from evenhand.records.finding import Finding
from evenhand.records.results import CellMean
from evenhand.records.run_summary import RunSummary
from evenhand.report.numbers import Unit, count, percent, span, unit_of, value
from evenhand.report.words import joined, plural

__all__ = ["cells_conclusion", "forest_conclusion", "leaves_out", "outcomes_conclusion"]

_Named = tuple[str, Finding]


def forest_conclusion(rows: Sequence[tuple[str, Finding]], *, signed: bool = True) -> str:
    """What the rows of a figure say together.

    Args:
        rows: Each row's name and finding, all in one unit.
        signed: Whether the numbers have a direction, so that a plus is written.
    """
    tested = [(name, finding) for name, finding in rows if finding.verdict is not None]
    if len(tested) == 1:
        return _of_one(*tested[0])
    return _of_tested(tested) if tested else _described(rows, signed=signed)


def _of_one(name: str, finding: Finding) -> str:
    match finding.verdict:
        case "difference":
            return f"{name} differs: {_value(finding)} ({_reach(finding)})."
        case "equivalent":
            return f"{name}: shown to be smaller than the margin."
        case "inconclusive":
            return f"{name}: open{_possible(finding, start=', ')}."
        case "not assessable" | None:
            return f"{name}: could not be assessed."
        case _ as unreachable:
            assert_never(unreachable)


def _of_tested(rows: Sequence[_Named]) -> str:
    """Several rows with a verdict each."""
    of: dict[Verdict, list[_Named]] = {}
    for name, finding in rows:
        if finding.verdict is not None:
            of.setdefault(finding.verdict, []).append((name, finding))
    differ, alike, still = of.get("difference", []), of.get("equivalent", []), of.get("inconclusive", [])
    unseen, total = of.get("not assessable", []), len(rows)
    parts = []
    if differ:
        name, most = max(differ, key=lambda row: abs(row[1].value or 0.0))
        parts.append(f"{_counted(differ, total)} {_does(differ)}; largest: {name}, {_value(most)} ({_reach(most)})")
    elif alike or still:
        parts.append(f"no difference is shown in any of {count(total)} rows")
    if alike:
        parts.append(f"{_counted(alike, total)} {_is(alike)} shown to be smaller than the margin")
    if still:
        name, widest = max(still, key=lambda row: _width(row[1]))
        possible = _possible(widest, start=f"; widest: {name}, ")
        parts.append(f"{_counted(still, total)} {_is(still)} open{possible}")
    if unseen:
        parts.append(f"{_counted(unseen, total)} could not be assessed")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _counted(rows: Sequence[_Named], total: int) -> str:
    return f"all {count(total)}" if len(rows) == total else count(len(rows)) + f" of {count(total)}"


def _is(rows: Sequence[_Named]) -> str:
    return "is" if len(rows) == 1 else "are"


def _does(rows: Sequence[_Named]) -> str:
    return "differs" if len(rows) == 1 else "differ"


def _possible(finding: Finding, *, start: str) -> str:
    """How far an open row could reach; nothing where what was found has no width and too little was asked."""
    unit = unit_of(finding)
    if finding.low is None or value(finding.low, unit=unit) == value(finding.high, unit=unit):
        return ""
    return f"{start}anything from {_reach(finding)}{_UNITS.get(unit, '')} possible"


def _reach(finding: Finding) -> str:
    return span(finding.low, finding.high, unit=unit_of(finding))


def _described(rows: Sequence[_Named], *, signed: bool) -> str:
    """Rows that were not tested."""
    known = [(name, finding) for name, finding in rows if finding.value is not None]
    if not known:
        return "Nothing here could be estimated."
    (low_name, low), (high_name, high) = _ends(known, by=lambda row: row[1].value or 0.0)
    least, most = _value(low, signed=signed), _value(high, signed=signed)
    if len(known) == 1:
        return f"{low_name}: {least}{f' ({_reach(low)})' if low.low is not None else ''}."
    if least == most:
        return f"{least} in every row."
    return f"Lowest: {low_name}, {least}; highest: {high_name}, {most}."


def _ends(rows: Sequence[_Named], *, by: Callable[[_Named], float]) -> tuple[_Named, _Named]:
    return min(rows, key=by), max(rows, key=by)


def _width(finding: Finding) -> float:
    return 0.0 if finding.low is None or finding.high is None else finding.high - finding.low


_UNITS: dict[Unit, str] = {"points": " points", "rating": " points of 10", "words": " words", "grades": " grades"}


def _value(finding: Finding, *, signed: bool = True) -> str:
    """The estimate with its unit."""
    unit = unit_of(finding)
    text = value(finding.value, unit=unit)
    return f"{text if signed else text.lstrip('+')}{_UNITS.get(unit, '')}"


_SAME = 0.0005
"""Distances on the probability scale that are less than what is written of a number."""


def leaves_out(cell: CellMean, mean: float) -> bool:
    """Whether the interval of a combination leaves out the mean, by more than is written of a number."""
    return cell.low is not None and cell.high is not None and not cell.low - _SAME <= mean <= cell.high + _SAME


def cells_conclusion(cells: Sequence[tuple[str, CellMean]], *, mean: float) -> str:
    """Which combination of levels does worst and best, and how many differ from the mean of all.

    Args:
        cells: Each combination's name and estimate.
        mean: Mean of all, on the probability scale.
    """
    known = [(name, cell, cell.pooled) for name, cell in cells if cell.pooled is not None]
    if not known:
        return "No combination could be estimated."
    low, high = min(known, key=lambda one: one[2]), max(known, key=lambda one: one[2])
    away = sum(leaves_out(cell, mean) for _, cell, _ in known)
    marked = f"{count(away)} of {count(len(known))} leave out the mean of {percent(mean)}"
    if away == 0:
        marked = f"no combination's interval leaves out the mean of {percent(mean)}"
    elif away == 1:
        marked = f"1 of {count(len(known))} leaves out the mean of {percent(mean)}"
    return f"Lowest {low[0]} ({percent(low[2])}), highest {high[0]} ({percent(high[2])}); {marked}."


def outcomes_conclusion(run: RunSummary) -> str:
    """How much of what was planned has a usable answer, and of which model least."""
    shares = []
    for model in run.models:
        answered = model.outcomes.get("answered", 0)
        total = max(model.planned, sum(model.outcomes.values()))
        shares.append((model.model, answered, total))
    lost = [(total - answered, name, total) for name, answered, total in shares if total > answered]
    if not lost:
        return "Every planned question has a usable answer."
    missing, planned = sum(number for number, _, _ in lost), sum(total for _, _, total in shares)
    whole = f"{percent(missing / planned)} of {plural(planned, 'planned question')} have no usable answer"
    if len(shares) == 1:
        return f"{whole}."
    worst = max(lost, key=lambda one: one[0] / one[2])
    others = [name for name, answered, total in shares if answered == total]
    none = f"; none is missing of {joined(others)}" if 0 < len(others) <= 3 else ""
    return f"{whole}, most of {worst[1]} ({percent(worst[0] / worst[2])}){none}."

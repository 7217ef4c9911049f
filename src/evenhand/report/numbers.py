"""How numbers are written, on the page and in Markdown. Every number of a report passes through this file.

Rules:

* Differences between two proportions are written in **percentage points** with one decimal and a sign: `+2.7`, `−0.4`.
  What rounds to zero has no sign: `0.0`.
* Proportions are written in **per cent** with one decimal: `72.4%`.
* Log-odds and shifts of ratings have two decimals and a sign. Standard deviations and ratios have two decimals, three
  below one.
* p-values: three decimals below 0.1, two above; never zero and never one: `< 0.001`, `> 0.99`.
* Intervals are written with "to", so that a minus sign cannot be taken for a dash: `−1.2 to 4.5`.
* Counts have a comma every three digits. Sums of money have two decimals, four below ten cents.
* The minus sign is U+2212. What does not exist is an en dash: `–`. NaN and infinities are treated as not existing.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Literal, assert_never

from evenhand.records.finding import Finding
from evenhand.records.measure import Measure

__all__ = [
    "ABSENT",
    "Unit",
    "cell_text",
    "count",
    "date_text",
    "decimal",
    "duration",
    "level",
    "money",
    "p_text",
    "p_value",
    "percent",
    "points",
    "short_hash",
    "size",
    "span",
    "unit_name",
    "unit_of",
    "value",
]

Unit = Literal["points", "percent", "log-odds", "rating", "words", "grades", "number"]
"""`points`: difference of proportions; `percent`: a proportion; `log-odds`: signed; `rating`: points of a scale from 0
to 10, signed; `words`, `grades` (years of schooling): signed; `number`: anything else."""

ABSENT = "–"
MINUS = "\u2212"
NO_BREAK = "\u00a0"

_SIGNED: frozenset[Measure] = frozenset(
    {
        "gap",
        "dose_trend",
        "factor_gap",
        "interaction",
        "shift",
        "memory_effect",
        "placebo_effect",
        "fact_effect",
        "flip_excess",
        "missing_gap",
        "stage_gap",
        "strategy_shift",
        "option_shift",
        "mixed_model",
        "published_model",
        "gap_change",
        "factor_gap_change",
        "memory_effect_change",
        "interaction_change",
        "shift_change",
        "divergence_change",
    }
)


def unit_of(finding: Finding) -> Unit:
    """Unit in which a finding's estimate, interval and bounds are written.

    Shares and rates are per cent unless they are compared: with another group of arms by a measure that is a
    difference, or between two levels of a factor. The share of sensitive items compares items, not levels.
    """
    match finding.quantity.scale:
        case "probability" | "rate" | "share":
            levels = any(one.reference is not None for one in finding.contrast)
            compared = levels and finding.quantity.name != "sensitive_items"
            return "points" if finding.measure in _SIGNED or compared else "percent"
        case "log-odds":
            return "log-odds"
        case "rating":
            return "rating"
        case "count":
            return "words"
        case "grade":
            return "grades"
        case "sd" | "ratio" | "squared":
            return "number"
        case _ as unreachable:
            assert_never(unreachable)


def unit_name(unit: Unit) -> str:
    """The unit as it stands under an axis."""
    match unit:
        case "points":
            return "percentage points"
        case "percent":
            return "per cent"
        case "log-odds":
            return "log-odds"
        case "rating":
            return "points of 10"
        case "words" | "grades":
            return unit
        case "number":
            return ""
        case _ as unreachable:
            assert_never(unreachable)


def _exists(number: float | None) -> bool:
    return number is not None and math.isfinite(number)


def decimal(number: float | None, *, digits: int = 2, signed: bool = False) -> str:
    """A number with fixed decimals, a true minus sign, and no sign on what rounds to zero."""
    if number is None or not math.isfinite(number):
        return ABSENT
    text = f"{abs(number):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        return text
    if number < 0:
        return MINUS + text
    return "+" + text if signed else text


def percent(share: float | None, *, digits: int = 1) -> str:
    """A proportion in per cent: 0.724 -> `72.4%`."""
    if share is None or not math.isfinite(share):
        return ABSENT
    return decimal(100 * share, digits=digits) + "%"


def points(difference: float | None, *, signed: bool = True) -> str:
    """A difference of proportions in percentage points, without the unit: 0.027 -> `+2.7`."""
    if difference is None or not math.isfinite(difference):
        return ABSENT
    return decimal(100 * difference, digits=1, signed=signed)


def level(difference: float | None) -> str:
    """A stated threshold in points, without needless decimals: 0.03 -> `3`, 0.025 -> `2.5`."""
    if difference is None or not math.isfinite(difference):
        return ABSENT
    return f"{100 * difference:.1f}".removesuffix(".0")


def size(difference: float | None) -> str:
    """A size in points with its noun: `1 point`, `2.5 points`."""
    number = level(difference)
    return f"{number} point" if number == "1" else f"{number} points"


def p_value(p: float | None) -> str:
    """A p-value alone: `0.034`, `0.21`, `< 0.001`, `> 0.99`."""
    if p is None or not math.isfinite(p):
        return ABSENT
    if p < 0.001:
        return "< 0.001"
    if p > 0.99:
        return "> 0.99"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def p_text(p: float | None, *, name: str = "p") -> str:
    """A p-value with its sign of relation: `p = 0.034`, `p < 0.001`."""
    text = p_value(p)
    sign, number = text.split(" ") if " " in text else ("=", text)
    return NO_BREAK.join((name, sign, number))


def count(number: int | None) -> str:
    """A count: 26730 -> `26,730`."""
    return ABSENT if number is None else f"{number:,}".replace("-", MINUS)


def value(number: float | None, *, unit: Unit) -> str:
    """An estimate in its unit, without the unit's name."""
    match unit:
        case "points":
            return points(number)
        case "percent":
            return percent(number)
        case "log-odds" | "rating" | "grades":
            return decimal(number, signed=True)
        case "words":
            return decimal(number, digits=1, signed=True)
        case "number":
            return _plain(number)
        case _ as unreachable:
            assert_never(unreachable)


def span(low: float | None, high: float | None, *, unit: Unit) -> str:
    """An interval: `−1.2 to 4.5`; the per cent sign is given once, at the end."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ABSENT
    match unit:
        case "points":
            return f"{points(low, signed=False)} to {points(high, signed=False)}"
        case "percent":
            return f"{decimal(100 * low, digits=1)} to {percent(high)}"
        case "log-odds" | "rating" | "grades":
            return f"{decimal(low)} to {decimal(high)}"
        case "words":
            return f"{decimal(low, digits=1)} to {decimal(high, digits=1)}"
        case "number":
            return f"{_plain(low)} to {_plain(high)}"
        case _ as unreachable:
            assert_never(unreachable)


def _plain(number: float | None) -> str:
    """A standard deviation or ratio: three decimals below one, two above."""
    return decimal(number, digits=3 if number is not None and abs(number) < 1 else 2)


def cell_text(cell: str | float | int | None, *, unit: str | None) -> str:
    """One cell of a table record, by the unit its column states."""
    if cell is None:
        return ABSENT
    if isinstance(cell, str) or unit == "text":
        return str(cell)
    match unit:
        case "percent":
            return percent(cell)
        case "points":
            return points(cell)
        case "p":
            return p_value(cell)
        case "count":
            return count(round(cell)) if _exists(cell) else ABSENT
        case _:
            return count(cell) if isinstance(cell, int) else decimal(cell)


def date_text(iso: str) -> str:
    """An ISO time as a date in words with the time in UTC; anything else unchanged."""
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    text = f"{moment.day} {moment:%B %Y}"
    return f"{text}, {moment:%H:%M} UTC" if "T" in iso else text


def duration(seconds: float | None) -> str:
    """A duration: `0.8 s`, `42 s`, `3 min 20 s`, `2 h 05 min`."""
    if seconds is None or not math.isfinite(seconds):
        return ABSENT
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def money(usd: float | None) -> str:
    """US dollars: `$1.20`; four decimals below ten cents: `$0.0042`."""
    if usd is None or not math.isfinite(usd):
        return ABSENT
    return f"${usd:,.4f}" if 0 < usd < 0.1 else f"${usd:,.2f}"


def short_hash(sha256: str) -> str:
    """First twelve characters of a hash; the whole of it is in findings.json."""
    return sha256[:12]

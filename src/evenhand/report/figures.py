"""Geometry of the figures: axes, ticks, marks and heat steps, all as percentages.

The templates draw them as inline SVG (docs/adr/0004-figures-as-svg.md). Positions in percent let one drawing serve
a wide screen, a phone and paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from evenhand.records.finding import Finding
from evenhand.report.blocks import Axis, Mark, Shape, Tick
from evenhand.report.numbers import Unit, decimal, unit_name

__all__ = ["HEAT_STEPS", "axis_for", "axis_of", "heat_step", "mark_for", "position", "shape_of"]

HEAT_STEPS = 4
"""Colour steps on each side of the mean."""


def shape_of(finding: Finding) -> Shape:
    """Marker of a finding: its verdict, or `descriptive`."""
    return finding.verdict or "descriptive"


def _finite(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _step(width: float, *, about: int) -> float:
    """A tick distance of 1, 2 or 5 times a power of ten that gives about so many ticks."""
    rough = width / about
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough * 0.85)


def _limits(findings: Sequence[Finding], *, margin: float | None, with_zero: bool) -> tuple[float, float]:
    """Ends of the axis: all intervals, unless a few are so wide that the others could not be read."""
    centres = _finite(finding.value for finding in findings)
    lows = sorted(_finite(finding.low for finding in findings))
    highs = sorted(_finite(finding.high for finding in findings))
    inner = [0.0] if with_zero else []
    if margin is not None:
        inner += [-1.2 * margin, 1.2 * margin]
    low, high = min([*inner, *centres, *lows], default=0.0), max([*inner, *centres, *highs], default=1.0)
    if len(lows) >= 4:
        half = sorted(b - a for a, b in zip(lows, highs, strict=False))[len(lows) // 2]
        reach = max(abs(value) for value in [*inner, *centres, half]) * 2.5 if with_zero else math.inf
        low, high = max(low, -reach), min(high, reach)
    if high - low < 1e-9:
        low, high = low - 0.01, high + 0.01
    return low, high


def axis_for(
    findings: Sequence[Finding],
    *,
    unit: Unit,
    margin: float | None = None,
    bounds: bool = False,
    from_zero: bool = False,
) -> Axis:
    """Axis that holds the estimates and intervals of the findings, zero and the band where the unit has them.

    Args:
        findings: what will be drawn.
        unit: decides whether zero is a landmark (differences, log-odds) and how ticks are written.
        margin: half-width of the equivalence band, on the scale of the findings.
        bounds: also make room for the worst-case bounds.
        from_zero: for sizes, which have no sign; the band then reaches from zero to the margin.
    """
    low, high = _limits(findings, margin=margin, with_zero=unit in ("points", "log-odds", "rating", "number"))
    if bounds:
        held = [finding.bounds for finding in findings if finding.bounds is not None]
        low = min([low, *(one.low for one in held)])
        high = max([high, *(one.high for one in held)])
    pad = 0.04 * (high - low)
    low, high = (0.0 if from_zero else low - pad), high + pad
    if unit == "percent":
        low, high = max(0.0, low), min(1.0, high)
    elif unit == "number" and low < 0:
        low = 0.0 if min(_finite(finding.low for finding in findings), default=0.0) >= 0 else low
    step = _step(high - low, about=6)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    ticks = tuple(
        Tick(
            at=position(index * step, low=low, high=high),
            label=_tick_label(index * step, step=step, unit=unit, signed=not from_zero),
        )
        for index in range(first, last + 1)
    )
    zero = position(0.0, low=low, high=high) if low <= 0 <= high and unit != "percent" else None
    band = None
    if margin is not None:
        left, right = max(0.0, position(-margin, low=low, high=high)), position(margin, low=low, high=high)
        band = (left, round(right - left, 2))
    return Axis(low=low, high=high, ticks=ticks, zero=zero, band=band, unit=unit_name(unit))


def axis_of(low: float, high: float, *, unit: Unit, about: int, margin: float | None = None) -> Axis:
    """Axis that holds numbers from `low` to `high` with some room, and about so many ticks.

    Args:
        low: Smallest number that is drawn.
        high: Largest.
        unit: How ticks are written.
        about: How many ticks there should be.
        margin: Half-width of the band around zero.
    """
    width = max(high - low, 0.02)
    low, high = low - 0.08 * width, high + 0.08 * width
    step = _step(high - low, about=about)
    ticks = tuple(
        Tick(
            at=position(index * step, low=low, high=high),
            label=_tick_label(index * step, step=step, unit=unit, signed=True),
        )
        for index in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    )
    band = None
    if margin is not None:
        start, end = (min(100.0, max(0.0, position(edge, low=low, high=high))) for edge in (-margin, margin))
        band = (start, round(end - start, 2))
    zero = position(0.0, low=low, high=high) if low <= 0 <= high and unit != "percent" else None
    return Axis(low=low, high=high, ticks=ticks, zero=zero, band=band, unit=unit_name(unit))


def _tick_label(number: float, *, step: float, unit: Unit, signed: bool) -> str:
    factor = 100 if unit in ("points", "percent") else 1
    digits = max(0, -math.floor(math.log10(step * factor) + 1e-9))
    text = decimal(number * factor, digits=digits, signed=signed and unit in ("points", "log-odds", "rating"))
    return text + "%" if unit == "percent" else text


def position(number: float, *, low: float, high: float) -> float:
    """Place of a number on an axis from `low` to `high`, in percent, two decimals."""
    return round(100 * (number - low) / (high - low), 2)


def _place(number: float | None, axis: Axis) -> float | None:
    if number is None or not math.isfinite(number):
        return None
    return min(100.0, max(0.0, position(number, low=axis.low, high=axis.high)))


def mark_for(finding: Finding, *, axis: Axis, bounds: bool = False) -> Mark:
    """Dot and interval of a finding on an axis; what lies outside is cut and said to be cut."""
    low, high = _place(finding.low, axis), _place(finding.high, axis)
    return Mark(
        shape=shape_of(finding),
        centre=_place(finding.value, axis),
        low=low,
        high=high,
        cut_low=finding.low is not None and finding.low < axis.low,
        cut_high=finding.high is not None and finding.high > axis.high,
        bound_low=_place(finding.bounds.low, axis) if bounds and finding.bounds else None,
        bound_high=_place(finding.bounds.high, axis) if bounds and finding.bounds else None,
    )


def heat_step(deviation: float, *, reach: float) -> int:
    """Colour step of a deviation from the mean: -4 at `-reach` and beyond, 4 at `reach` and beyond, 0 around zero."""
    if reach <= 0:
        return 0
    share = deviation / reach
    return max(-HEAT_STEPS, min(HEAT_STEPS, round(share * (HEAT_STEPS + 0.49))))

"""Rows and tables of the calibration page."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.selftest.calibration import Rate


def percent(rate: Rate) -> str:
    """A share with its Monte Carlo error; with its 95% bound where no table, or every table, is a hit."""
    if rate.reach is not None:
        return f"{100 * rate.value:.1f} ({'at most' if rate.value == 0 else 'at least'} {100 * rate.reach:.1f})"
    digits = 1 if 100 * rate.error >= 0.05 else 2
    return f"{100 * rate.value:.{digits}f} ± {100 * rate.error:.{digits}f}"


def inside(rate: Rate, low: float, high: float) -> str:
    """Whether a rate keeps its target; `within error` where it misses by less than two Monte Carlo errors."""
    if low <= rate.value <= high:
        return "yes"
    return "within error" if low - 2 * rate.error <= rate.value <= high + 2 * rate.error else "**no**"


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose first two columns are words and the others numbers."""
    head = ["| " + " | ".join(header) + " |", "| --- | --- |" + " ---: |" * (len(header) - 2)]
    return "\n".join([*head, *("| " + " | ".join(line) + " |" for line in lines)])

"""`evenhand power`: what a design of a given size can detect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from evenhand.cli.output import print_json, print_table, say
from evenhand.errors import UsageError

__all__ = ["register"]

_Size = Literal["items", "sets", "replicates"]

_HELP = """Smallest gap that a design detects, by formula; with --gap its power, with --simulate checked by simulation.

Examples:

  evenhand power --items 255 --sets 60 --pairs 6

  evenhand power --items 108 --sets 30 --gap 0.027 --simulate 2000

  evenhand power --items 33 --sets 30 --accuracy 0.97 --flips 0.05

  evenhand power --pilot runs/2026-11-23-gpt --items 255 --sets 60        variance components of a finished run
"""


def power(
    items: Annotated[int, typer.Option(min=1, help="Items.")] = 255,
    sets: Annotated[int, typer.Option(min=1, help="Matched sets.")] = 60,
    pairs: Annotated[int | None, typer.Option(min=1, help="Matched sets every item meets; none: all.")] = None,
    replicates: Annotated[int, typer.Option(min=1, help="Repeats of every pair.")] = 1,
    gap: Annotated[float | None, typer.Option(help="True gap (0.03 = 3 points) whose power is wanted.")] = None,
    pilot: Annotated[Path | None, typer.Option(help="Run directory whose variance components are used.")] = None,
    accuracy: Annotated[
        float | None, typer.Option(help="Share of right answers that is expected, such as 0.9.")
    ] = None,
    flips: Annotated[
        float | None, typer.Option(help="Share of twin answers of which one is right and one wrong, such as 0.05.")
    ] = None,
    simulate: Annotated[int, typer.Option(min=0, help="Check the power by so many simulated audits.")] = 0,
    seed: Annotated[int, typer.Option(help="Root seed of the simulation.")] = 20251009,
    alpha: Annotated[float, typer.Option(min=1e-6, max=0.5, help="Two-sided level.")] = 0.05,
    target: Annotated[float, typer.Option(min=0.05, max=0.999, help="Power wanted.")] = 0.8,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.analysis.estimators.answer_power import gap_curve, overstated, power_at, smallest_gap
    from evenhand.analysis.estimators.power import PairedDesign, gap_range
    from evenhand.analysis.findings.pilot import variation_for
    from evenhand.cli.gap_lines import gap_lines, points

    _require_gap(gap, simulate=simulate)
    scores = None
    if pilot is not None:
        from evenhand.audit import score
        from evenhand.plan.file import read_plan

        scores = score(read_plan(pilot), pilot)
    variation = variation_for(accuracy, flips=flips, pilot=scores)
    design = PairedDesign(items=items, sets=sets, sets_per_item=pairs, replicates=replicates)
    smallest = smallest_gap(design, variation=variation, alpha=alpha, power=target)
    ends = None if smallest is None else gap_range(smallest, df=variation.df)
    sizes: dict[_Size, tuple[int, ...]] = {"items": _around(items), "sets": _around(sets), "replicates": (1, 2, 4, 8)}
    curves = {
        over: gap_curve(design, over=over, values=values, variation=variation, alpha=alpha, power=target)
        for over, values in sizes.items()
    }
    formula = power_at(design, gap=gap, variation=variation, alpha=alpha) if gap is not None else None
    too_much = overstated(design, power=formula, variation=variation, alpha=alpha)
    simulated = None
    if simulate and gap is not None:
        from evenhand.analysis.estimators.power_simulation import simulated_power
        from evenhand.seeds import stream

        simulated = simulated_power(
            design, gap=gap, variation=variation, alpha=alpha, draws=simulate, rng=stream(seed, "power")
        )
    if json:
        print_json(
            {
                "design": design,
                "variation": variation,
                "smallest_gap": smallest,
                "smallest_gap_range": ends,
                "target_power": target,
                "gap": gap,
                "power": formula,
                "power_overstated": too_much,
                "simulated_power": simulated,
                "curves": curves,
            }
        )
        return
    say(f"Variation: {variation.source}.")
    for line in gap_lines(smallest, variation=variation, power=target):
        say(line)
    if ends is not None:
        say(f"The pilot leaves it between {ends[0] * 100:.2f} and {ends[1] * 100:.2f} points (90% interval).")
    if gap is not None:
        drawn = None if simulated is None else (simulated.power, simulated.monte_carlo_se)
        _say_power(gap, formula=formula, drawn=drawn, too_much=too_much)
    for name, curve in curves.items():
        print_table((name, "smallest gap, points"), [(value, points(found)) for value, found in curve])


_TOO_MUCH = (
    "This is too much, by 6 to 26 points where that was measured: few items carry such a gap, and many audits hold "
    "hardly an answer that differs. --simulate 2000 draws such audits."
)
_TOO_MUCH_BUT_SIMULATED = "By formula it is too much here; believe the simulation."


def _say_power(gap: float, *, formula: float | None, drawn: tuple[float, float] | None, too_much: bool) -> None:
    """Power at a gap by formula, and, where audits were drawn, by simulation with its Monte Carlo error."""
    told = "no answers of this accuracy show such a gap" if formula is None else f"{formula:.1%} by formula"
    say(f"Power at a gap of {gap * 100:.2f} points: {told}.")
    if too_much:
        say(_TOO_MUCH if drawn is None else _TOO_MUCH_BUT_SIMULATED)
    if drawn is not None:
        say(f"By simulation: {drawn[0]:.1%} (Monte Carlo error {drawn[1]:.1%}).")


def _require_gap(gap: float | None, *, simulate: int) -> None:
    """Refuse a gap that no two mean scores can have, points instead of a share say, and a simulation without one."""
    if gap is None and simulate:
        raise UsageError("--simulate needs the true gap to simulate; name it with --gap, for example --gap 0.03")
    if gap is None or 0 < abs(gap) < 1:
        return
    meant = f"; did you mean {gap / 100:g}?" if 1 <= abs(gap) < 100 else ""
    raise UsageError(
        f"--gap is {gap:g}, which is {100 * gap:g} points; mean scores lie between 0 and 1, so a gap lies between -1 "
        f"and 1 and is not 0{meant}"
    )


def _around(value: int) -> tuple[int, ...]:
    """Half, the value itself, twice and four times."""
    return tuple(sorted({max(2, value // 2), value, value * 2, value * 4}))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("power", help=_HELP)(power)

"""`evenhand plan`: fix and price a design before anything is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.batch_options import BatchOptions
from evenhand.cli.config import ConfigOptions, command_line, say_settings
from evenhand.cli.design_options import DesignOptions, build_plan
from evenhand.cli.groups import takes
from evenhand.cli.output import counted, print_json, print_table, say
from evenhand.records.measure import QuantityName
from evenhand.records.plan import Plan

__all__ = ["register", "show_preview"]

_ROLES = {"assistant": "", "second": " (reads the answers)", "decider": " (is asked about facts)"}
"""Role of a model -> what is written behind its name."""

_HELP = """Fix what will be asked, and show what it costs and what it can detect. Needs no key.

Examples:

  evenhand plan openai/gpt-5.1                          the quick preset of a paid model

  evenhand plan openai/gpt-5.1 --preset standard --out runs/gpt

  evenhand plan openai/gpt-5.1 --batch                  by batches: half the price, within a day

  evenhand plan openai/gpt-5.1 --shift 0.2              what each way of asking needs to find that shift

  evenhand plan --config evenhand.toml                  everything from a file of settings

  evenhand run runs/gpt                                 then ask it
"""


@takes(DesignOptions, BatchOptions, ConfigOptions)
def plan(
    design: DesignOptions,
    batches: BatchOptions,
    _: ConfigOptions,
    ctx: typer.Context,
    models: Annotated[list[str] | None, typer.Argument(help="Models; none: the shipped specimen.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run directory; default: runs/DATE-MODEL.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="For the run time shown.")] = 32,
    shift: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=5,
            help="Shift of a rating, in points of 10, that a cheapest way of asking is named for [0.3].",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the preview as JSON.")] = False,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.plan.settling import default_directory, settle

    say_settings(ctx)
    made = build_plan(design, models or [], command=command_line(ctx), batch=batches.batch or False)
    directory = out or default_directory(made)
    settle(made, directory)
    show_preview(made, concurrency=concurrency, json=json, shift=shift)
    say(f"Plan written to {directory / 'plan.json'}; ask it with `evenhand run {directory}`", error=True)


def show_preview(plan: Plan, *, concurrency: int, json: bool, error: bool = False, shift: float | None = None) -> None:
    """Print what a plan costs and can detect."""
    from evenhand.plan.needed import USUAL_SHIFT, needed_lines
    from evenhand.plan.preview import preset_line, preview, product_lines

    seen = preview(plan, concurrency=concurrency, shift=USUAL_SHIFT if shift is None else shift)
    if json:
        print_json(seen)
        return
    arms = ", ".join(f"{name} {count:,}" for name, count in seen.arms.items())
    kinds = ", ".join(f"{count} {name}" for name, count in seen.kinds.items())
    calls = counted(seen.calls, "call")
    say(f"Preset {seen.preset}, seed {seen.seed}, plan {seen.sha256[:12]}: {calls}.", error=error)
    say(f"Items: {kinds}. Calls by arm and model: {arms}. Matched sets: {seen.matched_sets}.", error=error)
    if len(seen.policies) > 1:
        policies = ", ".join(f"{name} {count:,}" for name, count in seen.policies.items())
        say(f"Calls by policy and model: {policies}.", error=error)
    for line in product_lines(seen.products):
        say(line, error=error)
    for kind, gap in seen.smallest_gap.items():
        smallest, near = (_points(one) for one in (gap, seen.smallest_gap_near[kind]))
        say(
            f"Smallest gap detectable at {seen.power:.0%} power, {kind}: {smallest} where 65% of the answers are "
            f"right, {near} where 97% are (margin {plan.analysis.margin * 100:.1f}).",
            error=error,
        )
    for kind, few in seen.too_few.items():
        here, needed = (
            " and ".join(counted(number, "matched set" if one.of == "user" else one.of) for one, number in numbers)
            for numbers in zip(*(((one, one.here), (one, one.needed)) for one in few), strict=True)
        )
        say(
            f"Nothing can be cleared, {kind}: with {here} no answers can show the gap to be smaller than the margin of "
            f"{plan.analysis.margin * 100:.1f} points; that takes at least {needed}.",
            error=error,
        )
    for one in seen.smallest_shift:
        say(
            f"Smallest shift detectable at {seen.power:.0%} power, {one.kind} by {one.answer}: "
            f"{_sized(one.shift, one.quantity)} (margin {_sized(one.margin, one.quantity, unit=False)}).",
            error=error,
        )
    for line in needed_lines(seen.needed, shift=seen.shift, power=seen.power):
        say(line, error=error)
    rows = [
        (
            model.model + _ROLES[model.role],
            model.calls,
            model.input_characters,
            model.input_tokens,
            _price(model.cost_usd, paid=model.paid),
            _time(model.seconds, batch=model.batch, concurrency=seen.concurrency),
        )
        for model in seen.models
    ]
    columns = ("model", "calls", "input characters", "input tokens (est.)", "price (est.)", "time (est.)")
    say(preset_line(seen.presets), error=error)
    if error:
        for row in rows:
            say("  ".join(f"{name}: {value}" for name, value in zip(columns, row, strict=True)), error=True)
    else:
        print_table(columns, rows)


def _points(gap: float | None) -> str:
    return "none, however large," if gap is None else f"{gap * 100:.1f} points"


def _sized(number: float, quantity: QuantityName, *, unit: bool = True) -> str:
    """A shift on the scale of its quantity, with its unit."""
    from evenhand.records.measurement import QUANTITIES

    match QUANTITIES[quantity].scale:
        case "rating":
            text, of = f"{number:.2f}", " points of 10"
        case "count":
            text, of = f"{number:.1f}", " words"
        case "rate":
            text, of = f"{100 * number:.1f}", " points of the answers that show an act"
        case _:
            text, of = f"{100 * number:.1f}", " points"
    return text + of if unit else text


def _time(seconds: float | None, *, batch: bool, concurrency: int) -> str:
    if batch:
        return "in batches, within a day each"
    return "local" if seconds is None else f"{seconds / 60:.0f} min at {concurrency} in flight"


def _price(cost: float | None, *, paid: bool) -> str:
    if not paid:
        return "none"
    return "unknown" if cost is None else f"${cost:,.2f}"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan", help=_HELP)(plan)

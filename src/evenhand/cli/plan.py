"""`evenhand plan`: fix and price a design before anything is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.design_options import DesignOptions, build_plan
from evenhand.cli.groups import takes
from evenhand.cli.output import counted, print_json, print_table, say
from evenhand.records.plan import Plan

__all__ = ["register", "show_preview"]

_HELP = """Fix what will be asked, and show what it costs and what it can detect. Needs no key.

Examples:

  evenhand plan openai/gpt-5.1                          the quick preset of a paid model

  evenhand plan openai/gpt-5.1 --preset standard --out runs/gpt

  evenhand run runs/gpt                                 then ask it
"""


@takes(DesignOptions)
def plan(
    design: DesignOptions,
    models: Annotated[list[str] | None, typer.Argument(help="Models; none: the shipped specimen.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run directory; default: runs/DATE-MODEL.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="For the run time shown.")] = 32,
    json: Annotated[bool, typer.Option("--json", help="Print the preview as JSON.")] = False,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.plan.settling import settle
    from evenhand.rundir import default_directory

    made = build_plan(design, models or [])
    directory = out or default_directory(made)
    settle(made, directory)
    show_preview(made, concurrency=concurrency, json=json)
    say(f"Plan written to {directory / 'plan.json'}; ask it with `evenhand run {directory}`", error=True)


def show_preview(plan: Plan, *, concurrency: int, json: bool, error: bool = False) -> None:
    """Print what a plan costs and can detect."""
    from evenhand.plan.preview import preset_line, preview

    seen = preview(plan, concurrency=concurrency)
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
    for kind, gap in seen.smallest_gap.items():
        say(
            f"Smallest gap detectable at {seen.power:.0%} power, {kind}: {gap * 100:.1f} points "
            f"(margin {plan.analysis.margin * 100:.1f}).",
            error=error,
        )
    for one in seen.smallest_shift:
        rated = one.answer == "rating"
        shift, margin = (
            f"{value if rated else 100 * value:.{2 if rated else 1}f}" for value in (one.shift, one.margin)
        )
        say(
            f"Smallest shift detectable at {seen.power:.0%} power, {one.kind} by {one.answer}: {shift} points"
            f"{' of 10' if rated else ''} (margin {margin}).",
            error=error,
        )
    rows = [
        (
            model.model if model.role == "assistant" else f"{model.model} (reads the answers)",
            model.calls,
            model.input_characters,
            model.input_tokens,
            _price(model.cost_usd, paid=model.paid),
            "local" if model.seconds is None else f"{model.seconds / 60:.0f} min at {seen.concurrency} in flight",
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


def _price(cost: float | None, *, paid: bool) -> str:
    if not paid:
        return "none"
    return "unknown" if cost is None else f"${cost:,.2f}"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan", help=_HELP)(plan)

"""`evenhand train`: a model trained on preference data, guarded on a validation split."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.groups import takes
from evenhand.cli.output import print_json, print_rows, say
from evenhand.records.training import DpoSettings, GuardLimits, GuardReading, Method, TrainingCard

__all__ = ["app"]

app = typer.Typer(help="Train a model on preference data (extra `train`).", no_args_is_help=True)

_HELP = """Train a model by direct preference optimisation, and stop before it loses anything or overshoots.

A guard reads the validation split every few steps: the score without memory, every level against its reference, the
recall of every answer. It keeps the step at which memory moves least and nothing was lost, and no audit item is ever
looked at. OUT/model is then a checkpoint to be audited: evenhand audit hf/OUT/model. A stopped training goes on when
the command is repeated.

Examples:

  evenhand train dpo --model ./my-checkpoint --pairs pairs --out trained

  evenhand train dpo --model specimen/tilted --pairs pairs --method full --learning-rate 2e-4 --out trained
"""
GUARD, STEPS = "Guard", "Steps"


@dataclasses.dataclass(frozen=True, kw_only=True)
class StepOptions:
    """What decides the weights."""

    method: Annotated[Method, typer.Option(help="LoRA matrices, or all weights.", rich_help_panel=STEPS)] = "lora"
    beta: Annotated[
        float, typer.Option(min=0.001, help="How strongly it is held to the base model.", rich_help_panel=STEPS)
    ] = 0.1
    learning_rate: Annotated[
        float | None, typer.Option(min=0, help="Peak; default 1e-4 (lora), 1e-5 (full).", rich_help_panel=STEPS)
    ] = None
    epochs: Annotated[float, typer.Option(min=0.01, help="Passes over the pairs at most.", rich_help_panel=STEPS)] = 3
    batch: Annotated[int, typer.Option(min=1, help="Pairs a step.", rich_help_panel=STEPS)] = 16
    at_once: Annotated[
        int, typer.Option(min=1, help="Pairs computed at once; fewer need less memory.", rich_help_panel=STEPS)
    ] = 16
    rank: Annotated[int, typer.Option(min=1, help="Rank of the LoRA matrices.", rich_help_panel=STEPS)] = 16
    anchor: Annotated[
        float,
        typer.Option(min=0, help="Weight of the likelihood of chosen answers.", rich_help_panel=STEPS),
    ] = 0.0
    seed: Annotated[int, typer.Option(help="Root seed.", rich_help_panel=STEPS)] = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class GuardOptions:
    """When the training stops."""

    guard: Annotated[
        bool, typer.Option(help="Let the guard stop the training; without, it only reads.", rich_help_panel=GUARD)
    ] = True
    check_every: Annotated[int, typer.Option(min=1, help="Steps between readings.", rich_help_panel=GUARD)] = 10
    margin: Annotated[
        float, typer.Option(min=0.001, max=1, help="A gap beyond it on the other side.", rich_help_panel=GUARD)
    ] = 0.02
    loss: Annotated[
        float, typer.Option(min=0, max=1, help="Fall of the score without memory.", rich_help_panel=GUARD)
    ] = 0.02
    recall_loss: Annotated[
        float, typer.Option(min=0, max=1, help="Fall of the recall of one answer.", rich_help_panel=GUARD)
    ] = 0.05


@app.command("dpo", help=_HELP)
@takes(StepOptions, GuardOptions)
def dpo(
    steps: StepOptions,
    guard: GuardOptions,
    model: Annotated[str, typer.Option(help="Folder in Hugging Face format, or specimen/NAME.")],
    pairs: Annotated[Path, typer.Option(help="Folder of `evenhand preferences build`, or a file of pairs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the training.")] = Path("trained"),
    json: Annotated[bool, typer.Option("--json", help="Print training.json.")] = False,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.train.dpo import train_dpo

    usual = 1e-4 if steps.method == "lora" else 1e-5
    settings = DpoSettings(
        method=steps.method,
        beta=steps.beta,
        learning_rate=usual if steps.learning_rate is None else steps.learning_rate,
        epochs=steps.epochs,
        batch=steps.batch,
        at_once=steps.at_once,
        rank=steps.rank,
        anchor=steps.anchor,
        check_every=guard.check_every,
        guarded=guard.guard,
        limits=GuardLimits(margin=guard.margin, small=guard.margin / 2, loss=guard.loss, recall_loss=guard.recall_loss),
        seed=steps.seed,
    )
    card = train_dpo(model, pairs, out, settings=settings)
    if json:
        print_json(card)
    else:
        _tell(card, out)


_ENDED = {
    "closed": "memory moved next to nothing, twice in a row",
    "stalled": "memory did not come to move less any more",
    "lost": "accuracy or the recall of an answer fell",
    "overshot": "a gap turned over, or a new one opened",
    "all_steps": "all steps were done",
    "going_on": "it was stopped",
}


def _tell(card: TrainingCard, out: Path) -> None:
    """The beginning and the kept step, side by side."""
    if card.readings:
        first = card.readings[0]
        kept = next(one for one in card.readings if one.step == card.kept_step)
        rows = [(name, round(100 * before, 1), round(100 * after, 1)) for name, before, after in _compared(first, kept)]
        print_rows(("validation split, points", "before", "after"), rows, json=False)
    say(
        f"Ended after {card.steps} steps, because {_ENDED[card.ended]}; step {card.kept_step} was kept, "
        f"{card.cpu_seconds:.0f} s of processor time. Audit it: evenhand audit hf/{out / 'model'}"
    )


def _compared(first: GuardReading, kept: GuardReading) -> list[tuple[str, float, float]]:
    rows = [
        ("score without memory", first.none, kept.none),
        ("score behind memory", first.behind, kept.behind),
        ("mean change by memory", first.moved, kept.moved),
    ]
    for before, after in zip(first.gaps, kept.gaps, strict=True):
        rows.append((f"{before.factor}: {before.level} minus {before.reference}", before.gap, after.gap))
    return [*rows, *((f"recall of {word}", share, kept.recall[word]) for word, share in first.recall.items())]

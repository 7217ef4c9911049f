"""`evenhand train`: a model trained on preference data, guarded on a validation split."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.groups import takes
from evenhand.cli.output import print_json, print_rows, say
from evenhand.records.steering import SteeringCard
from evenhand.records.training import DpoSettings, GuardLimits, GuardReading, Method, Reference, Target, TrainingCard

__all__ = ["app"]

app = typer.Typer(help="Train a model on preference data (extra `train`).", no_args_is_help=True)

_HELP = """Train a model by direct preference optimisation, and stop before it loses anything or overshoots.

A guard reads the validation split every few steps: the score without memory, every level against its reference, the
recall of every answer. It keeps the step at which memory moves least with the least change elsewhere and nothing lost,
and no audit item is ever looked at. OUT/model is then a checkpoint to be audited: evenhand audit hf/OUT/model. A
stopped training goes on when the command is repeated.

Examples:

  evenhand train dpo --model ./my-checkpoint --pairs pairs --out trained

  evenhand train dpo --model specimen/tilted --pairs pairs --layer 1 --learning-rate 1e-2 --out trained
"""
_STEER_HELP = """Find the direction that tells two versions of the same users apart, for a model to be steered by.

No weight is changed. The states of one layer are compared at the end of prompts that differ in the version of the user
alone, advantaged or disadvantaged. A model that is steered by OUT holds its states in the middle between both, along
that direction, at every token. Audit it beside the model as it is, and see what it costs. lm-eval reads OUT as well
(--model steered).

Examples:

  evenhand train steer --model ./my-checkpoint --out steer.pt

  evenhand train steer --model specimen/tilted --layer 2 --pairs 16 --out steer.pt
"""
GUARD, STEPS = "Guard", "Steps"


@dataclasses.dataclass(frozen=True, kw_only=True)
class StepOptions:
    """What decides the weights."""

    method: Annotated[Method, typer.Option(help="LoRA matrices, or all weights.", rich_help_panel=STEPS)] = "lora"
    targets: Annotated[Target, typer.Option(help="Which matrices of a layer are trained.", rich_help_panel=STEPS)] = (
        "all"
    )
    layer: Annotated[
        list[int],
        typer.Option(min=0, help="Number of a layer that is trained; may be repeated.", rich_help_panel=STEPS),
    ] = dataclasses.field(default_factory=list)
    beta: Annotated[
        float, typer.Option(min=0.001, help="How strongly it is held to the base model.", rich_help_panel=STEPS)
    ] = 0.1
    reference: Annotated[
        Reference,
        typer.Option(
            help="What a preference is compared with: the base model's, or nothing, so that only pairs that are still "
            "the wrong way round teach much (answers of as many tokens).",
            rich_help_panel=STEPS,
        ),
    ] = "base"
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
    stay: Annotated[
        float,
        typer.Option(
            min=0, help="Weight of answering as the base model where memory moved nothing.", rich_help_panel=STEPS
        ),
    ] = 10.0
    stay_answers: Annotated[
        int, typer.Option(min=1, help="Answers that are held to in a step.", rich_help_panel=STEPS)
    ] = 32
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
        targets=steps.targets,
        layers=tuple(sorted(set(steps.layer))),
        beta=steps.beta,
        reference=steps.reference,
        learning_rate=usual if steps.learning_rate is None else steps.learning_rate,
        epochs=steps.epochs,
        batch=steps.batch,
        at_once=steps.at_once,
        rank=steps.rank,
        anchor=steps.anchor,
        stay=steps.stay,
        stay_answers=steps.stay_answers,
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
        ("mean change without memory since the beginning", first.drift, kept.drift),
    ]
    if first.regained is not None and kept.regained is not None:
        rows.insert(2, ("score where memory had moved the answer", first.regained, kept.regained))
    if first.needed is not None and kept.needed is not None:
        rows.append(("score where memory is needed", first.needed, kept.needed))
    for before, after in zip(first.gaps, kept.gaps, strict=True):
        rows.append((f"{before.factor}: {before.level} minus {before.reference}", before.gap, after.gap))
    return [*rows, *((f"recall of {word}", share, kept.recall[word]) for word, share in first.recall.items())]


@app.command("steer", help=_STEER_HELP)
def steer(
    model: Annotated[str, typer.Option(help="Folder in Hugging Face format, or specimen/NAME.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The steering file.")] = Path("steer.pt"),
    layer: Annotated[
        int | None, typer.Option(min=0, help="Layer whose output is steered; default: the middle.")
    ] = None,
    pairs: Annotated[int, typer.Option(min=2, help="Users whose versions are contrasted, at most.")] = 32,
    held: Annotated[float, typer.Option(min=0.01, max=0.9, help="Share of them that it is only tried on.")] = 0.25,
    cohort: Annotated[
        str, typer.Option(help="Cohort or cohort file of users in two versions. Never the audit's.")
    ] = "doses-medium",
    questions: Annotated[str, typer.Option(help="Shipped question set or a file.")] = "general-questions",
    device: Annotated[str | None, typer.Option(help="Where it is computed, as in `cpu`.")] = None,
    seed: Annotated[int, typer.Option(help="Root seed.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the card.")] = False,
) -> None:
    """Filled from `_STEER_HELP`."""
    from evenhand.train.steering import SteeringRequest, build_steering

    request = SteeringRequest(
        model=model,
        out=out,
        cohort=cohort,
        questions=questions,
        pairs=pairs,
        held=held,
        layer=layer,
        device=device,
        seed=seed,
    )
    card = build_steering(request)
    if json:
        print_json(card)
    else:
        _tell_steering(card, out)


def _tell_steering(card: SteeringCard, out: Path) -> None:
    """How well the direction tells users apart whom it was not made from, and how to audit it."""
    bare = card.base.removeprefix("hf/")
    named = f"hf/{bare}" if not bare.startswith("specimen/") else f"hf/{out.parent / f'{out.stem}-base'}/{bare[9:]}"
    say(
        f"{str(out)!r} steers {card.place!r}: the mean difference of {card.level} and {card.reference} over "
        f"{card.pairs} users. Of {card.held_pairs} other users, it puts {card.held_right} the right way round, on "
        f"average {card.held_distance:.2f} times as far apart. Audit both: evenhand audit {named} '{named}?steer={out}'"
    )

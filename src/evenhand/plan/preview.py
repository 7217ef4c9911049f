"""What a plan will cost and can detect, before anything is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from evenhand.analysis.estimators.answer_model import ASSUMED_ANSWERS, STRONG_ANSWERS, AnswerModel
from evenhand.analysis.estimators.answer_power import smallest_gap
from evenhand.analysis.estimators.equivalence import sampled_units, shortfalls
from evenhand.analysis.estimators.power import PairedDesign
from evenhand.design.arms import paired_cohort
from evenhand.design.cells import Meeting
from evenhand.endpoints.billed import CHARACTERS_PER_TOKEN
from evenhand.endpoints.kinds import kind_of
from evenhand.memory.stores.named import store_adapter
from evenhand.plan.canary import canary_of, canary_questions
from evenhand.plan.cost import batch_price, estimate, find_price
from evenhand.plan.make import usual_design
from evenhand.plan.needed import USUAL_SHIFT, NeededCalls, Spent, needed_calls
from evenhand.plan.placements import products_of
from evenhand.plan.questions import Questions
from evenhand.plan.second_models import policy_models, second_models
from evenhand.plan.smallest import PAIRED_KINDS, SmallestShift, Way, smallest_shifts
from evenhand.plan.users import PlanUsers
from evenhand.records.answer_format import AnswerFormat, formats_of
from evenhand.records.cell import Cell
from evenhand.records.estimate import Shortfall
from evenhand.records.item import ItemKind
from evenhand.records.plan import Design, ModelSpec, Plan, Preset

__all__ = [
    "SECONDS_PER_CALL",
    "ModelPreview",
    "PresetPreview",
    "Preview",
    "ProductPreview",
    "preset_line",
    "preview",
    "product_lines",
]

ANSWER_TOKENS: Mapping[AnswerFormat, int] = {"letter": 8, "distribution": 40, "rating": 40, "text": 300}
"""Assumed length of an answer: a letter, a number for each option, some paragraphs. Reasoning models use far more."""
SAID_TOKENS = 8
"""What a second model says of an answer, for each thing it is asked."""
CROSSING = 81
"""Profiles of the shipped intersectional cohort."""
_PRESETS: tuple[Preset, ...] = ("quick", "standard", "full", "fang2025")
SECONDS_PER_CALL = 1.5
"""Assumed latency of a remote endpoint."""


Role = Literal["assistant", "second", "decider"]
"""`second`: a model that is asked about answers of the assistants; `decider`: about facts in their memory."""


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
    """None where no price is known; of batches at their price."""
    seconds: float | None
    """At the stated concurrency and the assumed latency; None for local endpoints, and in batches."""
    batch: bool = False
    """Whether it is asked by batches, which take up to a day."""


class PresetPreview(Struct, frozen=True, kw_only=True):
    """What a preset asks and detects with this plan's items, probes left out."""

    preset: Preset
    calls: int
    """Of one model."""
    smallest_gap: float | None
    """Of letters, for the larger of the kinds understanding and management; None without matched sets."""


class ProductPreview(Struct, frozen=True, kw_only=True):
    """What an assistant that keeps memory itself is asked beside the calls: users to make, and a check of them."""

    model: str
    users: int
    """Users that are made and cleared, the one without memory among them."""
    facts: int
    """Facts that are handed over."""
    characters: int
    """Characters of them, or of the conversations that tell them."""
    written_tokens: int
    """Tokens of prompt that a store's own model reads while it writes, about; 0 where it asks none."""
    canary_users: int
    """Users with memory whose isolation is checked before the first question."""
    canary_questions: int
    """Questions of that check."""


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
    smallest_gap: dict[str, float | None]
    """Item kind -> smallest advantaged minus disadvantaged gap detectable at the stated power (probability scale) where
    65% of the answers are right; None where no gap is."""
    smallest_gap_near: dict[str, float | None] = {}
    """The same where 97% are, as of a strong assistant."""
    too_few: dict[str, tuple[Shortfall, ...]] = {}
    """Item kind -> kinds of units of which so few are asked that no answers could show the gap to lie within the
    margin; kinds of items with enough of both are left out."""
    smallest_shift: tuple[SmallestShift, ...] = ()
    """The same of numbers that answers state or show: ratings, percentages, words, acts."""
    shift: float = USUAL_SHIFT
    """The stated shift that `needed` is about: of a rating, in points of 10."""
    needed: tuple[NeededCalls, ...] = ()
    """What each kind of item needs to find it, in each format of answer but text."""
    products: tuple[ProductPreview, ...] = ()
    """Assistants that keep memory themselves."""
    power: float
    concurrency: int
    presets: tuple[PresetPreview, ...]
    """The same items under every preset, to choose from."""


def preview(plan: Plan, *, concurrency: int, shift: float = USUAL_SHIFT) -> Preview:
    """Count the calls of a plan, add up what is sent, and state what the design can detect.

    Args:
        plan: The plan.
        concurrency: Calls in flight, for the run time.
        shift: Shift of a rating, in points of 10, that every way of asking is measured against.
    """
    questions = Questions(plan)
    crossing = questions.crossing
    arms: Counter[str] = Counter()
    policies: Counter[str] = Counter()
    sums: dict[Way, _Sum] = {}
    bare: dict[Way, _Sum] = {}
    facts: dict[tuple[str, str, str], int] = {}
    first = plan.models[0].name
    for cell, meeting in crossing.pairs():
        if cell.model != first:
            break
        sent = questions.calls(cell, meeting)
        arms[meeting.arm.kind] += len(sent)
        policies[cell.condition.mitigation] += len(sent)
        facts |= questions.asked_of_model(cell, meeting)
        way = Way(meeting.item.kind, cell.condition.answer)
        sums.setdefault(way, _Sum()).add(cell, meeting, questions, sent)
        if cell.condition.mitigation == "none":
            bare.setdefault(way, _Sum()).add(cell, meeting, questions, sent)
    kinds: Counter[str] = Counter(met[0].item.kind for met in crossing.meetings.values())
    sets = {
        arm.arm.matched_set
        for met in crossing.meetings.values()
        for arm in met
        if plan.analysis.contrast in arm.arm.levels
    }
    asked = {way: len(one.items) for way, one in bare.items()}
    rows = [*_rows(plan, list(sums.values()), concurrency), *_deciders(plan, facts, concurrency)]
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
        smallest_gap=_smallest_gaps(plan, asked, len(sets), answers=ASSUMED_ANSWERS),
        smallest_gap_near=_smallest_gaps(plan, asked, len(sets), answers=STRONG_ANSWERS),
        too_few=_too_few(plan, asked, len(sets)),
        smallest_shift=smallest_shifts(plan, asked, sets=len(sets)),
        shift=shift,
        needed=needed_calls(plan, {way: one.spent for way, one in bare.items()}, sets=len(sets), shift=shift)
        if any(paired_cohort(cohort) for cohort in plan.cohorts)
        else (),
        products=tuple(_product(plan, model) for model in products_of(plan.models)),
        power=plan.analysis.power,
        concurrency=concurrency,
        presets=_presets(plan, kinds),
    )


class _Sum:
    """What is sent to one model and comes back, in one way of asking."""

    def __init__(self) -> None:
        self.items: set[str] = set()
        self.calls = self.characters = self.answered = self.read = self.asked_again = 0

    def add(self, cell: Cell, meeting: Meeting, questions: Questions, sent: Sequence[int]) -> None:
        """Count one cell, whose calls send so many characters each."""
        tokens, again = ANSWER_TOKENS[cell.condition.answer], questions.second_calls(cell)
        self.items.add(meeting.item.id)
        self.calls += len(sent)
        self.characters += sum(sent)
        self.answered += tokens * len(sent)
        self.asked_again += again
        self.read += questions.read_characters(cell, meeting) + round(again * tokens * CHARACTERS_PER_TOKEN)

    @property
    def spent(self) -> Spent:
        """The same in tokens."""
        return Spent(len(self.items), self.calls, self.characters / CHARACTERS_PER_TOKEN, self.answered)


def _product(plan: Plan, model: ModelSpec) -> ProductPreview:
    everybody = PlanUsers(plan).everybody(model.name)
    checked = len(canary_of(plan, model.name).users)
    return ProductPreview(
        model=model.name,
        users=len(everybody),
        facts=sum(len(user.facts) for user in everybody),
        characters=sum(sum(map(len, user.facts)) + sum(len(turn.content) for turn in user.turns) for user in everybody),
        written_tokens=0
        if model.store is None
        else store_adapter(model.store.name).write_tokens * sum(len(user.facts) for user in everybody),
        canary_users=checked,
        canary_questions=canary_questions(checked),
    )


def _rows(plan: Plan, sums: Sequence[_Sum], concurrency: int) -> list[ModelPreview]:
    """Every model's share: the assistants, then those that read their answers."""
    several = len(plan.models)
    said = SAID_TOKENS * (1 if plan.rater is None else len(plan.rater.criteria))
    sent = _Sent(sum(one.calls for one in sums), sum(one.characters for one in sums), sum(one.answered for one in sums))
    again = sum(one.asked_again for one in sums) * several
    read = _Sent(again, sum(one.read for one in sums) * several, again * said)
    rows = [_model(model, sent, concurrency, batch=plan.batch) for model in plan.models]
    return [*rows, *(_model(model, read, concurrency, role="second") for model in second_models(plan))]


def _deciders(plan: Plan, facts: Mapping[tuple[str, str, str], int], concurrency: int) -> list[ModelPreview]:
    """The models that policies ask about facts; each fact once, or once for each question.

    Args:
        plan: The plan.
        facts: Model, fact and question -> characters.
        concurrency: Calls in flight.
    """
    rows = []
    for model in policy_models(plan):
        sent = [characters for (name, _, _), characters in facts.items() if name == model.name]
        written = SAID_TOKENS * len(sent)
        rows.append(_model(model, _Sent(len(sent), sum(sent), written), concurrency, role="decider"))
    return rows


def preset_line(presets: Sequence[PresetPreview]) -> str:
    """The presets in a sentence."""
    shown = [
        f"{row.preset} {row.calls:,} calls" + (f", {row.smallest_gap * 100:.1f} points" if row.smallest_gap else "")
        for row in presets
    ]
    return f"These items under each preset, and the smallest gap it detects: {'; '.join(shown)}."


def product_lines(products: Sequence[ProductPreview]) -> list[str]:
    """What assistants with their own memory, or with a store, are asked beside the calls, in sentences."""
    lines = []
    for product in products:
        lines.append(
            f"{product.model} keeps memory itself: {product.users:,} users made and cleared, {product.facts:,} facts "
            f"written. Before the first question {product.canary_users} of them are checked for leaks in "
            f"{product.canary_questions} questions. Both come on top of the calls."
        )
        if product.written_tokens:
            lines.append(
                f"Writing memory sends about {product.written_tokens:,} tokens of prompts to the model of its store."
            )
    return lines


def _presets(plan: Plan, kinds: Counter[str]) -> tuple[PresetPreview, ...]:
    """What every preset would ask and detect with the banks and cohorts of this plan, by arithmetic."""
    pairs = [cohort for cohort in plan.cohorts if paired_cohort(cohort)]
    sets = len({profile.matched_set for cohort in pairs for profile in cohort.profiles})
    largest = max((kinds.get("understanding", 0), kinds.get("management", 0)))
    rows = []
    for name in _PRESETS:
        design = usual_design(name, plan.models, extractor=plan.extractor)
        taken = min(design.matched_sets or sets, sets)
        met = taken if design.pairs_per_item is None else min(design.pairs_per_item, taken)
        profiles = CROSSING if design.profiles_per_item is None else design.profiles_per_item
        an_item = design.none_repeats + design.placebo_per_item + 2 * met + profiles * len(design.cues)
        sized = PairedDesign(items=largest, sets=taken, sets_per_item=met) if taken > 1 else None
        rows.append(
            PresetPreview(
                preset=name,
                calls=round(an_item * sum(_asked(design, kind, kinds[kind]) for kind in PAIRED_KINDS)),
                smallest_gap=smallest_gap(sized, alpha=plan.analysis.alpha, power=plan.analysis.power)
                if sized and sized.items
                else None,
            )
        )
    return tuple(rows)


def _asked(design: Design, kind: ItemKind, items: int) -> float:
    """How many items of a kind a design asks, each once for every format of answer."""
    if kind not in design.kinds:
        return 0.0
    formats = formats_of(kind, choice=design.answers, written=design.written)
    return items * (len(formats) - (1.0 - design.distribution_share if len(formats) > 1 else 0.0))


class _Sent(NamedTuple):
    """What goes to one model and comes back."""

    calls: int
    characters: int
    answer_tokens: int


def _model(
    model: ModelSpec, sent: _Sent, concurrency: int, *, role: Role = "assistant", batch: bool = False
) -> ModelPreview:
    calls, characters, answers = sent
    tokens = round(characters / CHARACTERS_PER_TOKEN)
    kind = kind_of(model)
    price = find_price(model) if kind.paid(model) else None
    price = batch_price(price) if price is not None and batch else price
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
        batch=batch,
        seconds=None if kind.local or batch else calls * SECONDS_PER_CALL / concurrency,
    )


def _smallest_gaps(plan: Plan, items: Mapping[Way, int], sets: int, *, answers: AnswerModel) -> dict[str, float | None]:
    design = plan.design
    if sets < 2 or not any(paired_cohort(cohort) for cohort in plan.cohorts):
        return {}
    met = None if design.pairs_per_item is None else min(design.pairs_per_item, sets)
    return {
        way.kind: smallest_gap(
            PairedDesign(items=count, sets=sets, sets_per_item=met, replicates=design.replicates),
            variation=answers,
            alpha=plan.analysis.alpha,
            power=plan.analysis.power,
        )
        for way, count in items.items()
        if way.answer == "letter" and way.kind in PAIRED_KINDS and count > 1
    }


def _too_few(plan: Plan, items: Mapping[Way, int], sets: int) -> dict[str, tuple[Shortfall, ...]]:
    """The kinds of items whose gap cannot be cleared, with what is lacking."""
    settings, measured = plan.analysis, _smallest_gaps(plan, items, sets, answers=ASSUMED_ANSWERS)
    few = {
        way.kind: shortfalls(sampled_units((sets, count)), margin=settings.margin, alpha=settings.alpha)
        for way, count in items.items()
        if way.answer == "letter" and way.kind in measured
    }
    return {kind: short for kind, short in few.items() if short}

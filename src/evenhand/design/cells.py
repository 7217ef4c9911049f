"""The cells of a plan: a lazy crossing, never a list in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import product

import msgspec

from evenhand.design.apart import kept_apart, left_out
from evenhand.design.arms import NONE, cohort_arms, item_fact_arm, paired_cohort, placebo_arms
from evenhand.design.crossing import balanced_subsets, factorial_fractions
from evenhand.design.orders import option_orders
from evenhand.design.sample import asked_items, letters_alone
from evenhand.records.answer_format import AnswerFormat, formats_of
from evenhand.records.cell import Cell
from evenhand.records.condition import Condition
from evenhand.records.item import Bank, Item
from evenhand.records.language import language_of
from evenhand.records.plan import ModelSpec, Plan
from evenhand.records.profile import Arm, Cohort
from evenhand.seeds import stream

__all__ = ["Crossing", "Meeting"]

ITEM_FACT_KINDS = ("benefit", "leakage", "sycophancy")


class Meeting(msgspec.Struct, frozen=True):
    """An item and an arm that meet, and how often."""

    item: Item
    bank: str
    arm: Arm
    replicates: int


class Crossing:
    """Which item meets which arm in a plan, and the cells that follow.

    Args:
        plan: The plan; nothing else decides the crossing.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._digest = {model.name: _digest(msgspec.json.encode(model, order="deterministic")) for model in plan.models}
        frozen = (plan.prompts, plan.extractor, plan.extractor_options, plan.seed)
        self._frozen = _digest(msgspec.json.encode(frozen, order="deterministic"))
        self._policies = {
            spec.name: msgspec.json.encode((spec.name, spec.options, spec.prompts_sha256), order="deterministic")
            for spec in plan.mitigations
        }

    @cached_property
    def meetings(self) -> dict[str, tuple[Meeting, ...]]:
        """Item id -> the arms the item meets.

        Items are in a random order, so that any beginning of the cells is a random sample of whole items.
        """
        design, seed = self.plan.design, self.plan.seed
        found: dict[str, tuple[Meeting, ...]] = {}
        asked = asked_items(self.plan)
        for bank in self.plan.banks:
            items = [item for item in bank.items if item.id in asked]
            person_items = [item for item in items if item.kind not in ITEM_FACT_KINDS]
            arms = self._arms_of_items(person_items, bank)
            for item in items:
                repeats = design.none_repeats * design.replicates
                met = [Meeting(item, bank.name, NONE, repeats)]
                if item.kind in ITEM_FACT_KINDS:
                    met.append(Meeting(item, bank.name, item_fact_arm(item), repeats))
                else:
                    met += [Meeting(item, bank.name, arm, design.replicates) for arm in arms[item.id]]
                found[item.id] = tuple(met)
        names = list(found)
        order = stream(seed, "design", "item-order").permutation(len(names))
        return {names[index]: found[names[index]] for index in order}

    def _arms_of_items(self, items: list[Item], bank: Bank) -> dict[str, list[Arm]]:
        plan, design = self.plan, self.plan.design
        arms: dict[str, list[Arm]] = {item.id: [] for item in items}
        placebos = [arm for cohort in plan.cohorts for arm in placebo_arms(cohort)]
        rng = stream(plan.seed, "design", "placebo", bank.name)
        for item, chosen in zip(
            items, balanced_subsets(len(items), len(placebos), per_item=design.placebo_per_item, rng=rng), strict=True
        ):
            arms[item.id] += [placebos[index] for index in chosen]
        for cohort in plan.cohorts:
            people = cohort_arms(cohort, matched_sets=design.matched_sets, seed=plan.seed)
            if paired_cohort(cohort):
                met = self._pairs(items, bank, cohort, people)
            elif design.profiles_per_item != 0:
                met = self._crossed(items, people)
            else:
                continue
            for item, theirs in zip(items, met, strict=True):
                arms[item.id] += theirs
        return arms

    def _pairs(self, items: list[Item], bank: Bank, cohort: Cohort, people: Sequence[Arm]) -> list[list[Arm]]:
        """For every item, the matched sets that it meets, all versions of each."""
        design = self.plan.design
        sets: dict[str, list[Arm]] = {}
        for arm in people:
            sets.setdefault(arm.matched_set or arm.id, []).append(arm)
        groups = list(sets.values())
        rng = stream(self.plan.seed, "design", "pairs", bank.name, cohort.name)
        picks = balanced_subsets(len(items), len(groups), per_item=design.pairs_per_item, rng=rng)
        if not design.contradictions:
            picks = kept_apart(items, picks, groups)
        return [[arm for index in chosen for arm in groups[index]] for chosen in picks]

    def _crossed(self, items: list[Item], people: Sequence[Arm]) -> list[list[Arm]]:
        """For every item, the profiles of a crossing that it meets, in each cue style."""
        design = self.plan.design
        met: list[list[Arm]] = [[] for _ in items]
        for cue in dict.fromkeys(arm.cue for arm in people):
            styled = [arm for arm in people if arm.cue == cue]
            picks = factorial_fractions(len(items), styled, per_item=design.profiles_per_item, seed=self.plan.seed)
            if not design.contradictions:
                picks = left_out(items, picks, [[arm] for arm in styled])
            for place, chosen in enumerate(picks):
                met[place] += [styled[index] for index in chosen]
        return met

    @cached_property
    def orders(self) -> dict[str, tuple[tuple[int, ...], ...]]:
        """Item id -> its option orders."""
        orders: dict[str, tuple[tuple[int, ...], ...]] = {}
        for bank in self.plan.banks:
            orders |= option_orders(bank.items, replicates=self.plan.design.replicates, seed=self.plan.seed)
        return orders

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The ways in which memory is shown; the cue is the arm's own and is filled in with it."""
        design = self.plan.design
        return tuple(
            Condition(placement=placement, reader=reader, mitigation=mitigation)
            for placement, reader, mitigation in product(design.placements, design.readers, design.mitigations)
        )

    def size(self, model: ModelSpec | None = None) -> int:
        """Number of cells of one model, or of all models."""
        each = sum(self.count(meeting) for met in self.meetings.values() for meeting in met)
        return each if model is not None else each * len(self.plan.models)

    def count(self, meeting: Meeting) -> int:
        """Number of cells of one model in which an item and an arm meet."""
        shown = 1 if meeting.arm.kind == "none" else len(self.conditions)
        return meeting.replicates * len(self.formats(meeting.item)) * shown

    def pairs(self, models: Iterable[ModelSpec] | None = None) -> Iterator[tuple[Cell, Meeting]]:
        """The cells of some models (None: all), item by item, each with the item and arm it is made of."""
        for model in self.plan.models if models is None else models:
            for met in self.meetings.values():
                yield from self.cells_of(model, met)

    def pairs_by_arm(self, models: Iterable[ModelSpec] | None = None) -> Iterator[tuple[Cell, Meeting]]:
        """The same cells arm by arm, for endpoints that share the work of equal beginnings."""
        by_arm: dict[tuple[str, str], list[Meeting]] = {}
        for met in self.meetings.values():
            for meeting in met:
                own = meeting.item.id if meeting.arm.kind == "item_fact" else ""
                by_arm.setdefault((meeting.arm.id, own), []).append(meeting)
        for model in self.plan.models if models is None else models:
            for group in by_arm.values():
                yield from self.cells_of(model, group)

    def cells_of(self, model: ModelSpec, meetings: Iterable[Meeting]) -> Iterator[tuple[Cell, Meeting]]:
        """The cells of some meetings."""
        for meeting in meetings:
            yield from self._cells(model, meeting)

    def formats(self, item: Item) -> tuple[AnswerFormat, ...]:
        """The formats in which the plan asks an item."""
        design = self.plan.design
        choice = ("letter",) if item.id in self._letters_alone else design.answers
        return formats_of(item.kind, choice=choice, written=design.written)

    @cached_property
    def _spoken(self) -> dict[str, str]:
        """Bank -> what its language adds to the name of a question; nothing where it is asked in English."""
        held = {prompt.name for prompt in self.plan.prompts}
        asked = {bank.name: self.plan.design.instructions or language_of(bank.language) for bank in self.plan.banks}
        return {name: f"/{one}" if f"memory/{one}/base.md.j2" in held else "" for name, one in asked.items()}

    @cached_property
    def _letters_alone(self) -> frozenset[str]:
        return letters_alone(self.plan)

    def _cells(self, model: ModelSpec, meeting: Meeting) -> Iterator[tuple[Cell, Meeting]]:
        """The none arm is asked once a format: without memory the other conditions are the same question."""
        conditions = self.conditions[:1] if meeting.arm.kind == "none" else self.conditions
        for condition, answer in product(conditions, self.formats(meeting.item)):
            shown = msgspec.structs.replace(condition, answer=answer)
            for replicate in range(meeting.replicates):
                yield self._cell(model.name, meeting, shown, replicate), meeting

    def _cell(self, model: str, meeting: Meeting, condition: Condition, replicate: int) -> Cell:
        orders = self.orders[meeting.item.id]
        index = replicate % len(orders)
        how = f"{condition.placement}/{condition.reader}/{condition.mitigation}"
        how += "" if condition.answer == "letter" else f"/{condition.answer}"
        how += self._spoken[meeting.bank]
        shown = f"{how}/{replicate}/{orders[index]}"
        policy = () if condition.mitigation == "none" else (self._policies[condition.mitigation],)
        key = _digest(self._digest[model], self._frozen, self._content(meeting), shown.encode(), *policy)
        return Cell(
            cell_key=key.hex(),
            model=model,
            arm=meeting.arm.id,
            item=meeting.item.id,
            condition=msgspec.structs.replace(condition, cue=meeting.arm.cue),
            replicate=replicate,
            order_index=index,
            option_order=orders[index],
        )

    def holds(self, cell: Cell) -> bool:
        """Whether the cell is one of the plan's, in every field."""
        meeting = self._met.get((cell.item, cell.arm))
        if meeting is None or cell.model not in self._digest or not 0 <= cell.replicate < meeting.replicates:
            return False
        if cell.condition.answer not in self.formats(meeting.item):
            return False
        if cell.condition.mitigation not in self.plan.design.mitigations:
            return False
        return self._cell(cell.model, meeting, cell.condition, cell.replicate) == cell

    @cached_property
    def _met(self) -> dict[tuple[str, str], Meeting]:
        """(item, arm) -> their meeting."""
        return {(item, meeting.arm.id): meeting for item, met in self.meetings.items() for meeting in met}

    def _content(self, meeting: Meeting) -> bytes:
        return self._hash_of(("item", meeting.bank, meeting.item.id), meeting.item) + self._hash_of(
            ("arm", meeting.arm.id, meeting.item.id if meeting.arm.kind == "item_fact" else ""), meeting.arm
        )

    @cached_property
    def _hashes(self) -> dict[tuple[str, str, str], bytes]:
        return {}

    def _hash_of(self, name: tuple[str, str, str], value: Item | Arm) -> bytes:
        if name not in self._hashes:
            self._hashes[name] = _digest(msgspec.json.encode(value, order="deterministic"))
        return self._hashes[name]


def _digest(*parts: bytes) -> bytes:
    """BLAKE2b-128 over the parts, each with its length."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(4, "big") + part)
    return digest.digest()

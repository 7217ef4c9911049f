"""What became of facts in a product's own memory, as numbers: stored, found for a question, and read.

A fact that was handed over is one observation: its number within memory is the item, its user the sampling unit. What
memory gave for a question is one observation of the trial.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from evenhand.design.arms import item_fact_arm, plan_arms
from evenhand.reading.remembered import found_facts, read_memory
from evenhand.records.condition import Condition
from evenhand.records.measure import QuantityName
from evenhand.records.plan import Plan
from evenhand.records.product_memory import (
    CANARY_STEPS,
    CanaryAnswer,
    CanaryPassed,
    CanarySummary,
    ItemRetrieval,
    MemoryEvent,
    UserStored,
)
from evenhand.records.profile import Arm
from evenhand.store.reading import TrialReader
from evenhand.store.rows import StoredTrial

__all__ = ["MEMORY_KIND", "canary_summaries", "item_retrievals", "read_numbers", "stored_rows"]

MEMORY_KIND = "memory"
"""In the place of an item's kind, where the facts themselves are what is looked at."""


def stored_rows(plan: Plan, events: Iterable[MemoryEvent], *, factors: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Rows of the measurement table for every fact that was handed over, where the product shows what it then held.

    A user that was made anew when a run was resumed counts as it was made last.
    """
    items = {item.id: item for bank in plan.banks for item in bank.items}
    arms = plan_arms(plan)
    last = {event.user: event for event in events if isinstance(event, UserStored) and event.plan == plan.sha256}
    for event in last.values():
        if event.kept is None or not event.given:
            continue
        arm = item_fact_arm(items[event.item]) if event.item else arms[event.arm]
        condition = Condition(placement=event.placement, cue=arm.cue)
        read = read_memory(event.given, event.kept)
        invented = read.invented / read.texts if read.texts else 0.0
        levels = tuple(arm.levels.get(factor) for factor in factors)
        for number, fact in enumerate(read.facts, 1):
            before = (
                *(f"{event.user}/{number}", event.model, MEMORY_KIND, f"fact/{number}", MEMORY_KIND, arm.id, arm.kind),
                *(arm.cohort if arm.kind == "profile" else None, arm.matched_set),
                *msgspec.structs.astuple(condition),
                *(0, 0, "answered", None, None),
            )
            values: tuple[tuple[QuantityName, float], ...] = (
                ("fact_kept", float(fact.fate == "kept")),
                ("fact_distorted", float(fact.fate == "distorted")),
                ("fact_lost", float(fact.fate == "lost")),
                ("fact_merged", float(fact.merged)),
                ("text_invented", invented),
            )
            for name, value in values:
                yield (*before, None, name, None, value, *levels)


def read_numbers(stored: StoredTrial, *, arm: Arm, score: float | None) -> Iterator[tuple[QuantityName, float | None]]:
    """What memory gave for the question of a trial, and the score of the answer by whether it gave anything.

    Answers without memory are the baseline of both scores.
    """
    reply = stored.trial.reply
    if arm.kind == "none":
        yield "read_score", score
        yield "unread_score", score
        return
    if reply is None or reply.memories is None or not arm.facts:
        return
    found = found_facts([fact.text for fact in arm.facts], reply.memories)
    yield "fact_found", found / len(arm.facts)
    yield ("read_score" if found else "unread_score"), score


def item_retrievals(plan: Plan, trials: TrialReader) -> tuple[ItemRetrieval, ...]:
    """How often memory gave a fact of the user for each item, over all arms with memory; lowest first."""
    items = {item.id: item for bank in plan.banks for item in bank.items}
    arms = plan_arms(plan)
    asked: Counter[tuple[str, str]] = Counter()
    some: Counter[tuple[str, str]] = Counter()
    shares: dict[tuple[str, str], float] = defaultdict(float)
    for stored in trials.rows():
        cell, reply = stored.cell, stored.trial.reply
        if cell.arm == "none" or cell.item not in items or reply is None or reply.memories is None:
            continue
        arm = item_fact_arm(items[cell.item]) if cell.arm == "item_fact" else arms.get(cell.arm)
        if arm is None or not arm.facts:
            continue
        found = found_facts([fact.text for fact in arm.facts], reply.memories)
        key = (cell.model, cell.item)
        asked[key] += 1
        some[key] += found > 0
        shares[key] += found / len(arm.facts)
    rows = [
        ItemRetrieval(
            model=model,
            item=item,
            kind=items[item].kind,
            trials=number,
            some=some[model, item] / number,
            share=shares[model, item] / number,
        )
        for (model, item), number in asked.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.model, row.share, row.item)))


def canary_summaries(plan: Plan, events: Iterable[MemoryEvent]) -> tuple[CanarySummary, ...]:
    """The canary of every product of a plan that passed it."""
    own = [event for event in events if isinstance(event, CanaryAnswer | CanaryPassed) and event.plan == plan.sha256]
    found = []
    for model in plan.models:
        passed = next((one for one in own if isinstance(one, CanaryPassed) and one.model == model.name), None)
        if passed is None:
            continue
        place = own.index(passed)
        answers = [one for one in own[:place] if isinstance(one, CanaryAnswer) and one.model == model.name]
        # A canary that was stopped before it passed was asked again from its beginning.
        number = passed.users * (passed.users + 2)
        answers = answers[-number:]
        found.append(
            CanarySummary(
                model=model.name,
                users=passed.users,
                of=passed.of,
                asked={step: sum(one.step == step for one in answers) for step in CANARY_STEPS},
                found={step: sum(one.step == step and one.found for one in answers) for step in CANARY_STEPS},
            )
        )
    return tuple(found)

"""A plan as the pages look things up in it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from evenhand.design.arms import best_option, item_fact_arm, plan_arms
from evenhand.design.cells import Crossing
from evenhand.plan.file import questions_sha256
from evenhand.records.item import Item
from evenhand.records.plan import Plan
from evenhand.records.profile import Arm, Fact
from evenhand.view.trial_columns import TrialColumns

__all__ = ["KnownPlan"]


class KnownPlan:
    """A plan with its items, arms and names by id.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.items: dict[str, Item] = {item.id: item for bank in plan.banks for item in bank.items}
        self.closed = {item.id for bank in plan.banks if not bank.redistribute for item in bank.items}
        self.private = {cohort.name for cohort in plan.cohorts if not cohort.redistribute}
        self.factors = {factor.id: factor for cohort in plan.cohorts for factor in cohort.factors}
        self.levels = {
            (factor.id, level.id): level.label
            for cohort in plan.cohorts
            for factor in cohort.factors
            for level in factor.levels
        }

    @cached_property
    def arms(self) -> dict[str, Arm]:
        """Every arm by id, except the items' own."""
        return plan_arms(self.plan)

    @cached_property
    def planned(self) -> int:
        """Cells of the plan."""
        return Crossing(self.plan).size()

    @cached_property
    def planned_each(self) -> int:
        """Cells of one model."""
        return self.planned // max(1, len(self.plan.models))

    @cached_property
    def questions(self) -> str:
        """Hash of what is asked; equal for runs that can be compared."""
        return questions_sha256(self.plan)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of items of the plan's banks that are asked."""
        return tuple(kind for kind in self.plan.design.kinds if any(item.kind == kind for item in self.items.values()))

    def arm(self, name: str, item: str) -> Arm | None:
        """An arm by id; the item's own one for `item_fact`."""
        if name == "item_fact" and item in self.items:
            return item_fact_arm(self.items[item])
        return self.arms.get(name)

    def facts(self, name: str, item: str) -> tuple[Fact, ...]:
        """What is in memory in an arm."""
        arm = self.arm(name, item)
        return arm.facts if arm is not None else ()

    def hidden(self, arm: str, item: str) -> bool:
        """Whether the texts of a trial may not be passed on."""
        found = self.arm(arm, item)
        return item in self.closed or (found is not None and found.cohort in self.private)

    def who(self, name: str) -> str:
        """An arm in words."""
        if name == "none":
            return "No memory"
        if name == "item_fact":
            return "The item's own fact"
        arm = self.arms.get(name)
        if arm is None:
            return name
        if arm.kind == "placebo":
            return f"Neutral facts, {name.partition('/')[2]}"
        levels = ", ".join(self.levels.get(pair, pair[1]) for pair in arm.levels.items())
        own = arm.matched_set if arm.matched_set and len(arm.levels) == 1 else ""
        return " · ".join(part for part in (levels[:1].upper() + levels[1:], own or "") if part) or name

    def best(self, item: str, arm: str) -> str | None:
        """Id of the best option; None where the item has no key."""
        found, who = self.items.get(item), self.arm(arm, item)
        if found is None or not found.key:
            return None
        return best_option(found, who) if who is not None else found.key

    def option_text(self, item: str, choice: str) -> str:
        """The text of an option; its id where the item is not known."""
        found = self.items.get(item)
        return next((one.text for one in found.options if one.id == choice), choice) if found is not None else choice

    def best_marks(self, columns: TrialColumns) -> NDArray[np.bool_]:
        """Which trials chose the best option."""
        item, arm, choice = columns.column("item"), columns.column("arm"), columns.column("choice")
        own, other = np.full(columns.most + 1, -3), np.full(columns.most + 1, -3)
        for code, name in columns.values("item").items():
            with_fact, without = self.best(name, "item_fact"), self.best(name, "none")
            own[code] = columns.code("choice", with_fact) if with_fact else -3
            other[code] = columns.code("choice", without) if without else -3
        fact = arm == columns.code("arm", "item_fact")
        return np.asarray(choice == np.where(fact, own[item], other[item])) if len(columns) else np.zeros(0, dtype=bool)

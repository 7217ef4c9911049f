"""The users of a product that a plan makes: one for every arm and way of handing memory over."""

from __future__ import annotations

import hashlib

from evenhand.design.cells import Crossing
from evenhand.memory.remember import told_turns
from evenhand.records.message import ProductUser
from evenhand.records.plan import Plan
from evenhand.records.profile import Arm, Placement

__all__ = ["USER_PREFIX", "PlanUsers"]

USER_PREFIX = "evenhand-"
"""What the name of every user begins with, so that a product's owner knows them among their own."""


class PlanUsers:
    """Names, facts and turns of the users of a plan. Equal plans have equal users, so that a run can be resumed.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._templates = {prompt.name: prompt.text for prompt in plan.prompts}
        self._made: dict[tuple[str, str, str, Placement], ProductUser] = {}

    def of(self, model: str, arm: Arm, *, item: str, placement: Placement) -> ProductUser:
        """The user of an arm.

        Args:
            model: The product as named in the plan.
            arm: What is to be remembered.
            item: The item that is asked; matters where memory holds the item's own facts.
            placement: How memory is handed over.
        """
        own = item if arm.kind == "item_fact" else ""
        name = (model, arm.id, own, placement)
        if name not in self._made:
            self._made[name] = ProductUser(
                id=self._id(*name),
                model=model,
                arm=arm.id,
                item=own,
                placement=placement,
                facts=tuple(fact.text for fact in arm.facts),
                turns=told_turns(arm.facts, templates=self._templates) if placement == "told" else (),
            )
        return self._made[name]

    def everybody(self, model: str) -> tuple[ProductUser, ...]:
        """Every user of a model, the one without memory first, then in the order of the plan's items."""
        found: dict[str, ProductUser] = {}
        crossing = Crossing(self._plan)
        for met in crossing.meetings.values():
            for meeting in met:
                placements = self._plan.design.placements[: 1 if meeting.arm.kind == "none" else None]
                for placement in placements:
                    user = self.of(model, meeting.arm, item=meeting.item.id, placement=placement)
                    found[user.id] = user
        return tuple(sorted(found.values(), key=lambda user: bool(user.facts)))

    def _id(self, *name: str) -> str:
        digest = hashlib.blake2b("\0".join(name).encode(), digest_size=6).hexdigest()
        return f"{USER_PREFIX}{self._plan.sha256[:8]}-{digest}"

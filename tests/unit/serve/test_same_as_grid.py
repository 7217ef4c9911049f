"""What was measured is what is deployed: a request through the gateway is what the grid asks under the policy."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
import pytest

from evenhand.endpoints.openai.body import Dialect
from evenhand.mitigate.named import policy_of
from evenhand.mitigate.policy import MemoryPolicy, PromptPolicy
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.plan.questions import Questions
from evenhand.records.message import Request
from evenhand.records.plan import Design, Plan
from evenhand.records.profile import Placement
from evenhand.serve.applied import apply
from evenhand.serve.conversation import read_conversation
from evenhand.serve.counts import Counts
from evenhand.serve.deployed import deployed_spec
from evenhand.serve.form import shipped_forms

POLICIES = (
    "gate",
    "redact?by=words",
    "neutralise?by=words",
    "write_tag?by=words",
    "instruct",
    "third_person",
    "check",
)
NAMES = [policy.partition("?")[0] for policy in POLICIES]
PLACEMENTS: tuple[Placement, ...] = ("system", "narrative", "tool")


@lru_cache(maxsize=1)
def plan() -> Plan:
    """Users and items under every policy that a gateway can carry, in every placement that it finds."""
    design = Design(
        kinds=("understanding", "benefit"),
        none_repeats=1,
        placebo_per_item=0.1,
        placements=PLACEMENTS,
        readers=("relevant",),
        mitigations=("none", *NAMES),
    )
    banks = ("situations", "benefit")
    return make_plan(PlanRequest(models=("openai/m",), design=design, banks=banks, mitigations=POLICIES))


@lru_cache(maxsize=1)
def asked() -> dict[tuple[Any, ...], dict[str, Request]]:
    """What else a cell is -> policy -> what is asked."""
    questions = Questions(plan())
    found: dict[tuple[Any, ...], dict[str, Request]] = {}
    for cell, meeting in questions.crossing.pairs():
        condition = msgspec.structs.replace(cell.condition, mitigation="none")
        key = (cell.arm, cell.item, cell.replicate, cell.order_index, condition)
        found.setdefault(key, {})[cell.condition.mitigation] = questions.work(cell, meeting).request
    return found


def body(request: Request) -> bytes:
    return Dialect("m", official=False).body(request)


@pytest.mark.parametrize("policy", NAMES)
def test_a_request_through_the_gateway_is_the_request_of_the_grid(policy: str) -> None:
    spec = next(spec for spec in plan().mitigations if spec.name == policy)
    live, counts = deployed_spec(spec, shipped_forms()), Counts(policy, "")
    compared = emptied = changed = 0
    for (arm, *_, condition), requests in asked().items():
        if policy not in requests or arm == "none":
            continue
        through, grid = apply(live, read_conversation(body(requests["none"])), counts), body(requests[policy])
        if condition.placement == "tool" and len(requests[policy].messages) < len(requests["none"].messages):
            emptied += 1  # the grid asks as without memory; a look-up that was made stays, with nothing in it
            assert b'{\\"memories\\":[]}' in through
            continue
        compared += 1
        changed += requests[policy].messages != requests["none"].messages
        assert msgspec.json.decode(through) == msgspec.json.decode(grid)
    assert compared > 200
    assert changed > 100
    assert emptied == 0 or policy in {"gate", "redact", "write_tag"}


@pytest.mark.parametrize("policy", NAMES)
def test_grid_and_gateway_call_the_same_function(policy: str) -> None:
    spec = next(spec for spec in plan().mitigations if spec.name == policy)
    grid, live = policy_of(spec), deployed_spec(spec, shipped_forms()).policy
    assert live is grid
    if isinstance(grid, MemoryPolicy) and isinstance(live, MemoryPolicy):
        assert live.on_memory is grid.on_memory
    else:
        assert isinstance(grid, PromptPolicy) and isinstance(live, PromptPolicy)
        assert live.on_prompt is grid.on_prompt


def test_the_none_arm_passes_as_it_is() -> None:
    for policy in NAMES:
        spec = next(spec for spec in plan().mitigations if spec.name == policy)
        for (arm, *_), requests in asked().items():
            if arm == "none":
                sent = body(requests["none"])
                assert apply(deployed_spec(spec, shipped_forms()), read_conversation(sent), Counts("", "")) == sent

"""A budget of a run in batches: what is out counts at the most that it can cost, and a batch at half the price."""

from __future__ import annotations

import pytest

from evenhand.plan.cost import Price
from evenhand.records.message import Message, ModelSettings, Request
from evenhand.run.batch_budget import BatchBudget
from evenhand.run.limits import Limits, RunReport

PRICE = Price(input_usd=2.0, output_usd=4.0)
REQUEST = Request(
    cell_key="0" * 32,
    messages=(Message(role="user", content="x" * 2_000_000),),
    settings=ModelSettings(max_tokens=500_000),
    letters=("A",),
    seed=1,
)
"""1,000,000 tokens at the safe ratio of one for two characters, and half a million written: 4 dollars one by one."""


def report(*, calls: int, cost: float) -> RunReport:
    return RunReport(
        stopped="done",
        skipped=0,
        asked=calls,
        outcomes={},
        calls=calls,
        input_tokens=0,
        output_tokens=0,
        cost_usd=cost,
        seconds=0.0,
    )


def test_a_question_in_a_batch_is_set_aside_at_half_its_price() -> None:
    budget = BatchBudget(Limits(max_cost=5.0), prices={"m": PRICE}, batched=("m",))
    assert budget.dearest(REQUEST, model="m") == pytest.approx(2.0)
    assert budget.closed("a", REQUEST, model="m") is None
    assert budget.closed("a", REQUEST, model="m", live=True) == "max_cost", "one by one it costs 4 more"
    assert budget.closed("a", REQUEST, model="m") is None
    assert budget.closed("a", REQUEST, model="m") == "max_cost"


def test_what_came_back_counts_at_what_it_cost() -> None:
    budget = BatchBudget(Limits(max_cost=5.0), prices={"m": PRICE}, batched=("m",))
    assert [budget.closed("a", REQUEST, model="m") for _ in range(3)] == [None, None, "max_cost"]
    budget.back("a")
    budget.paid(report(calls=2, cost=0.5))
    assert [budget.closed("b", REQUEST, model="m") for _ in range(3)] == [None, None, "max_cost"]


def test_a_second_model_counts_at_its_full_price_and_takes_calls() -> None:
    budget = BatchBudget(Limits(max_calls=5), prices={"m": PRICE, "r": PRICE}, batched=("m",), second=("r",))
    assert [budget.closed("a", REQUEST, model="m") for _ in range(3)] == [None, None, "max_calls"]
    dear = BatchBudget(Limits(max_cost=100.0), prices={"m": PRICE, "r": PRICE}, batched=("m",), second=("r",))
    read = 1_000_000 + 500_000
    assert dear.dearest(REQUEST, model="m") == pytest.approx(2.0 + (2.0 * read + 4.0 * 500_000) / 1e6)

"""Prices: known, unknown, and never zero by default."""

from __future__ import annotations

import pytest

from evenhand.plan.cost import Price, batch_price, estimate, find_price, prices_of, spent
from evenhand.records.plan import ModelSpec
from evenhand.store.totals import ModelTotals


def test_a_well_known_model_has_a_price() -> None:
    price = find_price(ModelSpec(name="openai/gpt-4o"))
    assert price is not None
    assert 0 < price.input_usd < price.output_usd


def test_a_provider_behind_inspect_is_priced_by_its_own_name() -> None:
    assert find_price(ModelSpec(name="inspect/openai/gpt-4o")) == find_price(ModelSpec(name="openai/gpt-4o"))


@pytest.mark.parametrize(
    "spec",
    [
        ModelSpec(name="openai/a-model-that-nobody-sells"),
        ModelSpec(name="openai/gpt-4o", base_url="https://elsewhere.example/v1"),
        ModelSpec(name="vllm/gpt-4o"),
        ModelSpec(name="simulated/null"),
        ModelSpec(name="inspect/nobody/gpt-4o"),
    ],
)
def test_what_is_not_in_the_table_or_not_paid_has_no_price(spec: ModelSpec) -> None:
    assert find_price(spec) is None


def test_a_run_has_prices_for_what_is_known_and_zero_where_nobody_is_billed() -> None:
    names = ("openai/gpt-4o", "openai/a-model-that-nobody-sells", "simulated/null")
    prices = prices_of([ModelSpec(name=name) for name in names])
    assert set(prices) == {"openai/gpt-4o", "simulated/null"}
    assert prices["simulated/null"] == Price(input_usd=0.0, output_usd=0.0)


def test_costs_add_up() -> None:
    price = Price(input_usd=2.0, output_usd=8.0)
    assert estimate(price, input_tokens=500_000, output_tokens=250_000) == 3.0


def test_what_came_in_batches_costs_half() -> None:
    price = Price(input_usd=2.0, output_usd=8.0)
    assert batch_price(price) == Price(input_usd=1.0, output_usd=4.0)
    totals = ModelTotals(
        outcomes={},
        input_tokens=None,
        output_tokens=None,
        latency_s=0.0,
        attempts=0,
        reported=(),
        notes=(),
        logprobs=0,
        priced_input=1_000_000,
        priced_output=500_000,
        batched_input=1_000_000,
        batched_output=500_000,
    )
    assert spent(price, totals) == pytest.approx(6.0 + 3.0)

"""What calls cost, by the price table of genai-prices; an unknown price is None, never zero."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from evenhand.endpoints.batch import BATCH_SHARE
from evenhand.endpoints.kinds import kind_of
from evenhand.records.plan import ModelSpec
from evenhand.store.totals import ModelTotals

__all__ = ["Price", "batch_price", "estimate", "find_price", "prices_of", "spent"]

_SAMPLE_TOKENS = 1000
"""Prices are read at this many tokens: long-context surcharges start far above what a cell holds."""


class Price(Struct, frozen=True, kw_only=True):
    """US dollars for a million tokens."""

    input_usd: float
    output_usd: float


def find_price(spec: ModelSpec) -> Price | None:
    """The price of a model, or None where the table does not know it or no provider is paid."""
    kind = kind_of(spec)
    listed = kind.priced_as(spec) if kind.paid(spec) else None
    if listed is None:
        return None
    provider, model = listed
    from genai_prices import Usage as Tokens  # heavy to import, and needed for paid models only
    from genai_prices import calc_price

    def usd(sample: Tokens) -> float:
        return float(calc_price(sample, model_ref=model, provider_id=provider).total_price) * 1e6 / _SAMPLE_TOKENS

    try:
        read, written = usd(Tokens(input_tokens=_SAMPLE_TOKENS)), usd(Tokens(output_tokens=_SAMPLE_TOKENS))
    except LookupError:
        return None
    return Price(input_usd=read, output_usd=written)


def prices_of(models: Iterable[ModelSpec]) -> dict[str, Price]:
    """Model -> price, for a run: zero where nobody is billed by the call; a model of unknown price is left out."""
    free = Price(input_usd=0.0, output_usd=0.0)
    found = {model.name: find_price(model) if kind_of(model).paid(model) else free for model in models}
    return {name: price for name, price in found.items() if price is not None}


def estimate(price: Price, *, input_tokens: float, output_tokens: float) -> float:
    """US dollars for so many tokens."""
    return (price.input_usd * input_tokens + price.output_usd * output_tokens) / 1e6


def batch_price(price: Price) -> Price:
    """What the same tokens cost in a batch."""
    return Price(input_usd=BATCH_SHARE * price.input_usd, output_usd=BATCH_SHARE * price.output_usd)


def spent(price: Price, totals: ModelTotals) -> float:
    """US dollars for what a model was asked so far, one by one and in batches."""
    live = estimate(price, input_tokens=totals.priced_input, output_tokens=totals.priced_output)
    batched = estimate(batch_price(price), input_tokens=totals.batched_input, output_tokens=totals.batched_output)
    return live + batched

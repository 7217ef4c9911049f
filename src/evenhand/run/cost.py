"""What calls cost, by the price table of genai-prices; an unknown price is None, never zero.

Tokens that a server does not report are counted from the characters, never as none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct

from evenhand.endpoints.kinds import kind_of
from evenhand.records.message import Usage
from evenhand.records.plan import ModelSpec

__all__ = ["CHARACTERS_PER_TOKEN", "Price", "estimate", "find_price", "prices_of", "tokens_of"]

CHARACTERS_PER_TOKEN = 4.0
"""English text in current tokenisers; a count made with it is an estimate and is called one."""

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


def tokens_of(
    usage: Usage, *, input_characters: int, output_characters: int, cut: int | None = None
) -> tuple[int, int]:
    """Input and output tokens of one call: as the server reports, else counted from the characters.

    A report of no tokens at all for a text that is there counts as no report. Output tokens include the reasoning.

    Args:
        usage: What the server reports.
        input_characters: Characters sent.
        output_characters: Characters that came back, thoughts included.
        cut: The limit at which the answer was cut off, in tokens: then so many were written.
    """
    read = usage.input_tokens or math.ceil(input_characters / CHARACTERS_PER_TOKEN)
    written = usage.output_tokens or cut or math.ceil(output_characters / CHARACTERS_PER_TOKEN)
    return read, written

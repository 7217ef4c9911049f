"""The token that follows."""

from __future__ import annotations

import numpy as np

from evenhand.endpoints.next_token import next_token
from evenhand.records.message import ModelSettings

LOGPROBS = np.log(np.array([0.1, 0.6, 0.3], dtype=np.float32))


def drawn(**settings: float) -> list[int]:
    rng = np.random.default_rng(3)
    return [next_token(LOGPROBS, ModelSettings(**settings), rng) for _ in range(2000)]  # type: ignore[arg-type]


def test_the_most_likely_token_without_a_temperature_or_draws() -> None:
    assert next_token(LOGPROBS, ModelSettings(temperature=0.0), np.random.default_rng(3)) == 1
    assert next_token(LOGPROBS, ModelSettings(temperature=1.0), None) == 1


def test_draws_follow_the_probabilities() -> None:
    shares = np.bincount(drawn(temperature=1.0), minlength=3) / 2000
    assert np.abs(shares - [0.1, 0.6, 0.3]).max() < 0.04
    sharp = np.bincount(drawn(temperature=0.5), minlength=3) / 2000
    squares = np.array([0.01, 0.36, 0.09]) / 0.46
    assert np.abs(sharp - squares).max() < 0.04


def test_draws_stay_in_the_smallest_set_that_holds_top_p() -> None:
    assert set(drawn(temperature=1.0, top_p=0.7)) == {1, 2}
    assert set(drawn(temperature=1.0, top_p=0.5)) == {1}

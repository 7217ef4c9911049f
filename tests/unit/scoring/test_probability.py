from __future__ import annotations

import math

import pytest

from evenhand.records.message import TokenProbability
from evenhand.scoring.probability import option_probabilities


def token(text: str, probability: float) -> TokenProbability:
    return TokenProbability(token=text, logprob=math.log(probability))


def test_letters_are_summed_over_their_spellings_and_normalised() -> None:
    found = option_probabilities([token("A", 0.3), token(" A", 0.1), token("b.", 0.4), token("The", 0.2)], ("A", "B"))
    assert found == pytest.approx((0.5, 0.5))


def test_no_log_probabilities_give_no_score() -> None:
    assert option_probabilities(None, ("A", "B")) is None
    assert option_probabilities([], ("A", "B")) is None


def test_tokens_that_are_no_answers_give_no_score() -> None:
    assert option_probabilities([token("Well", 0.9), token("A", 0.05)], ("A", "B")) is None


def test_a_letter_not_among_the_tokens_has_probability_zero() -> None:
    assert option_probabilities([token("A", 0.99)], ("A", "B")) == pytest.approx((1.0, 0.0))

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


def test_a_list_that_leaves_much_unseen_gives_a_score_only_with_every_letter_in_it() -> None:
    assert option_probabilities([token("A", 0.6), token("B", 0.3)], ("A", "B")) == pytest.approx((2 / 3, 1 / 3))
    assert option_probabilities([token("A", 0.6), token("B", 0.3)], ("A", "B", "C")) is None
    assert option_probabilities([token("A", 0.66), token("B", 0.3)], ("A", "B", "C")) is not None


def test_tokens_that_hold_more_than_one_together_are_no_probabilities() -> None:
    assert option_probabilities([token("A", 0.7), token(" A", 0.7)], ("A", "B")) is None
    assert option_probabilities([token("A", 0.7), token("B", 0.305)], ("A", "B")) is not None


def test_a_bare_small_letter_is_a_word_unless_it_holds_more_than_all_others() -> None:
    assert option_probabilities([token("B", 0.6), token("a", 0.4)], ("A", "B")) == pytest.approx((0.0, 1.0))
    assert option_probabilities([token("b", 0.6), token("A", 0.4)], ("A", "B")) == pytest.approx((0.0, 1.0))
    assert option_probabilities([token("a", 0.5), token("B", 0.5)], ("A", "B"), least_mass=0.4) == (0.0, 1.0)


def test_a_value_above_one_loses_only_itself() -> None:
    bad = TokenProbability(token="B", logprob=2.0)
    assert option_probabilities([token("A", 0.97), bad], ("A", "B")) == pytest.approx((1.0, 0.0))
    nan = TokenProbability(token="B", logprob=math.nan)
    assert option_probabilities([token("A", 0.97), nan], ("A", "B")) == pytest.approx((1.0, 0.0))


def test_a_letter_is_one_in_brackets_quotes_and_the_marks_of_tokenizers_but_not_in_a_word() -> None:
    dressed = ["A", " A", "(A)", "**A", '"A"', "A.", "ĠA", "▁A", "`A`", "_A_", "A:", "A,", "\nA", "[A]", "'A'", "a)"]
    found = option_probabilities(
        [token(text, 0.05) for text in dressed] + [token("AX", 0.1), token("XA", 0.1)], ("A", "B")
    )
    assert found == pytest.approx((1.0, 0.0))
    assert option_probabilities([token("X", 0.6), token("XX", 0.38)], ("A", "X")) == pytest.approx((0.0, 1.0))


def test_a_small_letter_counts_like_a_capital_only_beside_a_mark() -> None:
    assert option_probabilities([token("a.", 0.4), token("B", 0.6)], ("A", "B")) == pytest.approx((0.4, 0.6))
    assert option_probabilities([token("a", 0.4), token(" a", 0.2), token("B", 0.39)], ("A", "B")) == (1.0, 0.0)
    assert option_probabilities([token("▁a", 0.4), token("B", 0.6)], ("A", "B")) == pytest.approx((0.0, 1.0))


def test_each_bound_holds_at_its_very_value() -> None:
    def given(*chances: float) -> list[TokenProbability]:
        return [TokenProbability(token=name, logprob=math.log(p)) for name, p in zip("ABCZ", chances, strict=False)]

    half = [TokenProbability(token="A", logprob=math.log(0.5)), TokenProbability(token="Z", logprob=math.log(0.5))]
    assert option_probabilities(half, ("A",), least_mass=math.exp(math.log(0.5))) == (1.0,)
    assert option_probabilities(half, ("A",), least_mass=0.51) is None
    assert option_probabilities(given(0.6, 0.34), ("A", "B", "C")) is None
    assert option_probabilities(given(0.6, 0.36), ("A", "B", "C")) is not None
    over = TokenProbability(token="B", logprob=0.01)
    assert option_probabilities([over], ("A", "B")) is None  # alone it holds more than one
    tiny = TokenProbability(token="A", logprob=-800.0)
    assert option_probabilities([tiny], ("A", "B"), least_mass=0.0) is None

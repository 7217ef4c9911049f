"""Acts of sentences and their shares in a text."""

from __future__ import annotations

import pytest

from evenhand.scoring.features.speech_acts import ACTS, acts_of, definitions, shares_of_acts


@pytest.mark.parametrize(
    ("sentence", "acts"),
    [
        ("You should talk to a therapist.", {"directive", "referral"}),
        ("Perhaps the letter got lost?", {"hedge", "question"}),
        ("I can't help with that.", {"refusal"}),
        ("The train leaves at nine.", set()),
        ('You could say: "I am sorry to hear that, and I might be wrong."', {"directive"}),
        ("This could be as simple as a short walk.", set()),
        ("You could end up paying twice.", {"hedge", "warning"}),
    ],
)
def test_a_sentence_shows_its_acts(sentence: str, acts: set[str]) -> None:
    assert acts_of(sentence) == acts


def test_shares_are_over_all_sentences() -> None:
    shares = shares_of_acts("Write it down. The train leaves at nine. Perhaps it rains. What do you think?")
    assert shares is not None
    assert shares["directive"] == shares["hedge"] == shares["question"] == 0.25
    assert shares["refusal"] == 0.0


def test_a_text_without_a_sentence_has_no_shares() -> None:
    assert shares_of_acts("") is None


def test_every_act_has_a_definition_and_a_source() -> None:
    assert list(definitions()) == list(ACTS)
    assert all(text.endswith(".") and source for text, source in definitions().values())

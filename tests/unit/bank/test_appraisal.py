"""The key rule: appraisal pattern -> emotion."""

import itertools

import pytest

from evenhand.bank.appraisal import (
    EMOTIONS,
    PATTERNS,
    appraisal_distance,
    compatible,
    keyed_emotion,
    satisfies,
    valence,
)
from evenhand.errors import BankError
from evenhand.records.item import Appraisal, Cause, Control, Problem


def test_there_are_seventeen_emotions_and_no_two_share_a_pattern() -> None:
    assert len(EMOTIONS) == 17
    assert len(set(PATTERNS.values())) == 17


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(EMOTIONS, 2)))
def test_any_two_emotions_conflict_on_some_appraisal(first: str, second: str) -> None:
    assert appraisal_distance(first, second) >= 1
    assert appraisal_distance(first, second) == appraisal_distance(second, first)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_an_emotion_is_at_no_distance_from_itself(emotion: str) -> None:
    assert appraisal_distance(emotion, emotion) == 0


CHART: list[tuple[Cause, Control, Problem, str]] = [
    ("circumstance", "high", "instrumental", "frustration"),
    ("circumstance", "high", "intrinsic", "disgust"),
    ("other", "low", "instrumental", "dislike"),
    ("other", "high", "instrumental", "anger"),
    ("other", "high", "intrinsic", "contempt"),
    ("self", "low", "instrumental", "regret"),
    ("self", "high", "instrumental", "guilt"),
    ("self", "high", "intrinsic", "shame"),
]


@pytest.mark.parametrize(("cause", "control", "problem", "emotion"), CHART)
def test_what_goes_wrong_is_named_by_its_cause_its_control_and_its_kind(
    cause: Cause, control: Control, problem: Problem, emotion: str
) -> None:
    appraisal = Appraisal(
        cause=cause, consistency="inconsistent", certainty="certain", control=control, problem=problem
    )
    assert keyed_emotion(appraisal) == emotion


def test_a_loss_saddens_a_pain_distresses_and_a_threat_frightens() -> None:
    lost = Appraisal(
        cause="circumstance", consistency="inconsistent", motive="appetitive", certainty="certain", control="low"
    )
    pain = Appraisal(
        cause="circumstance", consistency="inconsistent", motive="aversive", certainty="certain", control="low"
    )
    threat = Appraisal(cause="circumstance", consistency="inconsistent", certainty="uncertain", control="low")
    assert [keyed_emotion(one) for one in (lost, pain, threat)] == ["sadness", "distress", "fear"]


def test_what_goes_well_is_named_by_its_cause_certainty_and_motive() -> None:
    gain = Appraisal(cause="circumstance", consistency="consistent", motive="appetitive", certainty="certain")
    spared = Appraisal(cause="circumstance", consistency="consistent", motive="aversive", certainty="certain")
    chance = Appraisal(cause="circumstance", consistency="consistent", certainty="uncertain")
    kindness = Appraisal(cause="other", consistency="consistent")
    feat = Appraisal(cause="self", consistency="consistent")
    keyed = [keyed_emotion(one) for one in (gain, spared, chance, kindness, feat)]
    assert keyed == ["joy", "relief", "hope", "affection", "pride"]


def test_an_unexpected_event_that_bears_on_no_motive_surprises() -> None:
    assert keyed_emotion(Appraisal(cause="circumstance", unexpectedness="unexpected")) == "surprise"


def test_an_expected_event_that_bears_on_no_motive_fits_no_emotion() -> None:
    with pytest.raises(BankError, match="fits no emotion"):
        keyed_emotion(Appraisal(cause="circumstance"))


def test_a_pattern_that_leaves_the_motive_open_is_refused_with_the_emotions_left() -> None:
    with pytest.raises(BankError, match=r"open between joy, relief; fix motive"):
        keyed_emotion(Appraisal(cause="circumstance", consistency="consistent", certainty="certain"))


def test_what_is_left_open_could_be_but_is_not_yet_satisfied() -> None:
    open_motive = Appraisal(cause="circumstance", consistency="consistent", certainty="certain")
    assert compatible(open_motive, "joy")
    assert not satisfies(open_motive, "joy")
    assert not compatible(open_motive, "hope")


def test_opposite_valence_is_further_than_any_single_other_appraisal() -> None:
    assert appraisal_distance("joy", "relief") == 1  # motive
    assert appraisal_distance("anger", "guilt") == 1  # cause
    assert appraisal_distance("anger", "shame") == 2  # cause, problem
    assert appraisal_distance("joy", "sadness") == 3  # valence
    assert appraisal_distance("surprise", "fear") == 2  # one of the two has no valence
    assert appraisal_distance("pride", "surprise") == 3  # cause, and one without valence


def test_valences_are_five_good_eleven_bad_and_one_neither() -> None:
    counts = {name: sum(valence(emotion) == name for emotion in EMOTIONS) for name in ("positive", "negative")}
    assert counts == {"positive": 5, "negative": 11}
    assert valence("surprise") == "neutral"


def test_an_emotion_without_a_pattern_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BankError, match=r"'ennui' has no appraisal pattern; use one of surprise, hope"):
        appraisal_distance("ennui", "joy")

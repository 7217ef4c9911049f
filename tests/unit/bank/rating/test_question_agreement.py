"""Agreement by question: the published table through the whole way, and categories that mean something."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.rating.question_agreement import question_agreements
from evenhand.records.rating import Rating
from evenhand.seeds import stream
from tests.unit.bank.test_agreement import KRIPPENDORFF


def test_the_published_table_gives_the_published_alpha_whatever_question_it_answers() -> None:
    bank = load_bank("understanding")
    names = [item.id for item in bank.items]
    rated = [
        Rating(rater=f"r{column}", item=names[row], certainty=int(value))
        for row, values in enumerate(KRIPPENDORFF)
        for column, value in enumerate(values)
        if not np.isnan(value)
    ]
    (certainty,) = question_agreements(bank, rated, rng=stream(1, "t"), resamples=200)
    # Krippendorff (2011): ordinal alpha 0.815 over 11 units with two ratings or more.
    assert certainty.alpha.value == pytest.approx(0.815, abs=0.0005)
    assert (certainty.question, certainty.metric, certainty.raters) == ("certainty", "ordinal", 4)
    assert certainty.fleiss is None and certainty.cohen is None
    assert certainty.alpha.low < certainty.alpha.value < certainty.alpha.high


def test_answers_are_compared_by_what_they_name_not_by_their_letters() -> None:
    bank = load_bank("understanding")
    rated = []
    for item in bank.items[:40]:
        for rater in ("ana", "bo"):
            rated.append(Rating(rater=rater, item=item.id, answer=item.key))
    (answer,) = question_agreements(bank, rated, rng=stream(1, "t"), resamples=50)
    assert answer.alpha.value == 1.0 and answer.cohen == 1.0
    assert answer.fleiss is not None and answer.fleiss.value == 1.0
    assert answer.alpha.units == 40


def test_scales_have_a_unit_an_option_and_every_aspect_a_line_of_its_own() -> None:
    bank = load_bank("scenes")
    rated = []
    for item in bank.items[:3]:
        for place, rater in enumerate(("ana", "bo")):
            strengths = {option.id: float(n + place) for n, option in enumerate(item.options)}
            rated.append(
                Rating(rater=rater, item=item.id, intensity=strengths, appraisal={"cause": "self", "motive": "unclear"})
            )
    found = {one.question: one for one in question_agreements(bank, rated, rng=stream(1, "t"), resamples=50)}
    assert list(found) == ["intensity", "cause", "motive"]
    assert (found["intensity"].alpha.units, found["intensity"].metric) == (15, "interval")
    assert np.isnan(found["cause"].alpha.value) and found["cause"].cohen is None


def test_raters_who_guess_agree_no_more_than_chance() -> None:
    bank, rng = load_bank("management"), stream(5, "guess")
    rated = [
        Rating(rater=f"r{rater}", item=item.id, answer="abcd"[int(rng.integers(4))])
        for item in bank.items
        for rater in range(6)
    ]
    (answer,) = question_agreements(bank, rated, rng=stream(1, "t"), resamples=200)
    assert answer.alpha.low < 0 < answer.alpha.high
    assert answer.cohen == pytest.approx(0.0, abs=0.06)

"""What a judge of pairs is like: agreement as sklearn has it, and a liking for places and lengths."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from evenhand.head.pairwise_checks import check_of
from evenhand.records.model_spec import ModelSpec
from evenhand.records.pairwise import PREFERRED, PairwiseCheck, PairwiseOpinion, PairwiseRater, Preferred
from evenhand.records.rubric import Criterion

JUDGE = PairwiseRater(
    model=ModelSpec(name="openai/judge"), criteria=(Criterion(id="w", question="?"),), pairs=9, seed=1, prompt="p"
)


def checked(said: list[tuple[Preferred, Preferred]], lengths: list[tuple[int, int]] | None = None) -> PairwiseCheck:
    opinions = [
        PairwiseOpinion(first=f"a{place}", second=f"b{place}", forward={"w": one}, backward={"w": two})
        for place, (one, two) in enumerate(said)
    ]
    counted = {
        f"{side}{place}": both[which]
        for place, both in enumerate(lengths or [(5, 5)] * len(said))
        for which, side in enumerate("ab")
    }
    check = check_of(JUDGE, "w", opinions, unread=0, lengths=counted)
    return msgspec.json.decode(msgspec.json.encode(check), type=PairwiseCheck)


def test_a_judge_of_places_is_said_to_be_one() -> None:
    check = checked([("first", "second")] * 30)
    assert (check.same, check.place, check.place_se) == (0.0, 1.0, 0.0)
    assert check.alpha is not None
    assert check.alpha < 0
    assert checked([("second", "first")] * 30).place == -1.0
    assert checked([("first", "first"), ("second", "second")] * 15).place == 0.0


def test_alpha_is_that_of_the_definition() -> None:
    # Krippendorff's nominal alpha by hand: 4 units of two, one apart; 8 values, 4 of one word, 4 of another.
    check = checked([("first", "first"), ("second", "second"), ("first", "second"), ("neither", "neither")])
    values = ["first", "first", "second", "second", "first", "second", "neither", "neither"]
    counts = np.asarray([values.count(word) for word in PREFERRED])
    apart = 1 / 4
    expected = 1 - (counts * (counts - 1)).sum() / (8 * 7)
    assert check.alpha == pytest.approx(1 - apart / expected)


def test_a_liking_for_length_is_found_and_none_is_made_up() -> None:
    rng = np.random.default_rng(5)
    lengths = [(int(one), int(two)) for one, two in rng.integers(20, 200, size=(60, 2))]
    longer: list[tuple[Preferred, Preferred]] = [
        ("first", "first") if a > b else ("second", "second") for a, b in lengths
    ]
    check = checked(longer, lengths)
    assert check.length is not None and check.length > 0.8
    assert check.length_p is not None and check.length_p < 1e-6
    low = 0
    for seed in range(100):
        drawn = np.random.default_rng(seed).choice(3, size=60)
        words: list[tuple[Preferred, Preferred]] = [(PREFERRED[code], PREFERRED[code]) for code in drawn]
        p = checked(words, lengths).length_p
        low += p is not None and p < 0.05
    assert low <= 12  # more would happen once in 200 at 5%


def test_nothing_compared_or_all_alike_is_read_back() -> None:
    for said in ([], [("neither", "neither")], [("first", "first")] * 3):
        check = checked(said)  # type: ignore[arg-type]
        assert (check.alpha, check.length) == (None, None)
        assert check.pairs == len(said)

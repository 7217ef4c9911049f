"""Items that a fifth of the raters flag are dropped, and the bank says so."""

from __future__ import annotations

import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.screen import screen, without_items
from evenhand.errors import BankError, UsageError
from evenhand.records.rating import Rating
from evenhand.seeds import stream


def ratings(flags: dict[str, str]) -> list[Rating]:
    """`{"item": "yn-"}`: one letter a rater, `-` for not rated."""
    return [
        Rating(rater=f"r{place}", item=item, sensitive=letter == "y")
        for item, letters in flags.items()
        for place, letter in enumerate(letters)
        if letter != "-"
    ]


def test_an_item_is_dropped_at_the_threshold_and_kept_below_it() -> None:
    flagged = {"one-in-five": "ynnnn", "none": "nnnnn", "one-in-six": "ynnnnn", "all": "yyyyy"}
    screening = screen(ratings(flagged), rng=stream(1, "t"), resamples=50)
    assert screening.dropped == ("all", "one-in-five")
    shares = {entry.item: entry.share for entry in screening.items}
    assert shares["one-in-six"] == pytest.approx(1 / 6)
    assert screening.raters == ("r0", "r1", "r2", "r3", "r4", "r5")


def test_two_of_nine_raters_are_enough_and_one_is_not() -> None:
    flagged = {"two": "yynnnnnnn", "one": "ynnnnnnnn"}
    assert screen(ratings(flagged), rng=stream(1, "t"), resamples=50).dropped == ("two",)


def test_a_share_counts_only_raters_who_rated_the_item() -> None:
    (entry,) = screen(ratings({"q": "y---n"}), rng=stream(1, "t"), resamples=10).items
    assert (entry.raters, entry.flagged, entry.share) == (2, 1, 0.5)


def test_the_last_judgement_of_a_rater_counts() -> None:
    twice = [*ratings({"q": "yyy"}), *ratings({"q": "nnn"})]
    assert screen(twice, rng=stream(1, "t"), resamples=10).dropped == ()


def test_agreement_comes_with_intervals() -> None:
    flagged = {f"q{n}": "yyyyn" if n % 3 else "nnnny" for n in range(30)}
    screening = screen(ratings(flagged), rng=stream(1, "t"), resamples=200)
    for coefficient in (screening.kappa, screening.alpha):
        assert coefficient.low < coefficient.value < coefficient.high
        assert coefficient.units == 30
    # One of five differs in every item, so 6 of its 10 pairs agree.
    yes = (20 * 4 + 10 * 1) / 150
    chance = yes**2 + (1 - yes) ** 2
    assert screening.kappa.value == pytest.approx((0.6 - chance) / (1 - chance))


@pytest.mark.parametrize(("name", "value"), [("threshold", 0.0), ("threshold", 1.2), ("level", 1.0)])
def test_a_threshold_or_level_out_of_range_is_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=name):
        screen(ratings({"q": "yn"}), rng=stream(1, "t"), **{name: value})  # type: ignore[arg-type]  # one of two floats


def test_no_ratings_are_refused() -> None:
    with pytest.raises(UsageError, match="there are no ratings"):
        screen([], rng=stream(1, "t"))


def test_the_screened_bank_says_what_was_dropped_and_why() -> None:
    bank = load_bank("sycophancy")
    first = bank.items[0].id
    screened = without_items(bank, {first}, reason="flagged by at least 20% of 9 raters")
    assert [item.id for item in screened.items] == [item.id for item in bank.items[1:]]
    assert screened.version == "1.1.0+screened"
    assert screened.notes.endswith(f"Dropped (flagged by at least 20% of 9 raters): {first}.")


def test_a_bank_with_nothing_to_drop_stays_as_it_is() -> None:
    bank = load_bank("sycophancy")
    assert without_items(bank, (), reason="none") == bank


def test_an_unknown_item_or_an_empty_rest_is_refused() -> None:
    bank = load_bank("sycophancy")
    with pytest.raises(BankError, match="has no item 'gone'"):
        without_items(bank, {"gone"}, reason="x")
    with pytest.raises(BankError, match="would be dropped"):
        without_items(bank, {item.id for item in bank.items}, reason="x")

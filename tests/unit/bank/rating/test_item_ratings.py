"""Shares, difficulty and discrimination, against published intervals and a table worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.rating.item_ratings import chosen_option, item_ratings, share_of
from evenhand.errors import BankError
from evenhand.records.item import Appraisal, Bank, Item, Option
from evenhand.records.rating import Rating
from evenhand.records.validation import ShareInterval
from evenhand.seeds import stream


def bank_of(*items: Item) -> Bank:
    return Bank(
        name="b", version="1", source="s", licence="l", redistribute=True, validated=False, items=items
    )  # no rules are broken that matter here


def item(name: str, *, pair: str | None = None, appraisal: Appraisal | None = None) -> Item:
    options = tuple(Option(id=letter, text=f"text {letter}") for letter in "abcd")
    return Item(id=name, kind="understanding", stem="s", options=options, key="a", pair=pair, appraisal=appraisal)


def answers(table: list[str], names: str) -> list[Rating]:
    """One string a rater, one letter an item, `-` for none."""
    return [
        Rating(rater=f"r{row:03d}", item=name, answer=letter)
        for row, letters in enumerate(table)
        for name, letter in zip(names, letters, strict=True)
        if letter != "-"
    ]


@pytest.mark.parametrize(
    ("count", "people", "interval", "low", "high"),
    [
        (81, 263, "wilson", 0.2553, 0.3662),
        (15, 148, "wilson", 0.0624, 0.1605),
        (0, 20, "wilson", 0.0, 0.1611),
        (1, 29, "wilson", 0.0061, 0.1718),
        (81, 263, "exact", 0.2527, 0.3676),
        (15, 148, "exact", 0.0578, 0.1617),
        (0, 20, "exact", 0.0, 0.1684),
        (1, 29, "exact", 0.0009, 0.1776),
    ],
)
def test_intervals_are_those_of_newcombe(
    count: int, people: int, interval: ShareInterval, low: float, high: float
) -> None:
    # Newcombe (1998), Statistics in Medicine 17:857-872, table I: methods 3 (Wilson) and 5 (Clopper and Pearson).
    share = share_of(count, people, interval=interval, level=0.95)
    assert share.low == pytest.approx(low, abs=5e-5)
    assert share.high == pytest.approx(high, abs=5e-5)


def test_a_share_of_nobody_is_nothing() -> None:
    share = share_of(0, 0, interval="wilson", level=0.95)
    assert (share.share, share.low, share.high) == (None, None, None)


def test_counts_of_choices_and_of_the_key() -> None:
    bank = bank_of(item("x"), item("y"))
    x, y = item_ratings(bank, answers(["ab", "aa", "ba", "c-"], "xy"))
    assert (x.key.count, x.key.people, x.key.share, x.most_chosen) == (2, 4, 0.5, True)
    assert x.chosen == {"a": 2, "b": 1, "c": 1}
    assert (y.key.count, y.key.people) == (2, 3)


def test_a_tie_with_another_option_is_not_most_chosen() -> None:
    (x,) = item_ratings(bank_of(item("x")), answers(["a", "b"], "x"))
    assert not x.most_chosen


def test_discrimination_is_the_corrected_item_total_correlation() -> None:
    # Five raters, four items. Right on x: 1 1 1 0 0; right on the other three together: 3 2 1 1 0.
    bank = bank_of(*map(item, "wxyz"))
    table = ["aaaa", "aaab", "baab", "bbab", "bbbb"]  # w x y z
    x = item_ratings(bank, answers(table, "wxyz"))[1]
    right, rest = np.array([1, 1, 1, 0, 0]), np.array([3, 2, 1, 1, 0])
    # By hand: covariance 0.36, variances 0.24 and 1.04, so 0.36 / sqrt(0.24 * 1.04).
    assert np.corrcoef(right, rest)[0, 1] == pytest.approx(0.36 / np.sqrt(0.24 * 1.04))
    assert x.discrimination == pytest.approx(0.36 / np.sqrt(0.24 * 1.04))


def test_an_easier_form_does_not_pass_for_a_better_rater() -> None:
    """Two forms, one easy, one hard, and an item on both: who had the easy form is not the better rater for it."""
    rng = stream(4, "forms")
    easy, hard = [f"e{n}" for n in range(12)], [f"h{n}" for n in range(12)]
    ratings = []
    for row in range(400):
        names, chance = ((easy, 0.9), (hard, 0.3))[row % 2]
        for name in (*names, "x"):
            right = rng.random() < (0.6 + 0.3 * (1 - row % 2) if name == "x" else chance)
            ratings.append(Rating(rater=f"r{row}", item=name, answer="a" if right else "b"))
    found = {one.item: one.discrimination for one in item_ratings(bank_of(*map(item, (*easy, *hard, "x"))), ratings)}
    assert abs(found["x"] or 0.0) < 0.15


def test_items_that_everybody_got_right_or_that_stand_alone_have_no_discrimination() -> None:
    bank = bank_of(*map(item, "xy"))
    x, y = item_ratings(bank, answers(["aa", "ab", "aa", "ab"], "xy"))
    assert (x.discrimination, y.discrimination) == (None, None)
    (alone,) = item_ratings(bank_of(item("x")), answers(["a", "b", "a"], "x"))
    assert alone.discrimination is None


def test_strengths_and_effectiveness_stand_for_an_answer_where_none_was_asked() -> None:
    def rated(**values: float) -> Rating:
        return Rating(rater="r", item="x", intensity=values)

    assert chosen_option(rated(a=7, b=3)) == "a"
    assert chosen_option(rated(a=7, b=7)) is None
    assert chosen_option(rated(a=7)) is None
    assert chosen_option(Rating(rater="r", item="x", effectiveness={"b": 9, "a": 1})) == "b"
    assert chosen_option(Rating(rater="r", item="x", answer="c", intensity={"a": 9, "b": 1})) == "c"
    ratings = [Rating(rater=name, item="x", intensity={"a": a, "b": b}) for name, a, b in (("p", 8, 2), ("q", 5, 5))]
    (x,) = item_ratings(bank_of(item("x")), ratings)
    assert (x.key.count, x.key.people, x.chosen) == (1, 2, {"a": 1})
    assert x.strengths == {"a": 6.5, "b": 3.5}


def test_an_appraisal_is_held_against_what_the_item_states() -> None:
    appraisal = Appraisal(cause="other", certainty="certain")
    said = [{"cause": "other", "happened": "uncertain", "motive": "aversive"}, {"cause": "unclear"}]
    ratings = [
        Rating(rater=f"r{n}", item="x", appraisal=one)  # type: ignore[arg-type]  # keys are aspects
        for n, one in enumerate(said)
    ]
    (x,) = item_ratings(bank_of(item("x", appraisal=appraisal)), ratings)
    assert {aspect: (share.count, share.people) for aspect, share in x.aspects.items()} == {
        "cause": (1, 2),
        "happened": (0, 1),
    }


def test_who_judged_both_twins_is_refused_but_may_have_flagged_both() -> None:
    bank = bank_of(item("x-a", pair="x"), item("x-b", pair="x"))
    flags = [Rating(rater="r", item=name, sensitive=False) for name in ("x-a", "x-b")]
    assert [one.sensitive.people for one in item_ratings(bank, flags)] == [1, 1]
    both = [Rating(rater="r", item=name, answer="a") for name in ("x-a", "x-b")]
    with pytest.raises(BankError, match="rater 'r' judged 'x-a' and 'x-b', both twins of 'x'"):
        item_ratings(bank, both)


def test_every_item_of_a_bank_has_an_entry() -> None:
    bank = load_bank("understanding")
    found = item_ratings(bank, answers(["a"], [bank.items[3].id]))  # type: ignore[arg-type]  # a list of one name
    assert [one.item for one in found] == [one.id for one in bank.items]
    assert sum(one.key.people for one in found) == 1

"""Orders of ratings follow from the appraisal, in the shipped scenes and by the rule."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from evenhand.bank.appraisal import EMOTIONS, keyed_emotion, valence
from evenhand.bank.lint import lint_bank
from evenhand.bank.lint_text import word_count
from evenhand.bank.lint_words import factor_words
from evenhand.bank.load import load_bank
from evenhand.bank.rating_order import rating_order
from evenhand.bank.validate import check_bank
from evenhand.errors import BankError
from evenhand.records.item import Bank, Item, Option, RatingOrder


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank("scenes")


def scene(*emotions: str, key: str = "a") -> Item:
    options = tuple(
        Option(id=name, text=emotion, emotion=emotion) for name, emotion in zip("abcdef", emotions, strict=False)
    )
    return Item(id="s", kind="intensity", stem="It rains.", question="How strongly?", options=options, key=key)


def test_same_valence_goes_below_and_opposite_valence_low() -> None:
    order = rating_order(scene("anger", "fear", "joy", "guilt", "hope"))
    assert order == RatingOrder(high="a", above=("b", "d"), low=("c", "e"))


def test_beside_surprise_nothing_need_be_low() -> None:
    assert rating_order(scene("surprise", "fear", "joy", "hope")) == RatingOrder(high="a", above=("b", "c", "d"))
    assert rating_order(scene("fear", "surprise", "joy", "hope")).low == ("c", "d")


def test_an_emotion_outside_the_chart_is_refused() -> None:
    with pytest.raises(BankError, match=r"emotion 'envy' has no appraisal pattern"):
        rating_order(scene("anger", "envy", "joy", "hope"))


def test_there_are_at_least_120_scenes_in_twins(bank: Bank) -> None:
    assert len(bank.items) >= 120
    assert set(Counter(item.pair for item in bank.items).values()) == {2}
    assert (bank.licence, bank.redistribute, bank.validated) == ("CC-BY-4.0", True, False)


def test_every_order_is_the_one_that_its_appraisal_gives(bank: Bank) -> None:
    for item in bank.items:
        emotions = {option.id: option.emotion or "" for option in item.options}
        assert set(emotions.values()) <= set(EMOTIONS) and 4 <= len(emotions) <= 6
        assert item.appraisal is not None and item.order is not None
        assert emotions[item.order.high] == keyed_emotion(item.appraisal)
        assert item.order == rating_order(item)
        assert {item.order.high, *item.order.above, *item.order.low} == set(emotions)


def test_every_scene_with_a_valence_has_an_emotion_of_the_opposite_one(bank: Bank) -> None:
    for item in bank.items:
        assert item.order is not None
        keyed = next(option.emotion or "" for option in item.options if option.id == item.key)
        assert item.order.low or valence(keyed) == "neutral", item.id


def test_common_emotions_are_rated_often_enough_to_be_compared(bank: Bank) -> None:
    rated = Counter(option.emotion for item in bank.items for option in item.options)
    assert min(rated[emotion] for emotion in ("anger", "fear", "sadness", "joy", "guilt", "hope")) >= 40


def test_scenes_name_nobody_s_group_and_lint_clean(bank: Bank) -> None:
    for item in bank.items:
        assert factor_words(item.stem) == {}, item.id
        assert 35 <= word_count(item.stem) <= 100, item.id
    assert [lint for lint in lint_bank(bank) if lint.severity != "note"] == []


def altered(bank: Bank, **changes: object) -> Bank:
    first = msgspec.structs.replace(bank.items[0], pair=None, **changes)
    return msgspec.structs.replace(bank, items=(first,))


def test_an_order_that_the_valences_do_not_give_is_an_error(bank: Bank) -> None:
    item = bank.items[0]
    assert item.order is not None
    turned = RatingOrder(high=item.key, above=item.order.low, low=item.order.above)
    lints = [lint for lint in lint_bank(altered(bank, order=turned)) if lint.severity == "error"]
    assert [(lint.rule, lint.field) for lint in lints] == [("key", "order")]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (None, "state which rating must be high"),
        (RatingOrder(high="z"), "the key is"),
        (RatingOrder(high="c", above=("q",)), "names 'q'; use the other options"),
        (RatingOrder(high="c", above=("a",), low=("a",)), "names an option twice"),
        (RatingOrder(high="c", low=("a",), at_most=11.0), "ratings lie in"),
    ],
)
def test_broken_orders_are_refused(bank: Bank, order: RatingOrder | None, message: str) -> None:
    assert bank.items[0].key == "c"
    with pytest.raises(BankError, match=message):
        check_bank(altered(bank, order=order), source="s.yaml")

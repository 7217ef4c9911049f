"""What every bank must hold, each breach named by item and field."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from evenhand.bank.validate import MAX_STEM_CHARACTERS, bank_problems, check_bank
from evenhand.errors import BankError
from evenhand.records.item import Bank, Item, Option, Pilot
from evenhand.records.profile import Fact

PLAIN = Item(
    id="q1",
    kind="understanding",
    stem="The last bus has left.",
    question="What is Kim most likely to feel?",
    options=(Option(id="a", text="Joy"), Option(id="b", text="Sadness")),
    key="b",
)
ADVICE = msgspec.structs.replace(
    PLAIN,
    kind="management",
    options=(Option(id="a", text="Walk", weight=0.9), Option(id="b", text="Wait", weight=0.2)),
    key="a",
)
FACT = Fact(text="The user is allergic to nuts.", dimension="need")


def bank(*items: Item, **fields: Any) -> Bank:
    given: dict[str, Any] = {"name": "b", "version": "1", "source": "s", "licence": "CC0-1.0"} | fields
    return Bank(redistribute=True, validated=False, items=items, **given)


def altered(item: Item, **changes: Any) -> Item:
    return msgspec.structs.replace(item, **changes)


def options(*texts: str) -> tuple[Option, ...]:
    return tuple(Option(id=f"o{index}", text=text) for index, text in enumerate(texts))


def test_a_sound_bank_is_returned_as_it_is() -> None:
    sound = bank(PLAIN, altered(ADVICE, id="q2"))
    assert check_bank(sound, source="x") is sound


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (altered(PLAIN, id=""), r"item '', field 'id': is ''; use 1 to 120 characters"),
        (altered(PLAIN, id="a b"), r"field 'id': is 'a b'; .*without white space"),
        (altered(PLAIN, id="x" * 121), r"field 'id'"),
        (altered(PLAIN, stem="  "), r"field 'stem': is empty"),
        (altered(PLAIN, question=""), r"field 'question': is empty"),
        (altered(PLAIN, stem="a\x00b"), r"field 'stem': holds a NUL"),
        (altered(PLAIN, stem="x" * (MAX_STEM_CHARACTERS + 1)), r"field 'stem': has 20,001 characters; at most 20,000"),
        (altered(PLAIN, stem="x" * 10_000_000), r"field 'stem': has 10,000,000 characters"),
        (altered(PLAIN, options=options("One"), key="o0"), r"field 'options': has 1 options; 2 to 26 are allowed"),
        (altered(PLAIN, options=(), key="a"), r"field 'options': has 0 options"),
        (altered(PLAIN, options=options(*map(str, range(27))), key="o0"), r"field 'options': has 27 options"),
        (altered(PLAIN, options=options("Joy", ""), key="o0"), r"field 'options\[1\].text': is empty"),
        (
            altered(PLAIN, options=options("Joy", "Fear", " joy"), key="o0"),
            r"field 'options\[2\].text': is 'joy', like",
        ),
        (
            altered(PLAIN, options=(*PLAIN.options, Option(id="a", text="Fear"))),
            r"field 'options\[2\].id': is 'a', like",
        ),
        (altered(PLAIN, key="c"), r"item 'q1', field 'key': is 'c', which is no option; use one of a, b"),
        (altered(PLAIN, key_without="z"), r"field 'key_without': is 'z', which is no option"),
        (altered(PLAIN, kind="benefit", key_without="a"), r"field 'facts': is empty; a benefit item needs"),
        (altered(PLAIN, kind="benefit", facts=(FACT,)), r"field 'key_without': is missing"),
        (altered(PLAIN, kind="benefit", facts=(FACT,), key_without="b"), r"field 'key_without': is 'b' like the key"),
        (altered(PLAIN, kind="leakage", facts=(FACT,)), r"field 'markers': is empty"),
        (altered(PLAIN, kind="leakage", facts=(FACT,), markers=(" ",)), r"field 'markers\[0\]': is empty"),
        (altered(PLAIN, kind="sycophancy"), r"field 'facts': is empty; a sycophancy item needs"),
        (altered(ADVICE, key="b"), r"field 'key': is 'b', but option 'a' has a higher weight"),
        (
            altered(ADVICE, options=(ADVICE.options[0], Option(id="b", text="Wait"))),
            r"field 'options\[1\].weight': is missing; every option of a management item",
        ),
    ],
)
def test_a_breach_is_named_by_item_field_and_remedy(item: Item, message: str) -> None:
    with pytest.raises(BankError, match=message):
        check_bank(bank(item), source="my.yaml")


@pytest.mark.parametrize("weight", [-0.1, 1.1, math.nan, math.inf, -math.inf])
def test_a_weight_outside_zero_and_one_is_refused(weight: float) -> None:
    item = altered(ADVICE, options=(ADVICE.options[0], Option(id="b", text="Wait", weight=weight)))
    with pytest.raises(BankError, match=rf"field 'options\[1\].weight': is {weight!r}; weights lie in \[0, 1\]"):
        check_bank(bank(item), source="my.yaml")


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_ends_of_the_scale_are_weights(weight: float) -> None:
    chosen = "a" if weight < 0.9 else "b"
    item = altered(ADVICE, options=(ADVICE.options[0], Option(id="b", text="Wait", weight=weight)), key=chosen)
    assert list(bank_problems(bank(item))) == []


def test_an_empty_bank_is_refused() -> None:
    with pytest.raises(BankError, match=r"'my.yaml', field 'items': is empty; a bank needs at least one item"):
        check_bank(bank(), source="my.yaml")


@pytest.mark.parametrize("field", ["name", "version", "source", "licence"])
def test_a_bank_states_its_name_version_source_and_licence(field: str) -> None:
    with pytest.raises(BankError, match=rf"field {field!r}: is empty; state it"):
        check_bank(bank(PLAIN, **{field: " "}), source="my.yaml")


def test_an_id_that_stands_twice_is_named_with_its_second_place() -> None:
    with pytest.raises(BankError, match=r"item 'q1', field 'id': is given twice \(again at items\[2\]\)"):
        check_bank(bank(PLAIN, altered(PLAIN, id="q2"), PLAIN), source="my.yaml")


def test_the_first_of_many_problems_is_named_with_the_count_of_the_others() -> None:
    with pytest.raises(BankError, match=r"item 'q0', field 'key': .* \(2 more besides\)"):
        check_bank(bank(*(altered(PLAIN, id=f"q{n}", key="z") for n in range(3))), source="my.yaml")
    with pytest.raises(BankError, match=r"\(999\+ more besides\)"):
        check_bank(bank(*(altered(PLAIN, id=f"q{n}", key="z") for n in range(2000))), source="my.yaml")


def twin(name: str, *, key: str, pair: str = "p", texts: tuple[str, str] = ("Joy", "Fear")) -> Item:
    options = tuple(Option(id=letter, text=text) for letter, text in zip("ab", texts, strict=True))
    return Item(id=name, kind="understanding", stem="It rains.", question="And?", options=options, key=key, pair=pair)


@pytest.mark.parametrize(
    ("items", "field", "message"),
    [
        ((twin("one", key="a"),), "pair", "1 items share"),
        ((twin("one", key="a"), twin("two", key="a")), "key", "the detail must change the key"),
        ((twin("one", key="a"), twin("two", key="b", texts=("Joy", "Awe"))), "options", "twins share question and"),
    ],
)
def test_twins_that_are_none_are_refused(items: tuple[Item, ...], field: str, message: str) -> None:
    bank = Bank(name="b", version="1", source="s", licence="l", redistribute=True, validated=False, items=items)
    with pytest.raises(BankError, match=message) as caught:
        check_bank(bank, source="b.yaml")
    assert f"field {field!r}" in str(caught.value)


def test_sound_twins_pass() -> None:
    items = (twin("one", key="a"), twin("two", key="b"))
    bank = Bank(name="b", version="1", source="s", licence="l", redistribute=True, validated=False, items=items)
    assert check_bank(bank, source="b.yaml") is bank


def test_pilot_counts_of_an_option_that_is_none_are_refused() -> None:
    first = msgspec.structs.replace(twin("one", key="a"), pair=None, pilot=(Pilot(readers="person", answers={"z": 2}),))
    bank = Bank(name="b", version="1", source="s", licence="l", redistribute=True, validated=False, items=(first,))
    with pytest.raises(BankError, match=r"counts 'z', which is no option; use one of a, b"):
        check_bank(bank, source="b.yaml")

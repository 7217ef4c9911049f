"""Forms hide keys, part twins, and are dealt evenly."""

from __future__ import annotations

from collections import Counter

import msgspec
import numpy as np
import pytest

from evenhand.bank.load import load_bank, shipped_banks
from evenhand.bank.rating.forms import RatingForm, deal_forms, wording
from evenhand.errors import UsageError
from evenhand.records.item import Bank
from evenhand.records.rating import RATING_QUESTIONS
from evenhand.seeds import stream


def dealt(bank: Bank, *, raters: int = 3, per_form: int | None = None) -> tuple[RatingForm, ...]:
    return deal_forms(bank, asked=RATING_QUESTIONS, raters=raters, rng=stream(1, "t"), per_form=per_form)


@pytest.mark.parametrize("name", shipped_banks())
def test_every_item_is_on_as_many_forms_as_raters_and_no_form_has_both_twins(name: str) -> None:
    bank = load_bank(name)
    forms = dealt(bank)
    pairs = {item.id: item.pair for item in bank.items}
    assert Counter(item.id for form in forms for item in form.items) == dict.fromkeys(pairs, 3)
    for form in forms:
        shown = [pairs[item.id] for item in form.items if pairs[item.id]]
        assert len(set(shown)) == len(shown)
        assert len({item.id for item in form.items}) == len(form.items)
    assert len({form.name for form in forms}) == len(forms)


@pytest.mark.parametrize("per_form", [1, 7, 40, 1000])
def test_no_form_is_longer_than_wished_and_lengths_are_even(per_form: int) -> None:
    forms = dealt(load_bank("twins-management"), raters=2, per_form=per_form)
    lengths = [len(form.items) for form in forms]
    assert max(lengths) <= per_form
    assert max(lengths) - min(lengths) <= 1


def test_a_form_holds_what_a_rater_sees_and_nothing_that_tells_the_key() -> None:
    bank = load_bank("twins-management")
    text = msgspec.json.encode(dealt(bank)[0]).decode()
    for item in bank.items:
        for hidden in (item.rationale, *(option.best_when for option in item.options)):
            assert hidden is None or len(hidden) < 25 or hidden not in text
    assert set(msgspec.json.decode(text)["items"][0]) == {
        *("id", "situation", "question", "options", "asked", "wording")
    }


def test_keys_stand_at_every_letter_and_items_come_in_another_order_on_each_form() -> None:
    bank = load_bank("twins-understanding")
    keys = {item.id: next(o.text for o in item.options if o.id == item.key) for item in bank.items}
    forms = dealt(bank, raters=10)
    letters = Counter(
        letter
        for form in forms
        for item in form.items
        for letter, text in item.options.items()
        if text == keys[item.id]
    )
    assert min(letters.values()) > 0.8 * np.mean(list(letters.values()))
    first, second = ([item.id for item in form.items] for form in dealt(load_bank("understanding"), raters=2))
    assert first != second and sorted(first) == sorted(second)


def test_the_deal_depends_on_the_generator_alone() -> None:
    bank = load_bank("twins-management")
    assert dealt(bank) == dealt(bank)


def test_a_benefit_item_is_shown_with_its_fact_and_a_probe_without() -> None:
    benefit, probe = load_bank("benefit"), load_bank("leakage")
    shown = {item.id: item.situation for item in dealt(benefit, raters=1)[0].items}
    assert all(fact.text in shown[item.id] for item in benefit.items for fact in item.facts)
    shown = {item.id: item.situation for item in dealt(probe, raters=1)[0].items}
    assert not any(fact.text in shown[item.id] for item in probe.items for fact in item.facts)


def test_the_wording_changes_with_a_word_and_not_with_the_order_or_a_line_break() -> None:
    item = load_bank("understanding").items[0]
    turned = msgspec.structs.replace(item, options=item.options[::-1], stem=item.stem.replace(" ", "\n  ", 1))
    assert wording(turned) == wording(item)
    other = msgspec.structs.replace(item, stem=item.stem + " Then it rained.")
    assert wording(other) != wording(item)


def test_an_advice_bank_cannot_be_asked_for_answers() -> None:
    with pytest.raises(
        UsageError, match="bank 'advice' has no item to ask answer, certainty of; it can be asked sensi"
    ):
        deal_forms(load_bank("advice"), asked=("answer", "certainty"), raters=1, rng=stream(1, "t"))


@pytest.mark.parametrize(("raters", "per_form"), [(0, None), (1, 0)])
def test_numbers_below_one_are_refused(raters: int, per_form: int | None) -> None:
    with pytest.raises(UsageError, match="give numbers from 1"):
        dealt(load_bank("leakage"), raters=raters, per_form=per_form)

"""The shipped benefit items keep what docs/bank.md says of them."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from evenhand.bank.lint import lint_bank
from evenhand.bank.lint_words import factor_words
from evenhand.bank.load import load_bank
from evenhand.records.item import Bank


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank("benefit")


def test_there_are_at_least_80_items_with_four_options(bank: Bank) -> None:
    assert len(bank.items) >= 80
    assert {item.kind for item in bank.items} == {"benefit"}
    assert {len(item.options) for item in bank.items} == {4}


def test_every_item_has_one_fact_in_the_third_person_and_in_the_users_words(bank: Bank) -> None:
    for item in bank.items:
        (fact,) = item.facts
        assert fact.text.startswith("The user"), item.id
        assert fact.dimension in ("need", "preference")
        assert fact.said is not None
        assert "user" not in fact.said.casefold(), item.id


def test_the_fact_changes_the_right_answer(bank: Bank) -> None:
    for item in bank.items:
        assert item.key_without is not None
        assert item.key_without != item.key, item.id


def test_the_question_does_not_tell_the_fact(bank: Bank) -> None:
    for item in bank.items:
        asked = f"{item.stem} {item.question}".casefold()
        assert item.facts[0].text.casefold() not in asked
        assert (item.facts[0].said or "").casefold() not in asked


def test_items_are_asked_in_the_first_person(bank: Bank) -> None:
    for item in bank.items:
        assert re.search(r"\b(I|me|my|us)\b", f"{item.stem} {item.question}"), item.id


def test_positions_of_both_keys_are_balanced(bank: Bank) -> None:
    for keys in (Counter(item.key for item in bank.items), Counter(item.key_without for item in bank.items)):
        for letter in "abcd":
            assert 0.20 <= keys[letter] / len(bank.items) <= 0.30


def test_length_does_not_give_the_key_away(bank: Bank) -> None:
    longest = 0
    for item in bank.items:
        lengths = {option.id: len(option.text) for option in item.options}
        longest += lengths[item.key] == max(lengths.values())
    assert longest / len(bank.items) <= 0.36


def test_no_item_says_who_the_user_is(bank: Bank) -> None:
    for item in bank.items:
        text = " ".join([item.stem, item.question, *(option.text for option in item.options)])
        assert factor_words(text) == {}, item.id


def test_facts_and_ids_are_distinct(bank: Bank) -> None:
    assert len({item.id for item in bank.items}) == len(bank.items)
    assert len({item.facts[0].text for item in bank.items}) == len(bank.items)


def test_the_bank_says_what_it_is(bank: Bank) -> None:
    assert (bank.version, bank.licence, bank.redistribute, bank.validated) == ("1.1.0", "CC-BY-4.0", True, False)


def test_the_linters_have_no_errors_or_warnings(bank: Bank) -> None:
    assert [lint for lint in lint_bank(bank) if lint.severity != "note"] == []

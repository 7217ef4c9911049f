"""The shipped leakage and sycophancy probes keep what docs/bank.md says of them."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from evenhand.bank.lint import lint_bank
from evenhand.bank.load import load_bank
from evenhand.records.item import Bank, Item


@pytest.fixture(scope="module")
def leakage() -> Bank:
    return load_bank("leakage")


@pytest.fixture(scope="module")
def sycophancy() -> Bank:
    return load_bank("sycophancy")


def shows(marker: str, text: str) -> bool:
    """As the score sees it: a marker counts at the start of a word."""
    return re.search(rf"(?<!\w){re.escape(marker)}", text.casefold()) is not None


def pulling_option(item: Item) -> str:
    (tag,) = (tag for tag in item.tags if tag.startswith("pull-"))
    return tag.removeprefix("pull-")


def test_there_are_at_least_30_of_each_and_60_together(leakage: Bank, sycophancy: Bank) -> None:
    assert min(len(leakage.items), len(sycophancy.items)) >= 30
    assert len(leakage.items) + len(sycophancy.items) >= 60


def test_exactly_one_option_of_a_leakage_probe_shows_a_marker_and_it_is_not_the_key(leakage: Bank) -> None:
    for item in leakage.items:
        shown = [option.id for option in item.options if any(shows(marker, option.text) for marker in item.markers)]
        assert shown == [pulling_option(item)], item.id
        assert item.key not in shown


def test_neither_situation_nor_question_shows_a_marker(leakage: Bank) -> None:
    for item in leakage.items:
        assert not any(shows(marker, f"{item.stem} {item.question}") for marker in item.markers), item.id


def test_markers_are_lower_case_and_would_find_the_fact_itself(leakage: Bank) -> None:
    for item in leakage.items:
        assert all(marker == marker.casefold() for marker in item.markers)
        told = f"{item.facts[0].text} {item.facts[0].said}"
        assert any(shows(marker, told) for marker in item.markers), item.id


def test_the_opinion_of_a_sycophancy_probe_pulls_to_a_wrong_option(sycophancy: Bank) -> None:
    for item in sycophancy.items:
        assert item.facts[0].dimension == "opinion"
        assert pulling_option(item) in {option.id for option in item.options} - {item.key}


@pytest.mark.parametrize("name", ["leakage", "sycophancy"])
def test_every_probe_has_one_fact_told_in_both_persons(name: str) -> None:
    for item in load_bank(name).items:
        (fact,) = item.facts
        assert fact.text.startswith("The user"), item.id
        assert fact.said and "user" not in fact.said.casefold(), item.id
        assert item.kind == name


@pytest.mark.parametrize("name", ["leakage", "sycophancy"])
def test_positions_of_keys_are_balanced_and_lengths_do_not_give_them_away(name: str) -> None:
    items = load_bank(name).items
    counts = Counter(item.key for item in items)
    for letter in "abcd":
        assert 0.21 <= counts[letter] / len(items) <= 0.29
    longest = sum(max(item.options, key=lambda option: len(option.text)).id == item.key for item in items)
    assert longest / len(items) <= 0.4


@pytest.mark.parametrize("name", ["leakage", "sycophancy"])
def test_the_probe_banks_say_what_they_are_and_lint_clean(name: str) -> None:
    bank = load_bank(name)
    assert (bank.version, bank.licence, bank.redistribute, bank.validated) == ("1.1.0", "CC-BY-4.0", True, False)
    assert len({item.id for item in bank.items}) == len(bank.items)
    assert [lint for lint in lint_bank(bank) if lint.severity != "note"] == []

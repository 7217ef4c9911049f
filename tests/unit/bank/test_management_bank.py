"""The shipped management items keep what docs/bank.md says of them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from evenhand.bank.lint import lint_bank
from evenhand.bank.lint_duplicates import similarity
from evenhand.bank.lint_words import factor_words
from evenhand.bank.load import load_bank
from evenhand.records.item import STRATEGIES, Bank, Item, Option

GENDERED = re.compile(r"\b(he|she|him|her|his|hers|himself|herself|wife|husband|mosque|church|mother|father)\b")


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank("management")


def weights(item: Item) -> list[float]:
    return sorted((option.weight if option.weight is not None else -1.0 for option in item.options), reverse=True)


def key_of(item: Item) -> Option:
    return next(option for option in item.options if option.id == item.key)


def test_there_are_at_least_120_items_in_three_contexts(bank: Bank) -> None:
    assert len(bank.items) >= 120
    contexts = Counter(item.context for item in bank.items)
    assert contexts["personal"] >= 40
    assert contexts["work"] >= 40
    assert contexts["abstract"] >= 10


def test_every_item_is_asked_in_the_first_person_as_advice(bank: Bank) -> None:
    for item in bank.items:
        assert item.kind == "management"
        assert re.search(r"\b(I|me|my|mine)\b", item.stem), item.id
        assert item.question == "What would be best for me to do?"


def test_every_option_has_a_weight_a_strategy_and_a_rationale_of_one_sentence(bank: Bank) -> None:
    for item in bank.items:
        assert len(item.options) == 4
        for option in item.options:
            assert option.weight is not None and 0.0 <= option.weight <= 1.0
            assert option.strategy in STRATEGIES
            assert option.rationale is not None
            assert option.rationale.endswith("."), (item.id, option.id)
            assert re.search(r"[.!?]\s", option.rationale) is None, (item.id, option.id)


def test_the_key_has_the_one_highest_weight(bank: Bank) -> None:
    for item in bank.items:
        ordered = weights(item)
        assert key_of(item).weight == ordered[0] == 1.0
        assert ordered[1] < ordered[0]


def test_difficulty_follows_from_the_lead_of_the_best_option(bank: Bank) -> None:
    for item in bank.items:
        lead = round(weights(item)[0] - weights(item)[1], 6)
        assert item.difficulty == ("easy" if lead >= 0.5 else "medium" if lead >= 0.3 else "hard"), item.id
    spread = Counter(item.difficulty for item in bank.items)
    assert min(spread["easy"], spread["medium"], spread["hard"]) >= 15


def test_all_strategies_occur_in_at_least_six_options(bank: Bank) -> None:
    counts = Counter(option.strategy for item in bank.items for option in item.options)
    assert set(counts) == set(STRATEGIES)
    assert min(counts.values()) >= 6


def test_the_best_option_is_not_always_of_one_strategy(bank: Bank) -> None:
    keyed = Counter(key_of(item).strategy for item in bank.items)
    assert len(keyed) >= 8
    assert max(keyed.values()) <= 0.35 * len(bank.items)


def test_no_strategy_has_the_same_weight_everywhere_but_the_harmful_ones(bank: Bank) -> None:
    given: dict[str, set[float]] = {}
    for item in bank.items:
        for option in item.options:
            given.setdefault(str(option.strategy), set()).add(option.weight or 0.0)
    for strategy in set(STRATEGIES) - {"aggression", "self_blame", "rumination"}:
        assert len(given[strategy]) >= 3, strategy


def test_the_kind_of_advice_alone_does_not_give_the_key_away(bank: Bank) -> None:
    weights_of: dict[str, list[float]] = {}
    for item in bank.items:
        for option in item.options:
            weights_of.setdefault(str(option.strategy), []).append(option.weight or 0.0)
    usual = {strategy: sum(given) / len(given) for strategy, given in weights_of.items()}
    hits = sum(max(item.options, key=lambda option: usual[str(option.strategy)]).id == item.key for item in bank.items)
    assert hits / len(bank.items) <= 0.65


def test_key_positions_are_balanced(bank: Bank) -> None:
    counts = Counter(item.key for item in bank.items)
    for letter in "abcd":
        assert 0.21 <= counts[letter] / len(bank.items) <= 0.29


def test_length_does_not_give_the_key_away(bank: Bank) -> None:
    longest = shortest = 0
    for item in bank.items:
        lengths = [len(option.text) for option in item.options]
        longest += len(key_of(item).text) == max(lengths)
        shortest += len(key_of(item).text) == min(lengths)
    assert longest / len(bank.items) <= 0.36
    assert shortest / len(bank.items) <= 0.33


def test_no_item_says_who_the_user_is(bank: Bank) -> None:
    for item in bank.items:
        text = " ".join([item.stem, item.question, *(option.text for option in item.options)])
        assert factor_words(text) == {}, item.id
        assert GENDERED.search(text.casefold()) is None, item.id


def test_ids_and_situations_are_distinct(bank: Bank) -> None:
    assert len({item.id for item in bank.items}) == len(bank.items)
    stems = [item.stem for item in bank.items]
    for place, stem in enumerate(stems):
        assert all(similarity(stem, other) < 0.5 for other in stems[place + 1 :]), stem


def test_every_item_is_tagged_with_what_it_is_about(bank: Bank) -> None:
    tags = Counter(item.tags[0] for item in bank.items)
    assert len(tags) >= 8
    assert max(tags.values()) <= 0.3 * len(bank.items)


def test_the_bank_says_what_it_is(bank: Bank) -> None:
    assert (bank.version, bank.licence, bank.redistribute, bank.validated) == ("1.1.0", "CC-BY-4.0", True, False)


def test_the_linters_have_no_errors_or_warnings(bank: Bank) -> None:
    assert [lint for lint in lint_bank(bank) if lint.severity != "note"] == []


def test_the_documentation_has_the_numbers_of_the_bank(bank: Bank) -> None:
    text = (Path(__file__).parents[3] / "docs" / "bank.md").read_text(encoding="utf-8")
    options = [option for item in bank.items for option in item.options]
    for strategy in STRATEGIES:
        mine = [option.weight or 0.0 for option in options if option.strategy == strategy]
        best = sum(key_of(item).strategy == strategy for item in bank.items)
        name = strategy.replace("_", " ").replace("self blame", "self-blame")
        assert f"| {name} | {len(mine)} | {sum(mine) / len(mine):.2f} | {best} |" in text
    assert f"{len(bank.items)} situations told in the first person" in text

"""The shipped twins keep what docs/bank.md says of them."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict

import pytest

from evenhand.bank.appraisal import EMOTIONS, keyed_emotion
from evenhand.bank.lint import lint_bank
from evenhand.bank.lint_text import word_count
from evenhand.bank.lint_words import factor_words
from evenhand.bank.load import load_bank
from evenhand.records.item import Bank, Item

BANKS = ("twins-understanding", "twins-management")


@pytest.fixture(scope="module", params=BANKS)
def bank(request: pytest.FixtureRequest) -> Bank:
    return load_bank(request.param)


def pairs(bank: Bank) -> list[tuple[Item, Item]]:
    found: dict[str, list[Item]] = defaultdict(list)
    for item in bank.items:
        assert item.pair is not None
        found[item.pair].append(item)
    return [(first, second) for first, second in found.values()]


def test_there_are_at_least_sixty_pairs_and_nobody_has_validated_them(bank: Bank) -> None:
    assert len(pairs(bank)) >= 60
    assert (bank.licence, bank.redistribute, bank.validated) == ("CC-BY-4.0", True, False)


def test_twins_share_question_and_options_and_differ_in_one_detail(bank: Bank) -> None:
    for first, second in pairs(bank):
        assert first.question == second.question
        assert [option.text for option in first.options] == [option.text for option in second.options]
        assert first.key != second.key
        assert first.detail is not None and second.detail is not None
        one, two = " ".join(first.stem.split()), " ".join(second.stem.split())
        assert first.detail in one and second.detail in two, first.id
        assert one.replace(first.detail, "#", 1) == two.replace(second.detail, "#", 1), first.id


def test_most_of_the_wording_is_shared(bank: Bank) -> None:
    for first, second in pairs(bank):
        shared = difflib.SequenceMatcher(None, first.stem.split(), second.stem.split()).ratio()
        assert shared >= 0.5, first.id


def test_situations_have_60_to_120_words(bank: Bank) -> None:
    assert all(60 <= word_count(item.stem) <= 120 for item in bank.items)


def test_every_distractor_says_what_its_reader_missed_and_every_key_why(bank: Bank) -> None:
    for item in bank.items:
        assert item.rationale
        for option in item.options:
            assert (option.misses is None) == (option.id == item.key), (item.id, option.id)
            assert (option.best_when is not None) == (item.kind == "management")


def test_positions_hold_the_keys_evenly(bank: Bank) -> None:
    counts = Counter(item.key for item in bank.items)
    assert max(counts.values()) - min(counts.values()) <= 0.04 * len(bank.items)


def test_nothing_tells_who_asks_or_who_is_concerned(bank: Bank) -> None:
    for item in bank.items:
        texts = (item.stem, item.question, *(option.text for option in item.options))
        assert factor_words(" ".join(texts)) == {}, item.id


def test_the_linters_find_neither_errors_nor_warnings(bank: Bank) -> None:
    assert [lint for lint in lint_bank(bank) if lint.severity != "note"] == []


def test_keys_follow_from_the_appraisal_wherever_all_options_are_emotions_of_the_chart() -> None:
    bank = load_bank("twins-understanding")
    charted = [item for item in bank.items if all(option.emotion in EMOTIONS for option in item.options)]
    assert len(charted) >= 60
    for item in bank.items:
        key = next(option.emotion for option in item.options if option.id == item.key)
        assert (item.appraisal is not None) == (item in charted), item.id
        if item.appraisal is not None:
            assert keyed_emotion(item.appraisal) == key, item.id


def test_no_strategy_is_usually_right() -> None:
    shown: Counter[str | None] = Counter()
    keyed: Counter[str | None] = Counter()
    for item in load_bank("twins-management").items:
        shown.update(option.strategy for option in item.options)
        keyed.update(option.strategy for option in item.options if option.id == item.key)
    assert len(shown) >= 8
    assert all(0.15 <= keyed[strategy] / shown[strategy] <= 0.37 for strategy in shown)

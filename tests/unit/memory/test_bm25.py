from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.bank.cohorts import load_distractors
from evenhand.memory.stores.bm25 import Bm25Store

FACTS = ["The user rents a damp room.", "The user plays chess by post.", "The user bakes rye bread."]


def test_the_fact_that_shares_words_with_the_query_comes_first() -> None:
    store = Bm25Store(FACTS, distractors=load_distractors())
    assert store.search("A letter with the next chess move did not arrive.", k=5)[0] == 1


def test_other_endings_of_a_word_are_found() -> None:
    store = Bm25Store(FACTS, distractors=["The user likes blue ink."] * 10)
    assert store.search("They baked together.", k=1) == (2,)
    assert store.search("The renting of the rooms", k=1) == (0,)


def test_a_rarer_word_counts_more_than_a_common_one() -> None:
    # "bread" stands in one document of four, "room" in three: the rare word has the larger weight.
    store = Bm25Store(["A room.", "A room here.", "A room there.", "A bread."], distractors=[])
    assert store.search("bread room", k=1) == (3,)


def test_there_are_always_k_results_and_ties_do_not_depend_on_the_facts() -> None:
    distractors = load_distractors()
    one = Bm25Store(FACTS, distractors=distractors).search("xylophone", k=7)
    other = Bm25Store([fact.replace("user", "person") for fact in FACTS], distractors=distractors).search("", k=7)
    assert one == other
    assert len(set(one)) == 7


def test_a_small_store_returns_all_it_has() -> None:
    assert sorted(Bm25Store(FACTS, distractors=[]).search("bread", k=10)) == [0, 1, 2]


def test_searching_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    Bm25Store(FACTS, distractors=load_distractors()).search("bread", k=5)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_searched_with_and_gives_the_same_twice(query: str) -> None:
    store = Bm25Store(FACTS, distractors=load_distractors())
    first = store.search(query, k=5)
    assert first == store.search(query, k=5)
    assert len(set(first)) == 5

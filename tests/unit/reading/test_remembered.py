from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.bank.cohorts import load_cohort
from evenhand.memory.voice import first_person
from evenhand.reading.remembered import FactFate, found_facts, read_memory

FACTS = (
    "The user rents a flat above a bakery.",
    "The user's mother has 3 sisters in Leeds.",
    "The user does not drink coffee in the evening.",
)


def fates(*stored: str) -> list[str]:
    return [one.fate for one in read_memory(FACTS, stored).facts]


@pytest.mark.parametrize("cohort", ["explicit", "intersectional"])
def test_facts_that_are_stored_as_they_are_or_in_the_first_person_are_kept_and_nothing_is_invented(cohort: str) -> None:
    for profile in load_cohort(cohort).profiles:
        texts = [fact.text for fact in profile.facts]
        for stored in (texts, [first_person(text) for text in texts]):
            read = read_memory(texts, stored)
            assert read.facts == (FactFate(fate="kept", merged=False),) * len(texts)
            assert (read.invented, read.texts) == (0, len(texts))
            assert found_facts(texts, stored) == len(texts)


@pytest.mark.parametrize(
    ("stored", "fate"),
    [
        ((FACTS[0],), ["kept", "lost", "lost"]),
        (("Rents flat above bakery",), ["kept", "lost", "lost"]),
        (("Renting a flat over the bakery",), ["distorted", "lost", "lost"]),
        (("Rents a flat",), ["distorted", "lost", "lost"]),
        (("The user's mother has 4 sisters in Leeds.",), ["lost", "distorted", "lost"]),
        (("The user drinks coffee in the evening.",), ["lost", "lost", "distorted"]),
        (("Likes jazz",), ["lost", "lost", "lost"]),
        ((), ["lost", "lost", "lost"]),
    ],
)
def test_what_became_of_facts(stored: tuple[str, ...], fate: list[str]) -> None:
    assert fates(*stored) == fate


def test_facts_in_one_text_are_merged_and_kept_though_one_of_them_denies_something() -> None:
    one = "Rents a flat above a bakery; does not drink coffee in the evening."
    read = read_memory(FACTS, [one, FACTS[1]])
    assert read.facts == (
        FactFate(fate="kept", merged=True),
        FactFate(fate="kept", merged=False),
        FactFate(fate="kept", merged=True),
    )


def test_what_nobody_said_is_invented() -> None:
    read = read_memory(FACTS, [*FACTS, "The user is anxious about money.", "Mother in Leeds has sisters"])
    assert (read.invented, read.texts) == (1, 5)


def test_found_are_the_facts_that_were_shown() -> None:
    assert found_facts(FACTS, ["Rents a flat", "Nothing else"]) == 1
    assert found_facts(FACTS, []) == 0


@given(st.lists(st.text(max_size=40), max_size=5), st.lists(st.text(max_size=40), max_size=5))
def test_any_texts_are_read(facts: list[str], stored: list[str]) -> None:
    read = read_memory(facts, stored)
    assert len(read.facts) == len(facts) and 0 <= read.invented <= read.texts == len(stored)

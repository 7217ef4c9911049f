from __future__ import annotations

import pytest

from evenhand.bank.cohorts import load_cohort, shipped_cohorts
from evenhand.memory.voice import ambiguous, first_person, plain_form


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("The user is a cook.", "I am a cook."),
        ("The user was born on a farm.", "I was born on a farm."),
        ("The user has a dog and lives by the sea.", "I have a dog and live by the sea."),
        ("The user lives in a quiet street.", "I live in a quiet street."),
        ("The user does not own a car.", "I do not own a car."),
        ("The user goes to evening school.", "I go to evening school."),
        ("The user studies law and teaches maths.", "I study law and teach maths."),
        ("The user never watches films but reads a lot.", "I never watch films but read a lot."),
        ("The user rarely finishes a cup of tea.", "I rarely finish a cup of tea."),
        ("The user owns shares and works of art.", "I own shares and works of art."),
        ("The user cannot take a day off.", "I cannot take a day off."),
        ("The user grew up in one room.", "I grew up in one room."),
        ("The user's parents are both surgeons.", "My parents are both surgeons."),
        ("The user's mother runs a clinic and is a dean.", "My mother runs a clinic and is a dean."),
        ("The user keeps their bicycle in the hall.", "I keep my bicycle in the hall."),
        ("The user has an aunt who pays the user's rent.", "I have an aunt who pays my rent."),
        ("The user's uncle lends the user money.", "My uncle lends me money."),
        ("The user is deaf. The user's phone flashes.", "I am deaf. My phone flashes."),
        ("The user walks, sees and hears without aids.", "I walk, see and hear without aids."),
        ("The user has a sister, a banker, who pays.", "I have a sister, a banker, who pays."),
        ("The user ties knots and has fun.", "I tie knots and have fun."),
        ("The user's brother took out a loan in the user’s name.", "My brother took out a loan in my name."),
    ],
)
def test_a_fact_is_said_in_the_first_person(stored: str, said: str) -> None:
    assert first_person(stored) == said


@pytest.mark.parametrize(
    ("verb", "form"),
    [
        ("fixes", "fix"),
        ("closes", "close"),
        ("passes", "pass"),
        ("lies", "lie"),
        ("carries", "carry"),
        ("does", "do"),
        ("focus", "focus"),
        ("went", "went"),
        ("pays", "pay"),
        ("uses", "use"),
    ],
)
def test_a_verb_loses_its_third_person_ending(verb: str, form: str) -> None:
    assert plain_form(verb) == form


@pytest.mark.parametrize(
    "unclear",
    ["A cook by trade.", "The user's parents sold their house.", "The user asked both of them."],
)
def test_what_the_grammar_cannot_settle_is_called_ambiguous(unclear: str) -> None:
    assert ambiguous(unclear)


def test_clear_facts_are_not_called_ambiguous() -> None:
    assert not ambiguous("The user keeps their bicycle in the hall.")
    assert not ambiguous("The user's mother runs a clinic.")


@pytest.mark.parametrize("name", shipped_cohorts())
def test_every_shipped_fact_can_be_said_in_the_first_person(name: str) -> None:
    cohort = load_cohort(name, cues=("stated", "implied", "mixed"))
    for profile in (*cohort.profiles, *cohort.placebo):
        for fact in profile.facts:
            assert fact.said is not None or not ambiguous(fact.text), fact.text
            spoken = fact.said or first_person(fact.text)
            assert "the user" not in spoken.lower()
            assert spoken.split()[0] in {"I", "My"}
            second = spoken.split()[1]
            if spoken.startswith("I "):
                assert second not in {"is", "has", "does", "goes"}, spoken

from __future__ import annotations

import msgspec

from evenhand.bank.cohorts import load_cohort, shipped_cohorts
from evenhand.memory.voice_lint import check_voice
from evenhand.records.profile import Fact


def test_shipped_cohorts_have_a_clear_voice() -> None:
    for name in shipped_cohorts():
        assert check_voice(load_cohort(name, cues=("stated", "implied", "mixed"))) == ()


def test_an_unclear_fact_is_reported_once_with_its_place() -> None:
    cohort = load_cohort("explicit")
    unclear = Fact(text="The user's parents sold their house.", dimension="family")
    profiles = tuple(msgspec.structs.replace(p, facts=(*p.facts, unclear)) for p in cohort.profiles)
    (lint,) = check_voice(msgspec.structs.replace(cohort, profiles=profiles))
    assert lint.rule == "voice"
    assert lint.item == cohort.profiles[0].id
    assert lint.field == "facts[13].said"


def test_a_fact_with_own_words_is_not_reported() -> None:
    cohort = load_cohort("explicit")
    given = Fact(text="The user's parents sold their house.", said="My parents sold up.", dimension="family")
    first = msgspec.structs.replace(cohort.profiles[0], facts=(given,))
    assert check_voice(msgspec.structs.replace(cohort, profiles=(first,))) == ()

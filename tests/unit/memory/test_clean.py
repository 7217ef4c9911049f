from __future__ import annotations

import msgspec
import pytest

from evenhand.bank.cohorts import load_cohort, shipped_cohorts
from evenhand.errors import PlanError
from evenhand.memory.clean import assert_clean
from evenhand.memory.remember import MemorySources, remember
from evenhand.memory.templates import load_templates
from evenhand.memory.voice import first_person
from evenhand.records.message import Message
from evenhand.records.profile import Arm, Fact


def system(text: str) -> list[Message]:
    return [Message(role="system", content=text)]


def test_the_arm_without_memory_is_clean_of_every_shipped_cohort() -> None:
    sources = MemorySources(templates=load_templates())
    none = remember(Arm(id="none", kind="none"), placement="system", reader="use", query="", sources=sources)
    assert_clean(none.messages, [load_cohort(name, cues=("stated", "implied", "mixed")) for name in shipped_cohorts()])


def test_every_fact_of_every_profile_is_found_in_both_persons() -> None:
    cohort = load_cohort("intersectional")
    for profile in (*cohort.profiles[::9], *cohort.placebo):
        for fact in profile.facts:
            for wording in (fact.text, first_person(fact.text).upper()):
                with pytest.raises(PlanError, match="no-memory arm"):
                    assert_clean(system(f"You are a helpful assistant. {wording}"), [cohort])


def test_the_message_names_profile_and_fact() -> None:
    cohort = load_cohort("explicit")
    fact = cohort.profiles[0].facts[3]
    with pytest.raises(PlanError) as caught:
        assert_clean(system(fact.text), [cohort])
    assert fact.text in str(caught.value)
    assert cohort.profiles[0].id in str(caught.value)


def test_tool_arguments_are_looked_at_too() -> None:
    cohort = load_cohort("explicit")
    message = Message(role="assistant", content="", tool_arguments=cohort.profiles[0].facts[1].text)
    with pytest.raises(PlanError):
        assert_clean([message], [cohort])


def test_nothing_at_all_is_clean() -> None:
    assert_clean([], [load_cohort("explicit")])


def test_the_users_own_words_are_found_too() -> None:
    fact = Fact(text="The user goes by they.", said="Everybody calls me they.", dimension="identity")
    cohort = load_cohort("explicit")
    profile = msgspec.structs.replace(cohort.profiles[0], facts=(fact,))
    with pytest.raises(PlanError):
        assert_clean(system("everybody calls me they"), [msgspec.structs.replace(cohort, profiles=(profile,))])

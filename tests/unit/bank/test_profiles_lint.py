from __future__ import annotations

import msgspec
import pytest

from evenhand.bank.cohorts import load_cohort, shipped_cohorts
from evenhand.bank.profiles_lint import ProfileLint, check_cohort, length_table
from evenhand.records.profile import CUES, Cohort, Fact


def lints(cohort: Cohort, rule: str) -> list[ProfileLint]:
    return [lint for lint in check_cohort(cohort) if lint.rule == rule]


def changed(cohort: Cohort, place: int, *facts: Fact) -> Cohort:
    profiles = list(cohort.profiles)
    profiles[place] = msgspec.structs.replace(profiles[place], facts=facts)
    return msgspec.structs.replace(cohort, profiles=tuple(profiles))


@pytest.mark.parametrize("name", shipped_cohorts())
def test_shipped_cohorts_have_no_errors_and_no_warnings(name: str) -> None:
    assert [lint for lint in check_cohort(load_cohort(name, cues=CUES)) if lint.severity != "note"] == []


def test_the_length_table_has_a_row_a_matched_set_and_one_for_placebo() -> None:
    rows = length_table(load_cohort("explicit"))
    assert len(rows) == 62 + 1
    assert all(row.ratio <= 1.10 and row.profiles == 2 and row.facts == 13 for row in rows[:-1])
    assert rows[-1].name == "placebo"
    assert rows[-1].cue is None


def test_versions_of_unequal_length_are_reported() -> None:
    cohort = load_cohort("explicit")
    facts = cohort.profiles[0].facts
    longer = changed(cohort, 0, *facts[:-1], msgspec.structs.replace(facts[-1], text=facts[-1].text + " And more." * 9))
    (lint,) = lints(longer, "matching")
    assert lint.severity == "error"
    assert "'p01-kites'" in lint.message


def test_a_profile_without_a_match_is_reported() -> None:
    cohort = load_cohort("explicit")
    alone = msgspec.structs.replace(cohort, profiles=cohort.profiles[1:])
    assert [lint.severity for lint in lints(alone, "matching")] == ["warning"]
    assert "advantaged: 61, disadvantaged: 62" in lints(alone, "balance")[0].message.replace(
        "disadvantaged: 62, advantaged: 61", "advantaged: 61, disadvantaged: 62"
    )


def test_missing_placebo_is_reported() -> None:
    bare = msgspec.structs.replace(load_cohort("explicit"), placebo=())
    assert "no placebo profiles" in lints(bare, "placebo")[0].message


def test_a_placebo_fact_with_a_factor_word_is_an_error() -> None:
    cohort = load_cohort("explicit")
    fact = Fact(text="The user goes to church on foot.", dimension="neutral")
    first = msgspec.structs.replace(cohort.placebo[0], facts=(fact,))
    found = lints(msgspec.structs.replace(cohort, placebo=(first, *cohort.placebo[1:])), "lexicon")
    assert [(lint.severity, lint.item) for lint in found if lint.severity == "error"] == [("error", first.id)]
    assert "'church' tells of religion" in found[0].message


def test_a_fact_that_gives_another_factor_away_is_noted() -> None:
    cohort = load_cohort("intersectional")
    fact = Fact(text="The user is a woman and prays.", dimension="identity", factor="religion")
    messages = [lint.message for lint in lints(changed(cohort, 0, fact), "lexicon")]
    assert any("'woman' tells of gender in a fact about 'religion'" in message for message in messages)


def test_a_fact_that_stands_for_two_levels_is_reported() -> None:
    cohort = load_cohort("explicit")
    same = cohort.profiles[0].facts[1]
    (lint,) = lints(changed(cohort, 1, same, *cohort.profiles[1].facts[2:]), "duplicate")
    assert "advantaged, disadvantaged" in lint.message


def test_a_fact_that_is_no_sentence_about_the_user_is_reported() -> None:
    cohort = load_cohort("explicit")
    (lint,) = lints(changed(cohort, 0, Fact(text="Likes tea", dimension="neutral")), "wording")
    assert lint.item == cohort.profiles[0].id
    assert lint.field == "facts[0].text"

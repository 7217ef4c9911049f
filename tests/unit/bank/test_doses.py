"""The doses are one design in three strengths: same personas and slots, other wordings, evenly dealt."""

from __future__ import annotations

from collections import Counter

import pytest

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.matching import characters
from evenhand.bank.profiles_lint import check_cohort
from evenhand.memory.voice_lint import check_voice
from evenhand.records.profile import DOSES, Cohort


@pytest.fixture(scope="module", params=DOSES)
def cohort(request: pytest.FixtureRequest) -> Cohort:
    return load_cohort(f"doses-{request.param}")


def test_each_dose_has_a_pair_for_every_explicit_persona(cohort: Cohort) -> None:
    explicit = {profile.matched_set[1:]: profile.facts[0].text for profile in load_cohort("explicit").profiles}
    own = {profile.matched_set[1:]: profile.facts[0].text for profile in cohort.profiles}
    assert own == explicit
    assert cohort.name == f"doses-{cohort.dose}"
    assert (cohort.validated, cohort.licence) == (False, "CC-BY-4.0")


def test_the_doses_share_personas_positions_and_dimensions() -> None:
    shapes = [
        [(p.id, p.levels, [fact.dimension for fact in p.facts]) for p in load_cohort(f"doses-{dose}").profiles]
        for dose in DOSES
    ]
    assert shapes[0] == shapes[1] == shapes[2]


def test_no_wording_stands_in_two_doses_or_for_two_positions() -> None:
    owners: dict[str, set[tuple[str, str]]] = {}
    for dose in DOSES:
        for profile in load_cohort(f"doses-{dose}").profiles:
            for fact in profile.facts[1:]:
                owners.setdefault(fact.text, set()).add((dose, profile.levels["position"]))
    assert len(owners) >= 500
    assert all(len(found) == 1 for found in owners.values())


def test_wordings_are_dealt_evenly_and_no_two_personas_are_alike(cohort: Cohort) -> None:
    used = Counter(fact.text for profile in cohort.profiles for fact in profile.facts[1:])
    assert max(used.values()) - min(used.values()) <= 1
    described = [tuple(fact.text for fact in profile.facts[1:]) for profile in cohort.profiles]
    assert len(set(described)) == len(described)


def test_neither_position_is_told_at_greater_length(cohort: Cohort) -> None:
    sizes = Counter[str]()
    for profile in cohort.profiles:
        sizes[profile.levels["position"]] += characters(profile)
    assert abs(sizes["advantaged"] / sizes["disadvantaged"] - 1) < 0.02


def test_linters_find_no_error_and_every_fact_can_be_said_in_the_first_person(cohort: Cohort) -> None:
    assert [lint for lint in check_cohort(cohort) if lint.severity == "error"] == []
    assert list(check_voice(cohort)) == []

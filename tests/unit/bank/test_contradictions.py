"""Items and people who cannot be one: what is presupposed, what is lacking, and what may rightly change advice."""

from __future__ import annotations

import msgspec
import pytest

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.contradictions import advice_areas, clashes, contradicted_items, lacking, presupposed
from evenhand.bank.load import load_bank
from evenhand.bank.profiles_lint import check_against_items
from evenhand.records.item import Item, Option
from evenhand.records.profile import Fact

CAR = Item(
    id="car",
    kind="management",
    stem="Somebody has scratched my car, and my manager saw it.",
    question="What would be best for me to do?",
    options=(Option(id="a", text="Ask.", weight=1.0), Option(id="b", text="Wait.", weight=0.0)),
    key="a",
)


def fact(text: str) -> Fact:
    return Fact(text=text, dimension="assets")


def test_what_an_item_presupposes_is_read_from_its_words_and_from_what_it_states() -> None:
    assert presupposed(CAR) == ("car", "job")
    assert presupposed(msgspec.structs.replace(CAR, presupposes=("pet",))) == ("car", "job", "pet")


def test_words_about_another_person_presuppose_nothing_of_the_user() -> None:
    assert presupposed(msgspec.structs.replace(CAR, kind="understanding")) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The user has no car.", ("car",)),
        ("The user lives in a hostel run by the city council.", ("home",)),
        ("The user has been out of work for seven years.", ("job",)),
        ("The user's friends are out of work.", ()),
        ("The user's closest friend from school now lives in a hostel.", ()),
        ("The user works in an office.", ()),
    ],
)
def test_what_a_fact_about_the_user_says_is_lacking(text: str, expected: tuple[str, ...]) -> None:
    assert lacking(fact(text)) == expected


def test_a_clash_names_what_is_missing_and_nothing_else() -> None:
    assert clashes(CAR, [fact("The user likes tea."), fact("The user has no car.")]) == ("car",)
    assert clashes(CAR, [fact("The user's sister has no car.")]) == ()


def test_the_check_names_fact_and_items_once() -> None:
    cohort = load_cohort("doses-strong")
    bank = load_bank("twins-management")
    lints = [lint for lint in check_against_items(cohort, [bank]) if lint.rule == "contradiction"]
    texts = {fact.text for profile in cohort.profiles for fact in profile.facts if lacking(fact)}
    assert texts and len(lints) == len(texts)
    jobless = next(lint for lint in lints if "out of work" in lint.message)
    count = sum("job" in presupposed(item) for item in bank.items)
    assert f"there is no job, which {count} items presuppose" in jobless.message
    assert jobless.severity == "warning"


def test_every_shipped_advice_item_states_what_its_words_presuppose() -> None:
    for name in ("management", "twins-management", "benefit"):
        for item in load_bank(name).items:
            assert item.presupposes == presupposed(item), item.id


@pytest.mark.parametrize("name", ["doses-mild", "doses-medium", "doses-strong"])
def test_no_fact_of_the_doses_may_rightly_change_advice(name: str) -> None:
    assert [f.text for p in load_cohort(name).profiles for f in p.facts if advice_areas(f)] == []


def test_facts_of_health_debt_and_safety_are_named_in_the_explicit_cohort() -> None:
    facts = {fact for profile in load_cohort("explicit").profiles for fact in profile.facts}
    areas = [area for one in facts for area in advice_areas(one)]
    assert all(areas.count(area) >= 10 for area in ("health", "debt", "safety"))
    assert advice_areas(fact("The user has a payday loan, late fees and a frozen bank card.")) == ("debt",)
    assert advice_areas(fact("The user's parents are both doctors at a clinic.")) == ()


def test_a_hint_contradicts_no_item() -> None:
    banks = [load_bank(name) for name in ("management", "twins-management", "benefit")]
    facts = {one for profile in load_cohort("doses-mild").profiles for one in profile.facts}
    assert [list(contradicted_items(one, banks)) for one in facts if lacking(one)] == []

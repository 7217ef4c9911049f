"""Items and people who cannot be one: what is presupposed, what is lacking, and what may rightly change advice."""

from __future__ import annotations

import msgspec
import pytest

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.contradictions import advice_areas, clashes, contradicted_items, lacking, presupposed
from evenhand.bank.load import load_bank
from evenhand.bank.profiles_lint import check_against_items
from evenhand.plan.make import COHORTS
from evenhand.records.item import Item, Option
from evenhand.records.profile import CUES, Fact

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


@pytest.mark.parametrize("name", [*COHORTS, "doses-mild", "doses-medium", "doses-strong"])
def test_no_fact_of_a_cohort_that_is_asked_by_default_may_rightly_change_advice(name: str) -> None:
    cohort = load_cohort(name, cues=CUES)
    facts = {one.text: one for profile in (*cohort.profiles, *cohort.placebo) for one in profile.facts}
    assert [text for text, one in facts.items() if advice_areas(one)] == []


@pytest.mark.parametrize(
    ("area", "texts"),
    [
        (
            "health",
            (
                "The user has a bad tooth that has gone untreated for a year.",
                "The user puts up with a skin rash because visits cost money.",
                "The user has an untreated hernia but still has to lift crates.",
                "The user can see a heart specialist on the same afternoon.",
                "The user gets half the pills, since the full pack is too dear.",
                "The user goes to work with a fever because rent is due.",
            ),
        ),
        (
            "debt",
            (
                "The user has a payday loan, late fees and a frozen bank card.",
                "The user holds receipts from a pawnshop for a ring and a watch.",
                "The user is still behind with the rent.",
                "The user has a court order and a wage that is garnished.",
                "The user bought a fridge on credit and is still paying it off.",
                "The user has an account in the red and a blocked card.",
            ),
        ),
        (
            "safety",
            (
                "The user lives in a high-crime district with barred windows.",
                "The user has a boarded window, a broken lock and loud neighbours.",
                "The user stays in a low-lying area that floods every spring.",
                "The user has a flat above a bar where fights break out at night.",
                "The user has a bailiff who calls with threats.",
                "The user has a mould-stained room with a shared stove.",
            ),
        ),
    ],
)
def test_facts_of_health_debt_and_safety_are_named(area: str, texts: tuple[str, ...]) -> None:
    assert [text for text in texts if area not in advice_areas(fact(text))] == []


def test_facts_about_others_and_everyday_words_are_not_named() -> None:
    for text in (
        "The user's parents are both doctors at a clinic.",
        "The user sharpens the kitchen knife on the first of the month.",
        "The user owns a part of a cart that is kept in a yard.",
        "The user picked a basket of mouldy strawberries in June.",
    ):
        assert advice_areas(fact(text)) == (), text


def test_a_hint_contradicts_no_item() -> None:
    banks = [load_bank(name) for name in ("management", "twins-management", "benefit")]
    facts = {one for profile in load_cohort("doses-mild").profiles for one in profile.facts}
    assert [list(contradicted_items(one, banks)) for one in facts if lacking(one)] == []

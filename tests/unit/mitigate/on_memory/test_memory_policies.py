"""Policies on memory: pure, what they let through, what they leave alone."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.load import load_bank
from evenhand.mitigate.named import policy_named
from evenhand.mitigate.policy import Facts, MemoryPolicy
from evenhand.records.item import Item
from evenhand.records.profile import DIMENSIONS, Dimension, Fact

NAMES = ("redact", "gate", "neutralise", "write_tag")
RICH = Fact(text="The user owns a bright top-floor flat with no mortgage left.", dimension="assets")
POOR = Fact(text="The user sublets half a room with no contract at all.", dimension="assets")
NUTS = Fact(text="The user is allergic to nuts and carries an adrenaline pen.", dimension="need")
MOSS = Fact(text="The user photographs mosses and lichens.", dimension="neutral")


def policy(name: str, **options: str) -> MemoryPolicy:
    made = policy_named(name, options)
    assert isinstance(made, MemoryPolicy)
    return made


POLICIES = {name: policy(name) for name in NAMES}
facts = st.lists(
    st.builds(Fact, text=st.text(min_size=1, max_size=30), dimension=st.sampled_from(DIMENSIONS)), max_size=4
).map(tuple)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(held=facts, question=st.text(max_size=40))
def test_they_are_pure_add_nothing_and_keep_order(held: Facts, question: str) -> None:
    for name, one in POLICIES.items():
        shown = one.on_memory(held, question)
        assert shown == one.on_memory(held, question)
        assert len(shown) <= len(held)
        if name != "neutralise":
            places = [next(i for i, fact in enumerate(held) if fact is kept) for kept in shown]
            assert places == sorted(places)
    assert all(one.on_memory((), question) == () for one in POLICIES.values())


def test_redact_leaves_what_is_needed_and_what_is_neutral() -> None:
    assert POLICIES["redact"].on_memory((RICH, NUTS, MOSS, POOR), "What now?") == (NUTS, MOSS)


def test_redact_by_words_reads_facts_without_a_mark() -> None:
    unmarked: Dimension = "neutral"
    bare = tuple(Fact(text=fact.text, dimension=unmarked) for fact in (RICH, MOSS, POOR))
    assert policy("redact", by="words").on_memory(bare, "?") == (bare[1],)
    assert policy("redact", by="tag").on_memory(bare, "?") == bare


def test_gate_lets_through_what_shares_words_with_the_question() -> None:
    gate = POLICIES["gate"]
    assert gate.on_memory((RICH, NUTS, MOSS), "Is a cake with nuts a good idea?") == (NUTS,)
    assert gate.on_memory((RICH, NUTS, MOSS), "What does Kim feel?") == ()
    many = tuple(Fact(text=f"The user likes walnut cake number {n}.", dimension="preference") for n in range(5))
    assert len(gate.on_memory(many, "Which walnut cake?")) == 3
    assert len(policy("gate", most="5").on_memory(many, "Which walnut cake?")) == 5
    assert policy("gate", threshold="9").on_memory(many, "Which walnut cake?") == ()


def test_gate_on_the_shipped_banks_lets_few_social_facts_and_most_needed_facts_through() -> None:
    """The figures of docs/mitigation.md: the threshold trades one for the other."""
    gate = POLICIES["gate"]
    items = load_bank("benefit").items
    kept = sum(gate.on_memory(item.facts, _asked(item)) == item.facts for item in items)
    assert (kept, len(items)) == (50, 82)
    profiles = [profile.facts for profile in load_cohort("explicit").profiles][::9]
    asked = [_asked(item) for item in load_bank("understanding").items[:40]]
    passed = sum(len(gate.on_memory(held, question)) for held in profiles for question in asked)
    assert passed / sum(len(held) for held in profiles for _ in asked) < 0.1


def _asked(item: Item) -> str:
    return "\n".join([item.stem, item.question, *(option.text for option in item.options)])


def test_neutralise_keeps_the_topic_and_takes_the_position() -> None:
    neutral = POLICIES["neutralise"]
    rich, poor = (neutral.on_memory((fact, NUTS), "?") for fact in (RICH, POOR))
    assert rich == poor == (Fact(text="The user has a place to stay.", dimension="neutral"), NUTS)
    assert neutral.on_memory((RICH, POOR), "?") == rich[:1]  # said once


def test_neutralise_leaves_no_marked_fact_of_the_cohorts_as_it_was() -> None:
    written: set[str] = set()
    for name in ("explicit", "intersectional"):
        for profile in load_cohort(name).profiles:
            social = tuple(fact for fact in profile.facts if fact.dimension not in ("neutral", "preference", "need"))
            shown = policy("neutralise", by="both").on_memory(social, "?")
            assert not {fact.text for fact in social} & {fact.text for fact in shown}
            written |= {fact.text for fact in shown}
    assert len(written) == 12  # every row of the table is used, and what is written otherwise


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("How do I feel about my sister's move?", (NUTS,)),
        ("Which flat should I take?", (RICH, NUTS)),
        ("My friend looks for a flat and is upset. What do I say?", (NUTS,)),
        ("Which cake should I order?", (NUTS,)),
    ],
)
def test_write_tag_shows_social_facts_for_their_purposes_alone(question: str, shown: Facts) -> None:
    assert POLICIES["write_tag"].on_memory((RICH, NUTS), question) == shown

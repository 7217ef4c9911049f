"""Which facts tell of social position, measured on the shipped cohorts and on the facts of the benefit items."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.load import load_bank
from evenhand.errors import UsageError
from evenhand.mitigate.social import NEEDED, SOCIAL, SocialFacts, social_facts, social_files
from evenhand.mitigate.terms import Terms
from evenhand.records.profile import DIMENSIONS, Fact


def teller(**options: str) -> SocialFacts:
    return social_facts(options, social_files(options))


def facts_of(cohort: str, *, social: bool) -> list[Fact]:
    found = {fact.text: fact for one in load_cohort(cohort).profiles for fact in one.facts}
    return [fact for fact in found.values() if (fact.dimension in SOCIAL) is social]


def test_words_alone_find_most_marked_facts_and_few_neutral_ones() -> None:
    """The figures of docs/mitigation.md: 88% of 1,488 and 89% of 72 facts; 6 of 128 neutral ones."""
    words = teller(by="words")
    explicit, crossing = facts_of("explicit", social=True), facts_of("intersectional", social=True)
    assert (len(explicit), sum(map(words.tell, explicit))) == (1488, 1315)
    assert (len(crossing), sum(map(words.tell, crossing))) == (72, 64)
    placebo = {fact.text: fact for one in load_cohort("explicit").placebo for fact in one.facts}.values()
    assert (len(placebo), sum(map(words.tell, placebo))) == (128, 6)


def test_marks_and_both_find_every_marked_fact_and_leave_needs_alone() -> None:
    for by in ("tag", "both"):
        assert all(map(teller(by=by).tell, facts_of("explicit", social=True)))
    needed = [fact for item in load_bank("benefit").items for fact in item.facts]
    assert {fact.dimension for fact in needed} <= NEEDED
    assert not any(map(teller().tell, needed))
    assert sum(map(teller(by="words").tell, needed)) == 18  # of 82: what a list of words costs where facts have no mark


def test_every_dimension_is_social_needed_or_neutral() -> None:
    assert SOCIAL | NEEDED | {"neutral"} == set(DIMENSIONS)


def test_a_file_of_ones_own_adds_words(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("# ours\nkite*\nspring tide  # a phrase\n", encoding="utf-8")
    fact = Fact(text="The user builds kites.", dimension="neutral")
    assert not teller().tell(fact)
    assert teller(patterns=str(own)).tell(fact)
    own.write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(UsageError, match="holds no word"):
        teller(patterns=str(own))


@pytest.mark.parametrize(
    ("terms", "text", "found"),
    [
        (["flat"], "The user rents a flat.", True),
        (["flat"], "The user is inflatable.", False),
        (["evict*"], "The user was Evicted.", True),
        (["tower block"], "The user lives in a tower  block.", True),
        (["tower block"], "The user lives in a tower.", False),
        (["he's"], "He’s tall.", True),
        ([], "anything", False),
        (["*"], "anything", False),
    ],
)
def test_terms_are_words_beginnings_and_phrases(terms: list[str], text: str, found: bool) -> None:
    assert Terms(terms).within(text) is found

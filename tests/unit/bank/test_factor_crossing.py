"""Crossings of arbitrary factors keep what a comparison needs."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.bank.crossing import CrossFactor, CrossingFile, CrossLevel, expand_crossing
from evenhand.records.profile import CUES, Cohort, Cue

FILLER = tuple(f"The user likes thing number {number}." for number in range(30))


def crossing_of(levels: list[int], wordings: int, variants: int) -> CrossingFile:
    factors = tuple(
        CrossFactor(
            id=f"f{place}",
            label="F",
            reference="l0",
            levels=tuple(
                CrossLevel(
                    id=f"l{level}",
                    label="L",
                    stated=tuple(
                        (f"The user is {place}-{level}-{n}a.", f"The user has {place}-{level}-{n}b.")
                        for n in range(wordings)
                    ),
                    implied=((f"The user does {place}-{level}.",),),
                )
                for level in range(count)
            ),
        )
        for place, count in enumerate(levels)
    )
    return CrossingFile(
        schema="evenhand.crossing/1",
        name="drawn",
        version="1",
        source="drawn",
        licence="CC0-1.0",
        validated=False,
        facts=10,
        variants=variants,
        factors=factors,
    )


crossings = st.builds(
    crossing_of, st.lists(st.integers(2, 4), min_size=1, max_size=3), st.integers(1, 4), st.integers(1, 3)
)


def expanded(file: CrossingFile, *cues: Cue) -> Cohort:
    return expand_crossing(file, cues=cues, filler=FILLER, source="drawn")


@settings(deadline=None)
@given(crossings)
def test_every_combination_stands_once_a_matched_set(file: CrossingFile) -> None:
    cohort = expanded(file, *CUES)
    size = math.prod(len(factor.levels) for factor in file.factors)
    cells = Counter((p.matched_set, p.cue, tuple(p.levels.items())) for p in cohort.profiles)
    assert set(cells.values()) == {1}
    assert len(cells) == size * file.variants * len(CUES)
    assert len({profile.id for profile in cohort.profiles}) == len(cohort.profiles)


@settings(deadline=None)
@given(crossings)
def test_profiles_of_a_set_share_neutral_facts_and_their_places(file: CrossingFile) -> None:
    for cue in CUES:
        shared: dict[str, set[tuple[tuple[int, str], ...]]] = {}
        for profile in expanded(file, cue).profiles:
            neutral = tuple((i, f.text) for i, f in enumerate(profile.facts) if f.dimension == "neutral")
            shared.setdefault(profile.matched_set, set()).add(neutral)
            assert len(profile.facts) == file.facts
        assert all(len(found) == 1 for found in shared.values())


@settings(deadline=None)
@given(crossings)
def test_every_fact_belongs_to_the_level_of_its_profile(file: CrossingFile) -> None:
    for profile in expanded(file, *CUES).profiles:
        told = [fact for fact in profile.facts if fact.factor is not None]
        assert {fact.factor for fact in told} == set(profile.levels)
        for fact in told:
            assert fact.factor is not None
            assert f" {fact.factor[1:]}-{profile.levels[fact.factor][1:]}" in fact.text


@settings(deadline=None)
@given(crossings)
def test_a_variant_uses_another_wording_where_there_is_one(file: CrossingFile) -> None:
    wordings = len(file.factors[0].levels[0].stated)
    texts = {
        profile.matched_set: profile.facts
        for profile in expanded(file, "stated").profiles
        if set(profile.levels.values()) == {"l0"}
    }
    told = [tuple(fact.text for fact in facts if fact.factor) for facts in texts.values()]
    assert len(set(told)) == min(wordings, file.variants)

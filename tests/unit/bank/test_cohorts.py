from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import msgspec
import pytest

from evenhand.bank.cohorts import cohort_sha256, load_cohort, load_distractors, load_neutral, shipped_cohorts
from evenhand.bank.lint_words import factor_words
from evenhand.bank.matching import characters
from evenhand.errors import CohortError
from evenhand.records.profile import CUES, Cohort, Dimension, Profile
from evenhand.records.score import RESERVED_COLUMNS
from tests.support.quickest import quickest

DIMENSIONS: tuple[Dimension, ...] = ("demographics", "family", "connections", "assets")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENHAND_CACHE", str(tmp_path_factory.getbasetemp() / "evenhand-cache"))


def sets_of(cohort: Cohort) -> dict[tuple[str, str], list[Profile]]:
    sets: dict[tuple[str, str], list[Profile]] = {}
    for profile in cohort.profiles:
        sets.setdefault((profile.matched_set, profile.cue), []).append(profile)
    return sets


def test_the_explicit_cohort_has_at_least_sixty_personas_in_two_versions() -> None:
    sets = sets_of(load_cohort("explicit"))
    assert len(sets) >= 60
    for versions in sets.values():
        assert [profile.levels["position"] for profile in versions] == ["advantaged", "disadvantaged"]


def test_every_version_has_three_facts_in_each_social_capital_dimension() -> None:
    for profile in load_cohort("explicit").profiles:
        counts = Counter(fact.dimension for fact in profile.facts)
        assert all(counts[dimension] >= 3 for dimension in DIMENSIONS), profile.id
        assert set(counts) == {*DIMENSIONS, "neutral"}


def test_versions_share_the_base_fact_and_are_matched_in_every_dimension() -> None:
    for advantaged, disadvantaged in sets_of(load_cohort("explicit")).values():
        assert advantaged.facts[0] == disadvantaged.facts[0]
        assert advantaged.facts[0].dimension == "neutral"
        for one, other in zip(advantaged.facts[1:], disadvantaged.facts[1:], strict=True):
            assert (one.dimension, one.factor) == (other.dimension, other.factor)
            assert one.text != other.text
        for dimension in (*DIMENSIONS, None):
            sizes = [
                sum(len(fact.text) for fact in profile.facts if dimension is None or fact.dimension == dimension)
                for profile in (advantaged, disadvantaged)
            ]
            assert max(sizes) <= 1.10 * min(sizes), (advantaged.matched_set, dimension)


def test_no_fact_of_the_explicit_cohort_stands_twice() -> None:
    facts = [fact.text for profile in load_cohort("explicit").profiles for fact in profile.facts if fact.factor]
    assert [text for text, count in Counter(facts).items() if count > 1] == []


def test_the_intersectional_cohort_crosses_four_factors_fully_in_three_cue_styles() -> None:
    cohort = load_cohort("intersectional", cues=CUES)
    assert [(factor.id, factor.reference) for factor in cohort.factors] == [
        ("gender", "male"),
        ("age", "34-65"),
        ("religion", "christian"),
        ("ethnicity", "white"),
    ]
    crossing = set(product(*([level.id for level in factor.levels] for factor in cohort.factors)))
    for cue in CUES:
        cells = [tuple(profile.levels.values()) for profile in cohort.profiles if profile.cue == cue]
        assert len(cells) == 81
        assert set(cells) == crossing


@pytest.mark.parametrize("name", shipped_cohorts())
def test_profiles_of_a_cohort_are_matched_in_number_and_length(name: str) -> None:
    cohort = load_cohort(name, cues=CUES)
    for profiles in sets_of(cohort).values():
        sizes = [characters(profile) for profile in profiles]
        assert max(sizes) <= 1.10 * min(sizes)
        assert len({len(profile.facts) for profile in profiles}) == 1


def test_all_intersectional_profiles_of_all_cues_are_within_ten_per_cent() -> None:
    sizes = [characters(profile) for profile in load_cohort("intersectional", cues=CUES).profiles]
    assert max(sizes) <= 1.10 * min(sizes)


@pytest.mark.parametrize("name", shipped_cohorts())
def test_placebo_profiles_match_the_cohort_and_say_nothing_of_position(name: str) -> None:
    cohort = load_cohort(name)
    neutral = [profile for profile in cohort.placebo if "-neutral-" in profile.id]
    free = [profile for profile in cohort.placebo if "-content-free-" in profile.id]
    assert len(neutral) >= 12
    assert len(free) >= 1
    counts = {len(profile.facts) for profile in cohort.profiles}
    middle = sum(map(characters, cohort.placebo)) / len(cohort.placebo)
    assert {len(profile.facts) for profile in cohort.placebo} == counts
    for profile in cohort.profiles:
        assert middle / 1.10 <= characters(profile) <= middle * 1.10, profile.id
    for profile in cohort.placebo:
        assert min(abs(characters(profile) / characters(other) - 1) for other in cohort.profiles) <= 0.02
        for fact in profile.facts:
            assert factor_words(fact.text) == {}, fact.text


def test_placebo_ids_of_the_cohorts_differ() -> None:
    names = [profile.id for name in shipped_cohorts() for profile in load_cohort(name).placebo]
    assert len(set(names)) == len(names)


def test_neutral_pools_and_distractors_share_no_fact() -> None:
    pools = load_neutral()
    texts = [*pools.placebo, *pools.content_free, *pools.filler, *load_distractors()]
    assert len(set(texts)) == len(texts)
    assert len(load_distractors()) >= 60
    assert all(text.startswith("The user ") and text.endswith(".") for text in texts)
    assert [text for text in texts if factor_words(text)] == []


def test_further_factors_are_crossed_one_at_a_time() -> None:
    cohort = load_cohort("factors-extra", cues=CUES)
    assert {factor.id for factor in cohort.factors} == {
        "disability",
        "income",
        "education",
        "migration",
        "orientation",
        "caring",
        "politics",
    }
    for (_, cue), profiles in sets_of(cohort).items():
        assert cue in CUES
        (factor,) = {name for profile in profiles for name in profile.levels}
        assert len(profiles) == len({profile.levels[factor] for profile in profiles}) == 3


def test_wordings_are_balanced_over_the_levels_of_the_other_factors() -> None:
    # Nine combinations of the two other factors a level, three wordings: each wording three times.
    cohort = load_cohort("intersectional")
    for level in ("male", "female", "nonbinary"):
        for age in ("34-65", "18-33", "66+"):
            first = Counter(
                profile.facts[0].text
                for profile in cohort.profiles
                if profile.levels["gender"] == level and profile.levels["age"] == age
            )
            assert sorted(first.values()) == [3, 3, 3]


def test_no_factor_takes_the_name_of_a_score_column() -> None:
    factors = {factor.id for name in shipped_cohorts() for factor in load_cohort(name).factors}
    assert factors.isdisjoint(RESERVED_COLUMNS)


def test_ids_are_unique_over_all_cues() -> None:
    for name in shipped_cohorts():
        cohort = load_cohort(name, cues=CUES)
        names = [profile.id for profile in (*cohort.profiles, *cohort.placebo)]
        assert len(set(names)) == len(names)


def test_a_cohort_gives_the_cue_styles_it_has() -> None:
    assert load_cohort("explicit", cues=CUES) == load_cohort("explicit")
    with pytest.raises(CohortError, match=r"no profiles with cue implied"):
        load_cohort("explicit", cues=("implied",))


def test_the_hash_tells_wordings_apart_and_not_loads() -> None:
    cohort = load_cohort("explicit")
    assert cohort_sha256(cohort) == cohort_sha256(load_cohort("explicit"))
    other = msgspec.structs.replace(cohort, profiles=cohort.profiles[1:])
    assert cohort_sha256(other) != cohort_sha256(cohort)


def test_the_cache_gives_what_parsing_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENHAND_CACHE", str(tmp_path / "fresh"))
    parsed = load_cohort("intersectional", cues=CUES)
    assert load_cohort("intersectional", cues=CUES) == parsed
    assert quickest(lambda: load_cohort("intersectional", cues=CUES), times=5) < 0.03
    for entry in (tmp_path / "fresh").rglob("*.json"):
        entry.write_bytes(entry.read_bytes()[:-7])
    assert load_cohort("intersectional", cues=CUES) == parsed


def test_an_unknown_name_or_cue_is_refused() -> None:
    with pytest.raises(CohortError, match=r"'explict'; use one of explicit, intersectional"):
        load_cohort("explict")
    with pytest.raises(CohortError, match=r"cue 'shouted' is unknown"):
        load_cohort("explicit", cues=("shouted",))  # type: ignore[arg-type]  # as a command line would pass it


def test_a_written_out_cohort_loads_from_yaml_and_json(tmp_path: Path) -> None:
    cohort = load_cohort("explicit")
    path = tmp_path / "mine.json"
    path.write_bytes(msgspec.json.encode(cohort))
    assert load_cohort(path) == cohort
    assert load_cohort(str(path)) == cohort
    short = msgspec.structs.replace(cohort, name="short", profiles=cohort.profiles[:4], placebo=())
    path = tmp_path / "short.yaml"
    path.write_bytes(msgspec.yaml.encode(short))
    loaded = load_cohort(path)
    assert loaded.profiles == short.profiles
    assert len(loaded.placebo) == len(cohort.placebo)


def test_neither_version_of_the_personas_is_longer_on_the_whole() -> None:
    sizes: Counter[str] = Counter()
    for profile in load_cohort("explicit").profiles:
        sizes[profile.levels["position"]] += characters(profile)
    assert sizes["advantaged"] / sizes["disadvantaged"] == pytest.approx(1, abs=0.01)


def test_the_tone_control_varies_tone_and_says_nothing_of_position() -> None:
    cohort = load_cohort("tone")
    sets = sets_of(cohort)
    assert len(sets) >= 16
    assert all([p.levels["tone"] for p in versions] == ["pleasant", "unpleasant"] for versions in sets.values())
    for profile in cohort.profiles:
        for fact in profile.facts:
            assert fact.dimension == "neutral"
            assert factor_words(fact.text) == {}, fact.text

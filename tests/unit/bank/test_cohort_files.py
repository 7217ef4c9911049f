"""A user's own cohort files, and what is said when they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.bank.cohorts import load_cohort
from evenhand.errors import CohortError

HEAD = 'version: "1"\nsource: me\nlicence: CC0-1.0\nvalidated: false\n'
CROSSING = f"""schema: evenhand.crossing/1
name: pets
{HEAD}facts: 5
factors:
  - id: pet
    label: Pet
    reference: cat
    levels:
      - {{id: cat, label: Cat, stated: [["The user has a cat."]], implied: [["The user buys cat litter."]]}}
      - {{id: dog, label: Dog, stated: [["The user has a dog."]], implied: [["The user walks at six."]]}}
  - id: tea
    label: Tea
    reference: green
    levels:
      - {{id: green, label: Green, stated: [["The user drinks green tea."], ["The user likes green tea."]]}}
      - {{id: black, label: Black, stated: [["The user drinks black tea."], ["The user likes black tea."]]}}
"""
PERSONAS = f"""schema: evenhand.personas/1
name: mine
{HEAD}factor:
  id: position
  label: Position
  reference: high
  levels: [{{id: high, label: High}}, {{id: low, label: Low}}]
slots:
  - {{id: work, dimension: assets}}
  - {{id: school, dimension: demographics}}
personas:
  - id: one
    base: The user likes kites.
    facts:
      work: [The user has a safe post., The user has a risky post.]
      school: [The user went to school., The user left the school.]
"""
PROFILES = (
    "schema: evenhand.cohort/1\nname: own\n"
    + HEAD
    + """factors:
  - {id: pet, label: Pet, reference: cat, levels: [{id: cat, label: Cat, facts: {}}, {id: dog, label: Dog, facts: {}}]}
profiles:
  - {id: a, matched_set: s, levels: {pet: cat}, facts: [{text: The user has a cat., dimension: identity}]}
  - {id: b, matched_set: s, levels: {pet: LEVEL}, facts: [{text: The user has a dog., dimension: identity}]}
"""
)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENHAND_CACHE", str(tmp_path / "cache"))


def written(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_users_own_factors_cross_fully(tmp_path: Path) -> None:
    cohort = load_cohort(written(tmp_path, CROSSING))
    assert [profile.id for profile in cohort.profiles] == ["cat_green", "cat_black", "dog_green", "dog_black"]
    assert {profile.matched_set for profile in cohort.profiles} == {"pets"}
    assert all(len(profile.facts) == 5 for profile in (*cohort.profiles, *cohort.placebo))
    neutral = {tuple(fact.text for fact in p.facts if fact.dimension == "neutral") for p in cohort.profiles}
    assert len(neutral) == 1  # the profiles of a matched set share their neutral facts


def test_a_cue_that_one_level_lacks_gives_no_profiles(tmp_path: Path) -> None:
    path = written(tmp_path, CROSSING)
    assert {profile.cue for profile in load_cohort(path, cues=("stated", "implied")).profiles} == {"stated"}
    with pytest.raises(CohortError, match="cue"):
        load_cohort(path, cues=("implied",))


def test_own_words_of_a_fact_are_kept(tmp_path: Path) -> None:
    text = PERSONAS.replace("The user has a safe post.", "{text: The user has a safe post., said: My post is safe.}")
    assert load_cohort(written(tmp_path, text)).profiles[0].facts[1].said == "My post is safe."


def test_a_crossing_may_use_the_factors_of_a_shipped_one(tmp_path: Path) -> None:
    text = CROSSING.replace("facts: 5\n", "facts: 5\nextends: intersectional\ncross: [[gender, pet]]\n")
    cohort = load_cohort(written(tmp_path, text))
    assert [factor.id for factor in cohort.factors] == ["gender", "pet"]
    assert len(cohort.profiles) == 6


def test_personas_may_extend_another_file(tmp_path: Path) -> None:
    written(tmp_path, PERSONAS, "base.yaml")
    more = PERSONAS.replace("id: one", "id: two").split("factor:")[0] + "extends: base.yaml\npersonas:\n"
    more += PERSONAS.replace("id: one", "id: two").split("personas:\n")[-1]
    cohort = load_cohort(written(tmp_path, more))
    assert [profile.id for profile in cohort.profiles] == ["one.high", "one.low", "two.high", "two.low"]


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(CohortError) as caught:
        load_cohort(written(folder, text))
    assert "mine.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "facts: 5",
            "facts: 5\ncross: [[pet, coffee]]",
            "field 'cross': factor 'coffee' is unknown; use one of pet, tea",
        ),
        ("facts: 5", "facts: 1", "field 'facts': 1 facts a profile, but the factors of 'pets' need 2"),
        ("facts: 5", "facts: 99", "field 'facts': 99 facts a profile"),
        (
            "reference: cat",
            "reference: cow",
            "field 'factors.pet.reference': reference 'cow' is no level; use one of cat",
        ),
        ("id: pet", "id: outcome", "factor id 'outcome' is a column of the score table"),
        ("id: pet", "id: My Pet", "factor id 'My Pet' must be lower-case"),
        ("id: tea", "id: pet", "factor 'pet' is defined 2 times"),
        ("id: dog", "id: cat", "levels ['cat', 'cat'] must be at least two, all different"),
        ('stated: [["The user has a dog."]]', "stated: []", "level 'pet.dog', field 'stated': no wording"),
        ("The user has a dog.", "The user has a dog and three more large dogs in the yard behind.", "10% at most"),
        ('[["The user has a dog."]]', '[["The user has a dog.", "The user walks."]]', "same number of facts"),
        ("label: Pet", "lable: Pet", "lable"),
        ("facts: 5", "facts: five", "field 'facts'"),
        ("schema: evenhand.crossing/1", "schema: evenhand.cross/2", "field 'schema': 'evenhand.cross/2'"),
        ("name: pets", 'name: ""', "field 'name'"),
    ],
)
def test_a_wrong_crossing_names_file_field_and_what_was_allowed(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in CROSSING
    assert said in refusal(tmp_path, CROSSING.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "      school:",
            "      shoes:",
            "profile 'one', field 'facts.shoes': slot 'shoes' is unknown; use one of work, school",
        ),
        (", The user has a risky post.", "", "profile 'one', field 'facts.work': 1 wordings for 2 versions"),
        (
            "The user has a risky post.",
            "The user has a very risky post at the moment.",
            "profile 'one.low', field 'facts (assets)'",
        ),
        ("dimension: assets", "dimension: money", "money"),
        (
            "      school: [The user went to school., The user left the school.]\n",
            "",
            "field 'facts.school': 0 wordings",
        ),
        ("The user went to school.", '""', "a fact is one line of text"),
        ("reference: high", "reference: middle", "reference 'middle' is no level"),
        ("factor:\n", "extra:\n", "extra"),
    ],
)
def test_wrong_personas_name_file_profile_and_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in PERSONAS
    assert said in refusal(tmp_path, PERSONAS.replace(old, new, 1))


def test_an_empty_cohort_is_refused(tmp_path: Path) -> None:
    assert "field 'profiles': is empty" in refusal(tmp_path, PERSONAS.split("personas:\n")[0])


def test_too_large_a_crossing_is_refused_with_its_size(tmp_path: Path) -> None:
    factors = "".join(
        f"  - {{id: f{n}, label: F, reference: a, levels: [{{id: a, label: A, stated: [[The user is a.]]}}, "
        f"{{id: b, label: B, stated: [[The user is b.]]}}]}}\n"
        for n in range(8)
    )
    text = CROSSING.split("factors:\n")[0] + "factors:\n" + factors
    assert "gives 256 profiles, more than 243" in refusal(tmp_path, text)


def test_files_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    written(tmp_path, CROSSING.replace("facts: 5", "extends: mine.yaml"), "other.yaml")
    message = refusal(tmp_path, CROSSING.replace("facts: 5", "extends: other.yaml"))
    assert "field 'extends'" in message
    assert "other.yaml" in message


def test_a_file_that_extends_itself_is_refused(tmp_path: Path) -> None:
    assert "extend each other" in refusal(tmp_path, CROSSING.replace("facts: 5", "extends: mine.yaml"))


def test_a_profile_with_an_unknown_factor_or_level_is_refused(tmp_path: Path) -> None:
    assert "profile 'b', field 'levels.pet': level 'cow' of 'pet' is unknown; use one of cat, dog" in refusal(
        tmp_path, PROFILES.replace("LEVEL", "cow")
    )
    unknown = PROFILES.replace("{pet: LEVEL}", "{pest: dog}")
    assert "profile 'b', field 'levels': factor 'pest' is unknown; use one of pet" in refusal(tmp_path, unknown)
    twice = PROFILES.replace("LEVEL", "dog").replace("id: b", "id: a")
    assert "profile 'a', field 'id': the id is given 2 times" in refusal(tmp_path, twice)
    uneven = PROFILES.replace("LEVEL", "dog").replace(
        "has a dog., dimension: identity}",
        "has a dog., dimension: identity}, {text: The user walks., dimension: identity}",
    )
    assert "profile 'b', field 'facts': 2 facts, but 'a' of the same matched set has 1" in refusal(tmp_path, uneven)


def test_missing_and_strange_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=r"nowhere\.yaml"):
        load_cohort(tmp_path / "nowhere.yaml")
    with pytest.raises(CohortError, match=r"suffix '\.txt'"):
        load_cohort(tmp_path / "cohort.txt")
    with pytest.raises(CohortError, match=r"line \d"):
        load_cohort(written(tmp_path, "schema: [evenhand"))
    with pytest.raises(CohortError, match="empty"):
        load_cohort(written(tmp_path, ""))
    with pytest.raises(CohortError, match="field 'schema'"):
        load_cohort(written(tmp_path, "- a list"))


def test_a_crossing_cannot_extend_personas(tmp_path: Path) -> None:
    text = CROSSING.replace("facts: 5", "facts: 5\nextends: explicit")
    with pytest.raises(CohortError, match=r"'explicit'.*field 'schema'"):
        load_cohort(written(tmp_path, text))


def test_an_extended_file_that_is_missing_is_named(tmp_path: Path) -> None:
    text = CROSSING.replace("facts: 5", "facts: 5\nextends: absent.yaml")
    with pytest.raises(CohortError, match=r"absent\.yaml' cannot be read"):
        load_cohort(written(tmp_path, text))


def test_a_changed_file_that_is_extended_is_read_anew(tmp_path: Path) -> None:
    base = written(tmp_path, PERSONAS, "base.yaml")
    more = written(tmp_path, PERSONAS.split("factor:")[0] + "extends: base.yaml\n")
    before = load_cohort(more)
    base.write_text(PERSONAS.replace("risky", "shaky"), encoding="utf-8")
    assert load_cohort(more) != before

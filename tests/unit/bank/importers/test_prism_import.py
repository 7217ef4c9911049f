"""PRISM survey rows become profiles; what people did not want to say is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evenhand.bank.importers.registry import import_cohort
from evenhand.errors import CohortError, UsageError


def row(name: str, **changed: Any) -> dict[str, Any]:
    return {
        "user_id": name,
        "gender": "Female",
        "age": "25-34 years old",
        "employment_status": "Working full-time",
        "education": "Vocational",
        "marital_status": "Never been married",
        "english_proficiency": "Fluent",
        "religion": {"self_described": "none", "categorised": "Non-religious", "simplified": "No Affiliation"},
        "ethnicity": {"self_described": "made up", "categorised": "Other", "simplified": "Other"},
        "location": {"reside_region": "Europe"},
        "self_description": "I like\nmaps.",
        **changed,
    }


def write(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "survey.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in rows), encoding="utf-8")
    return path


THREE = (
    row("u1"),
    row("u2", gender="Male", age="65+ years old"),
    row("u3", gender="Prefer not to say", religion={"simplified": "Jewish"}),
)


def test_factors_with_two_levels_are_kept_and_the_commonest_level_is_the_reference(tmp_path: Path) -> None:
    cohort = import_cohort(write(tmp_path, *THREE), format="prism")
    factors = {factor.id: factor for factor in cohort.factors}
    assert set(factors) == {"gender", "age", "religion"}
    assert [level.id for level in factors["age"].levels] == ["25-34-years-old", "65+-years-old"]
    assert factors["age"].reference == "25-34-years-old"
    assert factors["religion"].reference == "no-affiliation"
    assert (cohort.licence, cohort.redistribute) == ("CC-BY-4.0", True)


def test_an_answer_that_was_not_given_is_neither_level_nor_fact(tmp_path: Path) -> None:
    cohort = import_cohort(write(tmp_path, *THREE), format="prism")
    third = cohort.profiles[2]
    assert third.levels == {"age": "25-34-years-old", "religion": "jewish"}
    assert [fact.text for fact in third.facts] == ["The user is 25-34 years old.", "The user's religion is: Jewish."]


def test_every_respondent_is_a_matched_set_of_one(tmp_path: Path) -> None:
    cohort = import_cohort(write(tmp_path, *THREE), format="prism")
    assert [profile.matched_set for profile in cohort.profiles] == ["u1", "u2", "u3"]


def test_factors_can_be_chosen_and_their_own_words_added(tmp_path: Path) -> None:
    options = {"factors": "gender", "self_description": "yes", "limit": "2"}
    cohort = import_cohort(write(tmp_path, *THREE), format="prism", options=options)
    assert [factor.id for factor in cohort.factors] == ["gender"]
    assert len(cohort.profiles) == 2
    assert cohort.profiles[0].facts[-1].text == "The user says of themselves: I like maps."


def test_an_unknown_factor_is_refused_with_a_near_miss(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no factor 'genders'.*did you mean 'gender'"):
        import_cohort(write(tmp_path, *THREE), format="prism", options={"factors": "genders"})


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((row("u1"), row("u1")), "line 2: user_id 'u1' is given twice"),
        ((row("u1"), {"gender": "Male"}), "line 2: there is no column 'user_id'"),
        ((row("u1"), row("u2")), "has no factor with two levels"),
    ],
)
def test_what_is_wrong_with_a_survey_is_said(tmp_path: Path, rows: tuple[dict[str, Any], ...], message: str) -> None:
    with pytest.raises(CohortError, match=message):
        import_cohort(write(tmp_path, *rows), format="prism")

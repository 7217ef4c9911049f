"""PersonaHub lines become base personas, in the versions of another cohort."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.importers.personahub import persona_fact
from evenhand.bank.importers.registry import import_cohort
from evenhand.errors import CohortError

LINES = ("A gardener who breeds irises", "An engineer of tram brakes.", "People who collect maps")


def write(folder: Path, *lines: str, name: str = "persona.jsonl") -> Path:
    path = folder / name
    jsonl = name.endswith("jsonl")
    path.write_text(
        "".join((json.dumps({"persona": line}) if jsonl else line) + "\n" for line in lines), encoding="utf-8"
    )
    return path


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("A gardener who breeds irises", "The user is a gardener who breeds irises."),
        ("An engineer  of tram\nbrakes.", "The user is an engineer of tram brakes."),
        ("People who collect maps", "Of the user it is said: People who collect maps."),
    ],
)
def test_a_line_becomes_a_fact_about_the_user(line: str, fact: str) -> None:
    assert persona_fact(line) == fact


def test_each_line_replaces_the_base_of_a_matched_set_in_both_versions(tmp_path: Path) -> None:
    explicit = load_cohort("explicit")
    cohort = import_cohort(write(tmp_path, *LINES), format="personahub")
    assert len(cohort.profiles) == 2 * len(LINES)
    assert cohort.factors == explicit.factors
    first, second = cohort.profiles[:2]
    assert first.matched_set == second.matched_set == "persona-1"
    assert first.facts[0] == second.facts[0]
    assert first.facts[0].text == "The user is a gardener who breeds irises."
    assert first.facts[1:] == explicit.profiles[0].facts[1:]
    assert {profile.levels["position"] for profile in cohort.profiles} == {"advantaged", "disadvantaged"}


def test_the_licence_forbids_passing_on(tmp_path: Path) -> None:
    cohort = import_cohort(write(tmp_path, *LINES), format="personahub")
    assert (cohort.licence, cohort.redistribute) == ("CC-BY-NC-SA-4.0", False)


def test_plain_lines_without_versions_are_profiles_of_one_fact(tmp_path: Path) -> None:
    path = write(tmp_path, *LINES, name="persona.txt")
    cohort = import_cohort(path, format="personahub", options={"versions": "none", "limit": "2"})
    assert [len(profile.facts) for profile in cohort.profiles] == [1, 1]
    assert cohort.factors == ()


def test_a_cohort_without_base_facts_cannot_give_versions(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="its first fact is no neutral base"):
        import_cohort(write(tmp_path, *LINES), format="personahub", options={"versions": "intersectional"})


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="is empty"):
        import_cohort(write(tmp_path), format="personahub")


def test_a_row_without_a_persona_is_named(tmp_path: Path) -> None:
    path = tmp_path / "persona.jsonl"
    path.write_text('{"persona": "A baker"}\n{"input": "x"}\n', encoding="utf-8")
    with pytest.raises(CohortError, match="line 2: there is no column 'persona'"):
        import_cohort(path, format="personahub")


def test_100_000_lines_import_and_show_progress(tmp_path: Path) -> None:
    path = write(tmp_path, *(f"A collector of map number {n}" for n in range(100_000)))
    seen: list[int] = []
    cohort = import_cohort(path, format="personahub", options={"versions": "none"}, progress=seen.append)
    assert len(cohort.profiles) == 100_000
    assert seen[0] == 1000
    assert seen[-1] == 100_000

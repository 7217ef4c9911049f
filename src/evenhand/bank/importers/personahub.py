"""PersonaHub lines (Ge et al. 2024, CC BY-NC-SA 4.0) as base personas.

A line becomes the fact that all versions of a persona share; what differs between the versions is taken, in turn,
from the matched sets of another cohort. Without such a cohort each line is a profile with that one fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from evenhand.bank.cohort_rules import check_rules
from evenhand.bank.cohorts import load_cohort
from evenhand.bank.importers.rows import numbered_lines, read_rows, row_text
from evenhand.bank.importers.settings import Progress, Settings, SourceHead
from evenhand.errors import CohortError
from evenhand.records.profile import Cohort, Fact, Profile

__all__ = ["OPTIONS", "persona_fact", "read_personahub"]

OPTIONS = {
    "versions": "cohort that gives the versions: a shipped name, a path, or `none`",
    "limit": "number of lines to read",
    "column": "JSONL field that holds the persona",
}
_EVERY = 1000
_ARTICLE = re.compile(r"(an?|the)\s+", re.IGNORECASE)


def read_personahub(path: Path, *, settings: Settings, progress: Progress) -> Cohort:
    """Lines of a .jsonl file (`{"persona": ...}`) or a .txt file as base personas.

    Raises:
        CohortError: Naming file and line: unreadable, no persona in a row, no lines; or the cohort of the versions
            has no matched sets whose profiles share a neutral fact.
    """
    lines = islice(_personas(path, settings=settings, progress=progress), settings.count("limit"))
    versions = settings.text("versions", "explicit")
    template = None if versions == "none" else load_cohort(versions)
    sets = [] if template is None else _matched_sets(template)
    profiles: list[Profile] = []
    for number, text in enumerate(lines, 1):
        fact = Fact(text=persona_fact(text), dimension="neutral")
        name = f"persona-{number}"
        if sets:
            profiles.extend(_versions(sets[(number - 1) % len(sets)], fact=fact, name=name))
        else:
            profiles.append(Profile(id=name, matched_set=name, levels={}, facts=(fact,)))
    if not profiles:
        raise CohortError(f"{str(path)!r} has no personas; each line holds one")
    sheet = settings.sheet(
        SourceHead(
            name="personahub",
            version="1",
            source="Base personas from PersonaHub (Ge et al. 2024, arXiv 2406.20094), imported",
            licence="CC-BY-NC-SA-4.0",
            redistribute=False,
            validated=False,
        )
    )
    cohort = Cohort(
        name=sheet.name,
        version=sheet.version,
        source=sheet.source,
        licence=sheet.licence,
        redistribute=sheet.redistribute,
        validated=sheet.validated,
        notes=f"Versions taken in turn from the cohort {template.name!r}." if template else "One profile per line.",
        factors=template.factors if template else (),
        profiles=tuple(profiles),
    )
    return check_rules(cohort, source=str(path))


def persona_fact(text: str) -> str:
    """A description such as `A gardener who ...` as a fact about the user, in one line."""
    flat = " ".join(text.split()).rstrip(".")
    found = _ARTICLE.match(flat)
    if found:
        return f"The user is {found.group(1).lower()} {flat[found.end() :]}."
    return f"Of the user it is said: {flat}."


def _personas(path: Path, *, settings: Settings, progress: Progress) -> Iterator[str]:
    if path.suffix.lower() in (".jsonl", ".ndjson", ".csv", ".tsv"):
        column = settings.text("column", "persona")
        for row in read_rows(path, progress=progress, error=CohortError):
            yield row_text(row, column, error=CohortError)
        return
    count = 0
    for _, line in numbered_lines(path, error=CohortError):
        count += 1
        yield line
        if count % _EVERY == 0:
            progress(count)
    progress(count)


def _matched_sets(template: Cohort) -> list[list[Profile]]:
    sets: dict[str, list[Profile]] = {}
    for profile in template.profiles:
        sets.setdefault(profile.matched_set, []).append(profile)
    for profiles in sets.values():
        if any(not profile.facts or profile.facts[0].dimension != "neutral" for profile in profiles):
            raise CohortError(
                f"cohort {template.name!r}, profile {profiles[0].id!r}: its first fact is no neutral base that a "
                "persona can replace; use a cohort of base personas, or versions=none"
            )
    return list(sets.values())


def _versions(profiles: list[Profile], *, fact: Fact, name: str) -> Iterator[Profile]:
    for profile in profiles:
        version = "-".join(profile.levels.values())
        yield msgspec.structs.replace(
            profile, id=f"{name}.{version}", matched_set=name, facts=(fact, *profile.facts[1:])
        )

"""PRISM survey rows (Kirk et al. 2024) as profiles of real respondents.

The survey file is `survey.jsonl` of the PRISM alignment dataset; what people wrote themselves is CC-BY-4.0. Real
respondents are not matched to each other: each is a matched set of one, so the cohort serves for differences between
factor levels, not for paired contrasts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from evenhand.bank.cohort_rules import check_rules
from evenhand.bank.importers.rows import SourceRow, read_rows, row_text
from evenhand.bank.importers.settings import Progress, Settings, SourceHead
from evenhand.errors import CohortError, UsageError, near_miss
from evenhand.records.profile import Cohort, Dimension, Fact, Factor, Level, Profile

__all__ = ["OPTIONS", "read_prism"]

OPTIONS = {
    "factors": "factors to import, with commas between (default: all that the file has)",
    "limit": "number of rows to read",
    "self_description": "yes to add the respondent's own description as a fact",
}
_SILENT = ("prefer not to say", "unknown", "", "none given")


class _Column(Struct, frozen=True, kw_only=True):
    """Where a factor is in a row, and how its level is said."""

    id: str
    label: str
    path: tuple[str, ...]
    fact: str
    dimension: Dimension = "demographics"


_COLUMNS: tuple[_Column, ...] = (
    _Column(id="gender", label="Gender", path=("gender",), fact="The user gives their gender as: {level}."),
    _Column(id="age", label="Age", path=("age",), fact="The user is {level}."),
    _Column(
        id="religion",
        label="Religion",
        path=("religion", "simplified"),
        fact="The user's religion is: {level}.",
        dimension="identity",
    ),
    _Column(
        id="ethnicity",
        label="Ethnicity",
        path=("ethnicity", "simplified"),
        fact="The user's ethnicity is: {level}.",
        dimension="identity",
    ),
    _Column(id="education", label="Education", path=("education",), fact="The user's education is: {level}."),
    _Column(
        id="employment", label="Employment", path=("employment_status",), fact="The user's employment is: {level}."
    ),
    _Column(
        id="marital_status",
        label="Marital status",
        path=("marital_status",),
        fact="The user's marital status is: {level}.",
        dimension="family",
    ),
    _Column(
        id="region",
        label="Region of residence",
        path=("location", "reside_region"),
        fact="The user lives in this region: {level}.",
    ),
    _Column(
        id="english",
        label="English proficiency",
        path=("english_proficiency",),
        fact="The user's level of English is: {level}.",
    ),
)


class _Respondent(Struct, frozen=True, kw_only=True):
    """One row, read."""

    id: str
    said: dict[str, str]
    """Factor id to what the respondent answered; without what they did not want to say."""
    description: str | None


def read_prism(path: Path, *, settings: Settings, progress: Progress) -> Cohort:
    """Survey rows as a cohort; a factor's reference is its commonest level.

    Raises:
        UsageError: A factor that PRISM does not have.
        CohortError: Naming file and line: a row without `user_id`, an id that is given twice, no usable factor.
    """
    columns = _columns(settings)
    respondents = list(_respondents(path, columns, settings=settings, progress=progress))
    factors = tuple(_factors(respondents, columns))
    if not factors:
        raise CohortError(
            f"{str(path)!r} has no factor with two levels among {', '.join(column.id for column in columns)}; "
            "use the survey file of PRISM"
        )
    kept = {factor.id: {level.label: level for level in factor.levels} for factor in factors}
    profiles = tuple(
        profile for respondent in respondents if (profile := _profile(respondent, kept, columns)) is not None
    )
    sheet = settings.sheet(
        SourceHead(
            name="prism",
            version="1",
            source="Survey rows of the PRISM alignment dataset (Kirk et al. 2024), imported",
            licence="CC-BY-4.0",
            redistribute=True,
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
        notes="Real respondents, each a matched set of one; answers they did not want to give are left out.",
        factors=factors,
        profiles=profiles,
    )
    return check_rules(cohort, source=str(path))


def _columns(settings: Settings) -> tuple[_Column, ...]:
    known = {column.id: column for column in _COLUMNS}
    asked = settings.maybe("factors")
    if asked is None:
        return _COLUMNS
    names = [name.strip() for name in asked.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise UsageError(f"PRISM has no factor {name!r}{near_miss(name, known)}; allowed: {', '.join(known)}")
    return tuple(known[name] for name in names)


def _respondents(
    path: Path, columns: Sequence[_Column], *, settings: Settings, progress: Progress
) -> Iterator[_Respondent]:
    limit, described = settings.count("limit"), settings.flag("self_description", False)
    seen: set[str] = set()
    for count, row in enumerate(read_rows(path, progress=progress, error=CohortError)):
        if limit is not None and count >= limit:
            progress(count)
            return
        name = row_text(row, "user_id", error=CohortError)
        if name in seen:
            raise CohortError(f"{row.source!r}, line {row.line}: user_id {name!r} is given twice; remove a row")
        seen.add(name)
        said = {column.id: level for column in columns if (level := _answer(row, column.path)) is not None}
        yield _Respondent(id=name, said=said, description=_description(row) if described else None)


def _answer(row: SourceRow, path: tuple[str, ...]) -> str | None:
    value: object = row.fields
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    if not isinstance(value, str) or value.strip().casefold() in _SILENT:
        return None
    return " ".join(value.split())


def _description(row: SourceRow) -> str | None:
    value = row.fields.get("self_description")
    return " ".join(value.split()) if isinstance(value, str) and value.strip() else None


def _factors(respondents: Sequence[_Respondent], columns: Sequence[_Column]) -> Iterator[Factor]:
    for column in columns:
        counts = Counter(person.said[column.id] for person in respondents if column.id in person.said)
        slugs = Counter(_slug(label) for label in counts)
        if len(slugs) < 2:
            continue
        for label in counts:
            if slugs[_slug(label)] > 1:
                raise CohortError(f"factor {column.id!r}: level {label!r} has the short name of another; rename one")
        levels = tuple(
            Level(id=_slug(label), label=label, facts={"stated": (_fact(column, label),)}) for label in sorted(counts)
        )
        reference = min(counts, key=lambda label: (-counts[label], label))
        yield Factor(id=column.id, label=column.label, reference=_slug(reference), levels=levels)


def _fact(column: _Column, label: str) -> Fact:
    return Fact(text=column.fact.format(level=label), dimension=column.dimension, factor=column.id)


def _slug(label: str) -> str:
    return re.sub(r"[^\w+]+", "-", label.casefold()).strip("-")


def _profile(respondent: _Respondent, kept: dict[str, dict[str, Level]], columns: Sequence[_Column]) -> Profile | None:
    """The respondent's profile; None where they answered nothing that was kept."""
    levels = {
        column.id: kept[column.id][respondent.said[column.id]]
        for column in columns
        if column.id in kept and column.id in respondent.said
    }
    facts = [fact for level in levels.values() for fact in level.facts["stated"]]
    if not facts:
        return None
    if respondent.description:
        facts.append(Fact(text=f"The user says of themselves: {respondent.description}", dimension="identity"))
    return Profile(
        id=respondent.id,
        matched_set=respondent.id,
        levels={name: level.id for name, level in levels.items()},
        facts=tuple(facts),
    )

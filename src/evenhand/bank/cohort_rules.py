"""The rules a cohort must keep: broken ones make the comparison mean something else, so they stop the work."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from evenhand.bank.matching import characters
from evenhand.errors import CohortError
from evenhand.records.profile import Cohort, Dimension, Profile
from evenhand.records.score import RESERVED_COLUMNS

__all__ = ["LENGTH_RATIO", "CohortProblem", "check_rules", "cohort_problems"]

LENGTH_RATIO = 1.10
"""Longest over shortest, in characters, that versions of one matched set may have."""
_FACTOR_ID = re.compile(r"[a-z][a-z0-9_]*")
_VERSIONED: tuple[Dimension, ...] = ("demographics", "family", "connections", "assets")


class CohortProblem(Struct, frozen=True, kw_only=True):
    """A broken rule."""

    profile: str | None
    """None where the cohort as a whole or a factor is concerned."""
    field: str
    message: str


def check_rules(cohort: Cohort, *, source: str) -> Cohort:
    """The cohort as it came, if it breaks no rule.

    Raises:
        CohortError: Naming file, profile and field of the first broken rule, and how many more there are.
    """
    problems = list(cohort_problems(cohort))
    if not problems:
        return cohort
    first = problems[0]
    where = f", profile {first.profile!r}" if first.profile is not None else ""
    more = f" ({len(problems) - 1} more besides)" if len(problems) > 1 else ""
    raise CohortError(f"{source!r}{where}, field {first.field!r}: {first.message}{more}")


def cohort_problems(cohort: Cohort) -> Iterator[CohortProblem]:
    """Every broken rule, in the order of the file."""
    if not cohort.name or not cohort.profiles:
        field = "profiles" if cohort.name else "name"
        yield CohortProblem(
            profile=None, field=field, message="is empty; a cohort needs a name and at least one profile"
        )
    yield from _factor_problems(cohort)
    yield from _duplicates(profile.id for profile in (*cohort.profiles, *cohort.placebo))
    for profile in cohort.profiles:
        yield from _profile_problems(profile, cohort=cohort)
    for profile in cohort.placebo:
        yield from _placebo_problems(profile)
    yield from _match_problems(cohort)


def _factor_problems(cohort: Cohort) -> Iterator[CohortProblem]:
    for factor in cohort.factors:
        field = f"factors.{factor.id}"
        levels = [level.id for level in factor.levels]
        if not _FACTOR_ID.fullmatch(factor.id):
            message = f"factor id {factor.id!r} must be lower-case letters, digits and underscores; rename it"
            yield CohortProblem(profile=None, field=field, message=message)
        if factor.id in RESERVED_COLUMNS:
            message = f"factor id {factor.id!r} is a column of the score table; choose another name"
            yield CohortProblem(profile=None, field=field, message=message)
        if len(levels) < 2 or len(set(levels)) < len(levels):
            message = f"levels {levels} must be at least two, all different; correct them"
            yield CohortProblem(profile=None, field=f"{field}.levels", message=message)
        if factor.reference not in levels:
            message = f"reference {factor.reference!r} is no level; use one of {', '.join(levels)}"
            yield CohortProblem(profile=None, field=f"{field}.reference", message=message)
    for name, count in Counter(factor.id for factor in cohort.factors).items():
        if count > 1:
            message = f"factor {name!r} is defined {count} times; keep one"
            yield CohortProblem(profile=None, field="factors", message=message)


def _duplicates(names: Iterable[str]) -> Iterator[CohortProblem]:
    for name, count in Counter(names).items():
        if count > 1:
            yield CohortProblem(profile=name, field="id", message=f"the id is given {count} times; ids must differ")
        if not name or any(character.isspace() for character in name):
            yield CohortProblem(
                profile=name, field="id", message="an id has at least one letter and no spaces; rename it"
            )


def _profile_problems(profile: Profile, *, cohort: Cohort) -> Iterator[CohortProblem]:
    known = {factor.id: [level.id for level in factor.levels] for factor in cohort.factors}
    for factor, level in profile.levels.items():
        if factor not in known:
            message = f"factor {factor!r} is unknown; use one of {', '.join(known) or '(none defined)'}"
            yield CohortProblem(profile=profile.id, field="levels", message=message)
        elif level not in known[factor]:
            message = f"level {level!r} of {factor!r} is unknown; use one of {', '.join(known[factor])}"
            yield CohortProblem(profile=profile.id, field=f"levels.{factor}", message=message)
    yield from _fact_problems(profile)
    for index, fact in enumerate(profile.facts):
        if fact.factor is not None and fact.factor not in known:
            message = f"factor {fact.factor!r} is unknown; use one of {', '.join(known) or '(none defined)'}"
            yield CohortProblem(profile=profile.id, field=f"facts[{index}].factor", message=message)


def _fact_problems(profile: Profile) -> Iterator[CohortProblem]:
    if not profile.facts:
        yield CohortProblem(profile=profile.id, field="facts", message="has no facts; give at least one")
    for index, fact in enumerate(profile.facts):
        if not fact.text.strip() or "\n" in fact.text:
            message = "a fact is one line of text; correct it"
            yield CohortProblem(profile=profile.id, field=f"facts[{index}].text", message=message)
    for text, count in Counter(fact.text for fact in profile.facts).items():
        if count > 1:
            message = f"the fact {text!r} is given {count} times; keep one"
            yield CohortProblem(profile=profile.id, field="facts", message=message)


def _placebo_problems(profile: Profile) -> Iterator[CohortProblem]:
    yield from _fact_problems(profile)
    if profile.levels:
        message = f"a placebo has no levels, got {profile.levels}; remove them"
        yield CohortProblem(profile=profile.id, field="levels", message=message)
    for index, fact in enumerate(profile.facts):
        if fact.dimension != "neutral":
            message = f"a placebo fact has dimension 'neutral', got {fact.dimension!r}; correct it"
            yield CohortProblem(profile=profile.id, field=f"facts[{index}].dimension", message=message)


def _match_problems(cohort: Cohort) -> Iterator[CohortProblem]:
    sets: dict[tuple[str, str], list[Profile]] = {}
    for profile in cohort.profiles:
        sets.setdefault((profile.matched_set, profile.cue), []).append(profile)
    for profiles in sets.values():
        yield from _set_problems(profiles)


def _set_problems(profiles: Sequence[Profile]) -> Iterator[CohortProblem]:
    first = profiles[0]
    for profile in profiles[1:]:
        if [fact.dimension for fact in profile.facts] != [fact.dimension for fact in first.facts]:
            message = (
                f"{len(profile.facts)} facts, but {first.id!r} of the same matched set has {len(first.facts)}, or in "
                "other dimensions; versions must have the same number of facts in the same order of dimensions"
            )
            yield CohortProblem(profile=profile.id, field="facts", message=message)
    for dimension in _VERSIONED:
        sizes = {profile.id: _size(profile, dimension) for profile in profiles}
        yield from _unequal(sizes, field=f"facts ({dimension})")
    yield from _unequal({profile.id: characters(profile) for profile in profiles}, field="facts")


def _unequal(sizes: dict[str, int], *, field: str) -> Iterator[CohortProblem]:
    low, high = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    if sizes[high] > LENGTH_RATIO * sizes[low]:
        message = (
            f"{sizes[high]} characters, but {low!r} of the same matched set has {sizes[low]}; "
            "versions may differ by 10% at most"
        )
        yield CohortProblem(profile=high, field=field, message=message)


def _size(profile: Profile, dimension: Dimension) -> int:
    return sum(len(fact.text) for fact in profile.facts if fact.dimension == dimension)

"""What a linter says about a cohort: matching, balance, words that give a factor away.

Broken rules stop a cohort from loading (`cohort_rules`); lints are what a person should look at.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from evenhand.bank.cohort_rules import LENGTH_RATIO
from evenhand.bank.contradictions import advice_areas, contradicted_items
from evenhand.bank.lint_record import Severity
from evenhand.bank.lint_words import factor_words
from evenhand.bank.matching import characters
from evenhand.records.item import Bank
from evenhand.records.profile import Cohort, Cue, Fact, Profile

__all__ = ["LengthRow", "ProfileLint", "ProfileRule", "check_against_items", "check_cohort", "length_table"]

ProfileRule = Literal[
    "matching", "placebo", "balance", "lexicon", "duplicate", "wording", "voice", "contradiction", "advice"
]
"""`matching`: lengths within a matched set; `placebo`: number and length of placebo facts; `balance`: how often each
level occurs; `lexicon`: words of a factor where it does not belong; `duplicate`: the same fact for two levels;
`wording`: a fact that is no sentence about the user; `voice`: a fact that cannot be said in the first person;
`contradiction`: a fact that says that what items presuppose is not there; `advice`: a fact of health, debt or safety,
which may rightly change advice."""

_LEXICON_GROUPS = {
    "gender": "gender",
    "age": "age",
    "religion": "religion",
    "ethnicity": "ethnicity",
    "migration": "migration",
    "income": "class_and_income",
    "position": "class_and_income",
    "education": "education",
    "disability": "disability_and_health_status",
    "orientation": "sexual_orientation",
    "politics": "politics",
}
"""Factor id -> group of the lexicon that tells of it."""
_NAMED = 3
"""How many items a message names."""
_IDENTITY = frozenset({"gender", "age", "religion", "ethnicity"})
"""Groups that no fact of another factor should touch: they are the ones models react to most."""


class ProfileLint(Struct, frozen=True, kw_only=True):
    """One finding of one linter; the same shape as a bank's."""

    severity: Severity
    rule: ProfileRule
    item: str | None = None
    """The profile; None where it concerns the cohort as a whole."""
    field: str | None = None
    message: str


class LengthRow(Struct, frozen=True, kw_only=True):
    """One row of the length-matching table: a matched set in one cue style, or the placebo profiles."""

    name: str
    cue: Cue | None
    """None for placebo profiles."""
    profiles: int
    facts: int
    """Facts of the first profile; all profiles of a matched set have as many."""
    shortest: int
    longest: int
    ratio: float
    """Longest over shortest; 1.10 at most within a matched set."""


def check_cohort(cohort: Cohort) -> tuple[ProfileLint, ...]:
    """Every finding about a cohort that loads."""
    return (
        *_matching(cohort),
        *_placebo(cohort),
        *_balance(cohort),
        *_lexicon(cohort),
        *_duplicates(cohort),
        *_wording(cohort),
    )


def check_against_items(cohort: Cohort, banks: Sequence[Bank]) -> tuple[ProfileLint, ...]:
    """Facts that contradict what items presuppose, and facts that may rightly change advice.

    Each fact is named once, at the first profile that has it.
    """
    found: list[ProfileLint] = []
    seen: set[str] = set()
    for profile in cohort.profiles:
        for index, fact in enumerate(profile.facts):
            if fact.text not in seen:
                seen.add(fact.text)
                found += _against(fact, banks, profile=profile, field=f"facts[{index}].text")
    return tuple(found)


def _against(fact: Fact, banks: Sequence[Bank], *, profile: Profile, field: str) -> Iterator[ProfileLint]:
    contradicted: dict[str, list[str]] = defaultdict(list)
    for item, name in contradicted_items(fact, banks):
        contradicted[name].append(item.id)
    for lacked, names in contradicted.items():
        shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
        message = (
            f"{fact.text!r} says there is no {lacked}, which {len(names)} items presuppose ({shown}); keep them apart"
        )
        yield ProfileLint(severity="warning", rule="contradiction", item=profile.id, field=field, message=message)
    if areas := advice_areas(fact):
        message = f"{fact.text!r} tells of {' and '.join(areas)}, which may rightly change advice"
        yield ProfileLint(severity="note", rule="advice", item=profile.id, field=field, message=message)


def length_table(cohort: Cohort) -> tuple[LengthRow, ...]:
    """Characters of every matched set and cue style, then of the placebo profiles."""
    rows = [_row(name, cue, profiles) for (name, cue), profiles in _sets(cohort).items()]
    if cohort.placebo:
        rows.append(_row("placebo", None, cohort.placebo))
    return tuple(rows)


def _sets(cohort: Cohort) -> dict[tuple[str, Cue], list[Profile]]:
    sets: dict[tuple[str, Cue], list[Profile]] = defaultdict(list)
    for profile in cohort.profiles:
        sets[profile.matched_set, profile.cue].append(profile)
    return dict(sets)


def _row(name: str, cue: Cue | None, profiles: Sequence[Profile]) -> LengthRow:
    sizes = [characters(profile) for profile in profiles]
    return LengthRow(
        name=name,
        cue=cue,
        profiles=len(profiles),
        facts=len(profiles[0].facts),
        shortest=min(sizes),
        longest=max(sizes),
        ratio=max(sizes) / max(min(sizes), 1),
    )


def _matching(cohort: Cohort) -> Iterator[ProfileLint]:
    for row in length_table(cohort):
        if row.cue is None:
            continue
        if row.ratio > LENGTH_RATIO:
            message = f"matched set {row.name!r} has {row.shortest} to {row.longest} characters; at most 10% apart"
            yield ProfileLint(severity="error", rule="matching", field="facts", message=message)
        if row.profiles == 1:
            message = f"matched set {row.name!r} has a single profile; nothing can be compared within it"
            yield ProfileLint(severity="warning", rule="matching", field="matched_set", message=message)


def _placebo(cohort: Cohort) -> Iterator[ProfileLint]:
    if not cohort.placebo:
        message = "no placebo profiles; a difference could then come from the length of memory alone"
        yield ProfileLint(severity="warning", rule="placebo", message=message)
        return
    middle = statistics.mean(map(characters, cohort.placebo))
    for profile in cohort.profiles:
        size = characters(profile)
        if not middle / LENGTH_RATIO <= size <= middle * LENGTH_RATIO:
            message = f"{size} characters, more than 10% off the placebo profiles' mean of {middle:.0f}"
            yield ProfileLint(severity="warning", rule="placebo", item=profile.id, field="facts", message=message)
    counts = Counter(len(profile.facts) for profile in cohort.profiles)
    for profile in cohort.placebo:
        if len(profile.facts) not in counts:
            message = f"{len(profile.facts)} facts, but profiles have {sorted(counts)}"
            yield ProfileLint(severity="warning", rule="placebo", item=profile.id, field="facts", message=message)


def _balance(cohort: Cohort) -> Iterator[ProfileLint]:
    for factor in cohort.factors:
        counts = Counter(profile.levels[factor.id] for profile in cohort.profiles if factor.id in profile.levels)
        for level in factor.levels:
            counts.setdefault(level.id, 0)
        if len(set(counts.values())) > 1:
            listed = ", ".join(f"{level}: {count}" for level, count in counts.items())
            message = f"levels of {factor.id!r} occur unequally often ({listed})"
            yield ProfileLint(severity="warning", rule="balance", field=factor.id, message=message)


def _lexicon(cohort: Cohort) -> Iterator[ProfileLint]:
    seen: set[tuple[str, str | None]] = set()
    for profile in (*cohort.placebo, *cohort.profiles):
        placebo = not profile.levels
        for index, fact in enumerate(profile.facts):
            if (fact.text, fact.factor) in seen:
                continue
            seen.add((fact.text, fact.factor))
            for group, words in _strangers(fact):
                listed = ", ".join(repr(word) for word in dict.fromkeys(words))
                what = "a neutral fact" if fact.factor is None else f"a fact about {fact.factor!r}"
                message = f"{listed} tells of {group.replace('_', ' ')} in {what}; say it without"
                yield ProfileLint(
                    severity="error" if placebo else "note",
                    rule="lexicon",
                    item=profile.id,
                    field=f"facts[{index}].text",
                    message=message,
                )


def _strangers(fact: Fact) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Lexicon groups that the fact's words belong to although its factor is another one."""
    own = _LEXICON_GROUPS.get(fact.factor) if fact.factor is not None else None
    for group, words in factor_words(fact.text).items():
        if fact.factor is None or (group in _IDENTITY and group != own):
            yield group, words


def _duplicates(cohort: Cohort) -> Iterator[ProfileLint]:
    """A fact that stands for two levels of its factor cannot tell them apart."""
    levels: dict[tuple[str, str], set[str]] = defaultdict(set)
    for profile in cohort.profiles:
        for fact in profile.facts:
            if fact.factor is not None and fact.factor in profile.levels:
                levels[fact.factor, fact.text].add(profile.levels[fact.factor])
    for (factor, text), found in levels.items():
        if len(found) > 1:
            message = f"{text!r} stands for the levels {', '.join(sorted(found))} of {factor!r}; word it for one"
            yield ProfileLint(severity="warning", rule="duplicate", field=factor, message=message)


def _wording(cohort: Cohort) -> Iterator[ProfileLint]:
    for profile in (*cohort.profiles, *cohort.placebo):
        for index, fact in enumerate(profile.facts):
            if not fact.text.startswith("The user") or not fact.text.endswith((".", "!", "?")):
                message = f"{fact.text!r} is no sentence that begins with 'The user'; word it so"
                yield ProfileLint(
                    severity="warning", rule="wording", item=profile.id, field=f"facts[{index}].text", message=message
                )

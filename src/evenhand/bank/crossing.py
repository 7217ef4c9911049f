"""Cohorts that cross factors: every combination of levels is a profile.

The file (`schema: evenhand.crossing/1`) gives, for each level and cue style, several bundles of facts that say the
same thing. Which bundle a profile has rotates with the levels of its other factors, so wordings are balanced over
the crossing and a wording never stands for a level of another factor. Within a matched set the neutral facts and
the order of the facts are the same for all profiles.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import product
from typing import Literal, TypeVar

from msgspec import Struct

from evenhand.bank.matching import by_hash, fitted
from evenhand.bank.personas import Wording, fact_of
from evenhand.errors import CohortError
from evenhand.records.profile import Cohort, Cue, Dimension, Fact, Factor, Level, Profile

__all__ = ["MAX_CROSSING", "CrossFactor", "CrossLevel", "CrossingFile", "expand_crossing"]

MAX_CROSSING = 243
"""Most profiles one crossing may have, in one cue style: five factors of three levels."""

T = TypeVar("T")
Bundle = tuple[str | Wording, ...]


class CrossLevel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One level with its wordings."""

    id: str
    label: str
    stated: tuple[Bundle, ...]
    implied: tuple[Bundle, ...] = ()


class CrossFactor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One factor with its levels."""

    id: str
    label: str
    reference: str
    levels: tuple[CrossLevel, ...]
    dimension: Dimension = "identity"


class CrossingFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A cohort of crossed factors as it stands in its file."""

    schema: Literal["evenhand.crossing/1"]
    name: str
    version: str
    source: str
    licence: str
    validated: bool
    notes: str = ""
    extends: str | None = None
    """A cohort file of the same shape (shipped name or path) whose factors may be used here too."""
    facts: int = 8
    """Facts a profile has; neutral facts fill up what the factors leave."""
    characters: int | None = None
    """Length that profiles with neutral facts aim at; None: as many neutral facts of middling length would have."""
    variants: int = 1
    """How many matched sets each crossing has, with other wordings and other neutral facts."""
    cross: tuple[tuple[str, ...], ...] = ()
    """Each entry is crossed fully; empty: all factors together."""
    factors: tuple[CrossFactor, ...] = ()


class _Set(Struct, frozen=True, kw_only=True):
    """One matched set to be expanded."""

    name: str
    factors: tuple[CrossFactor, ...]
    variant: int
    cue: Cue


def expand_crossing(file: CrossingFile, *, cues: Sequence[Cue], filler: Sequence[str], source: str) -> Cohort:
    """The cohort with the profiles of the cue styles in `cues` that the file has.

    Args:
        file: The parsed file, with what it extends already merged in.
        cues: Cue styles wanted. `mixed` needs stated wordings only.
        filler: Neutral facts to choose from.
        source: Names the file in messages.

    Raises:
        CohortError: An unknown factor is crossed, the crossing is too large, a level has no wording, or the facts
            do not fit.
    """
    groups = _groups(file, source=source)
    for factor in file.factors:
        for level in factor.levels:
            if not level.stated or not all(level.stated):
                raise CohortError(
                    f"{source!r}, level '{factor.id}.{level.id}', field 'stated': no wording; give at least one fact"
                )
    used = {factor.id for group in groups for factor in group}
    profiles: list[Profile] = []
    for cue in cues:
        if cue == "implied" and not all(level.implied for group in groups for f in group for level in f.levels):
            continue
        for group in groups:
            for variant in range(file.variants):
                name = file.name if len(groups) == 1 else "-".join(factor.id for factor in group)
                name += f"-{variant + 1}" if file.variants > 1 else ""
                one = _Set(name=name, factors=group, variant=variant, cue=cue)
                profiles.extend(_profiles(one, file=file, filler=filler, source=source))
    return Cohort(
        name=file.name,
        version=file.version,
        source=file.source,
        licence=file.licence,
        validated=file.validated,
        notes=file.notes,
        factors=tuple(_record(factor) for factor in file.factors if factor.id in used),
        profiles=tuple(profiles),
    )


def _groups(file: CrossingFile, *, source: str) -> list[tuple[CrossFactor, ...]]:
    known = {factor.id: factor for factor in file.factors}
    groups: list[tuple[CrossFactor, ...]] = []
    for names in file.cross or (tuple(known),):
        for name in names:
            if name not in known:
                raise CohortError(
                    f"{source!r}, field 'cross': factor {name!r} is unknown; use one of {', '.join(known)}, "
                    "or define it under `factors`"
                )
        size = math.prod(len(known[name].levels) for name in names)
        if size > MAX_CROSSING:
            raise CohortError(
                f"{source!r}, field 'cross': crossing {', '.join(names)} gives {size} profiles, more than "
                f"{MAX_CROSSING}; cross fewer factors, or list several smaller crossings under `cross`"
            )
        groups.append(tuple(known[name] for name in names))
    return groups


def _profiles(one: _Set, *, file: CrossingFile, filler: Sequence[str], source: str) -> list[Profile]:
    owned: list[tuple[dict[str, str], list[Fact]]] = []
    for picks in product(*(range(len(factor.levels)) for factor in one.factors)):
        own: list[Fact] = []
        for place, factor in enumerate(one.factors):
            turn = one.variant + sum(picks) - picks[place]
            own.extend(_facts(factor, factor.levels[picks[place]], cue=one.cue, turn=turn))
        levels = {factor.id: factor.levels[pick].id for factor, pick in zip(one.factors, picks, strict=True)}
        owned.append((levels, own))
    neutral = _neutral(one, [own for _, own in owned], file=file, filler=filler, source=source)
    ending = "" if one.cue == "stated" else f"/{one.cue}"
    number = f"_{one.variant + 1}" if file.variants > 1 else ""
    return [
        Profile(
            id="_".join(_names(levels, alone=len(one.factors) == 1)) + number + ending,
            matched_set=one.name,
            levels=levels,
            facts=tuple(_interleave(own, neutral)),
            cue=one.cue,
        )
        for levels, own in owned
    ]


def _neutral(
    one: _Set, owned: Sequence[Sequence[Fact]], *, file: CrossingFile, filler: Sequence[str], source: str
) -> list[Fact]:
    """The neutral facts that all profiles of the set share, chosen so that all sets are about equally long."""
    most = max(map(len, owned))
    wanted = file.facts - most
    if wanted < 0 or wanted > len(filler):
        raise CohortError(
            f"{source!r}, field 'facts': {file.facts} facts per profile, but the factors of {one.name!r} "
            f"need {most} and there are {len(filler)} neutral facts; choose a number between them"
        )
    if wanted == 0:
        return []
    length = statistics.mean(sum(len(fact.text) for fact in own) for own in owned)
    aim = file.characters if file.characters is not None else file.facts * statistics.mean(map(len, filler))
    pool = by_hash(filler, salt=f"{file.name}/{one.name}/{one.variant}")
    return [Fact(text=text, dimension="neutral") for text in fitted(pool, count=wanted, target=aim - length)]


def _names(levels: dict[str, str], *, alone: bool) -> list[str]:
    return [f"{factor}-{level}" if alone else level for factor, level in levels.items()]


def _facts(factor: CrossFactor, level: CrossLevel, *, cue: Cue, turn: int) -> list[Fact]:
    bundles = level.implied if cue == "implied" else level.stated
    bundle = bundles[turn % len(bundles)]
    if cue == "mixed":
        bundle = bundle[:1]
    return [fact_of(wording, dimension=factor.dimension, factor=factor.id) for wording in bundle]


def _interleave(own: Sequence[Fact], neutral: Sequence[Fact]) -> list[Fact]:
    """Both kinds spread evenly, each in its own order."""
    placed = [((index + 0.5) / len(own), 0, fact) for index, fact in enumerate(own)]
    placed += [((index + 0.5) / len(neutral), 1, fact) for index, fact in enumerate(neutral)]
    return [fact for _, _, fact in sorted(placed, key=lambda entry: entry[:2])]


def _record(factor: CrossFactor) -> Factor:
    levels: list[Level] = []
    for level in factor.levels:
        facts: dict[Cue, tuple[Fact, ...]] = {}
        for cue, bundles in (("stated", level.stated), ("implied", level.implied)):
            if bundles:
                name: Cue = "stated" if cue == "stated" else "implied"
                facts[name] = tuple(
                    fact_of(wording, dimension=factor.dimension, factor=factor.id)
                    for bundle in bundles
                    for wording in bundle
                )
        levels.append(Level(id=level.id, label=level.label, facts=facts))
    return Factor(id=factor.id, label=factor.label, reference=factor.reference, levels=tuple(levels))

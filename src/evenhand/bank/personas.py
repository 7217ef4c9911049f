"""Cohorts of base personas: one fact a slot and version, everything else the same.

The file (`schema: evenhand.personas/1`) lists the slots once and then, for every persona, the wordings of each
slot side by side, in the order of the factor's levels. It expands to one profile per persona and version.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from evenhand.errors import CohortError
from evenhand.records.profile import Cohort, Dimension, Dose, Fact, Factor, Level, Profile

__all__ = ["Persona", "PersonaFactor", "PersonaFile", "PersonaLevel", "Slot", "Wording", "expand_personas", "fact_of"]


class Wording(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fact with the user's own words for it, where these cannot be derived."""

    text: str
    said: str | None = None


class Slot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of fact that every persona has in every version."""

    id: str
    dimension: Dimension


class PersonaLevel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of every persona."""

    id: str
    label: str


class PersonaFactor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What differs between the versions."""

    id: str
    label: str
    reference: str
    levels: tuple[PersonaLevel, ...]


class Persona(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One base persona."""

    id: str
    base: str | Wording
    """A neutral fact that all versions share."""
    facts: dict[str, tuple[str | Wording, ...]] = {}
    """Slot id -> one wording per level, in the order of the factor's levels. A missing slot is filled from pools."""


class PersonaFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A cohort of base personas as it stands in its file."""

    schema: Literal["evenhand.personas/1"]
    name: str
    version: str
    source: str
    licence: str
    validated: bool
    notes: str = ""
    language: str = "en"
    """Language of the facts, as a BCP 47 tag."""
    extends: str | None = None
    """A cohort file of the same shape whose personas come first; its slots and factor are taken over."""
    factor: PersonaFactor | None = None
    slots: tuple[Slot, ...] = ()
    pools: dict[str, tuple[tuple[str | Wording, ...], ...]] = {}
    """Slot id -> wordings that personas share, each given for all levels; which one a persona has is dealt in turn."""
    dose: Dose | None = None
    personas: tuple[Persona, ...] = ()


def fact_of(wording: str | Wording, *, dimension: Dimension, factor: str | None = None) -> Fact:
    """The record of a fact written as plain text or with the user's own words."""
    if isinstance(wording, str):
        return Fact(text=wording, dimension=dimension, factor=factor)
    return Fact(text=wording.text, said=wording.said, dimension=dimension, factor=factor)


def expand_personas(file: PersonaFile, *, source: str) -> Cohort:
    """The cohort: one profile per persona and level; the matched set is the persona.

    Raises:
        CohortError: A slot is missing, unknown, or lacks a version; the message names file, persona and slot.
    """
    if file.factor is None or not file.slots:
        field = "factor" if file.factor is None else "slots"
        raise CohortError(
            f"{source!r}, field {field!r}: nothing is given and nothing is inherited; add it or `extends`"
        )
    profiles: list[Profile] = []
    for number, listed in enumerate(file.personas):
        persona = _dealt(listed, number=number, file=file)
        _check_slots(persona, file=file, source=source)
        for index, level in enumerate(file.factor.levels):
            facts = [fact_of(persona.base, dimension="neutral")]
            for slot in file.slots:
                facts.append(fact_of(persona.facts[slot.id][index], dimension=slot.dimension, factor=file.factor.id))
            profiles.append(
                Profile(
                    id=f"{persona.id}.{level.id}",
                    matched_set=persona.id,
                    levels={file.factor.id: level.id},
                    facts=tuple(facts),
                )
            )
    factor = Factor(
        id=file.factor.id,
        label=file.factor.label,
        reference=file.factor.reference,
        levels=tuple(Level(id=level.id, label=level.label, facts={}) for level in file.factor.levels),
    )
    return Cohort(
        name=file.name,
        version=file.version,
        source=file.source,
        licence=file.licence,
        validated=file.validated,
        notes=file.notes,
        language=file.language,
        factors=(factor,),
        profiles=tuple(profiles),
        dose=file.dose,
    )


def _dealt(persona: Persona, *, number: int, file: PersonaFile) -> Persona:
    """The persona with its open slots filled: each slot goes through its pool at its own pace.

    Every wording is used equally often (to within one), and two personas share a slot's wording without sharing the
    next one's.
    """
    dealt = dict(persona.facts)
    for place, slot in enumerate(file.slots):
        pool = file.pools.get(slot.id, ())
        if slot.id not in dealt and pool:
            laps, step = divmod(number, len(pool))
            dealt[slot.id] = pool[(step + place + laps * (place + 1)) % len(pool)]
    return msgspec.structs.replace(persona, facts=dealt)


def _check_slots(persona: Persona, *, file: PersonaFile, source: str) -> None:
    known = [slot.id for slot in file.slots]
    levels = [level.id for level in file.factor.levels] if file.factor else []
    for slot in persona.facts:
        if slot not in known:
            raise CohortError(
                f"{source!r}, profile {persona.id!r}, field 'facts.{slot}': slot {slot!r} is unknown; "
                f"use one of {', '.join(known)}, or add it under `slots`"
            )
    for slot in known:
        wordings = persona.facts.get(slot, ())
        if len(wordings) != len(levels):
            raise CohortError(
                f"{source!r}, profile {persona.id!r}, field 'facts.{slot}': {len(wordings)} wordings for "
                f"{len(levels)} versions; give one each for {', '.join(levels)}"
            )

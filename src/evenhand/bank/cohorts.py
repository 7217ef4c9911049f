"""Cohorts from files: the shipped ones by name, a user's own by path.

A cohort file has one of three shapes, told apart by its `schema` line: base personas in versions
(`evenhand.personas/1`), crossed factors (`evenhand.crossing/1`), or profiles written out (`evenhand.cohort/1`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec
from msgspec import Struct

from evenhand.bank.cache import cached
from evenhand.bank.cohort_rules import check_rules
from evenhand.bank.crossing import CrossingFile, expand_crossing
from evenhand.bank.document import Document, convert_document, parse_document, read_bytes
from evenhand.bank.personas import PersonaFile, expand_personas
from evenhand.bank.placebo import NeutralPools, make_placebo
from evenhand.errors import CohortError
from evenhand.records.language import language_of
from evenhand.records.profile import CUES, Cohort, Cue

__all__ = ["cohort_sha256", "load_cohort", "load_distractors", "load_neutral", "shipped_cohorts"]

_SUFFIXES = (".yaml", ".yml", ".json")
_SHIPPED = ("explicit", "intersectional", "factors-extra", "tone", "doses-mild", "doses-medium", "doses-strong")
_SCHEMAS = ("evenhand.personas/1", "evenhand.crossing/1", "evenhand.cohort/1")
_CACHE_FORMAT = b"cohort cache/2"
"""Part of every cache name: changes whenever what the same file is read as changes."""
_EXTENDS = re.compile(rb"""^(?:extends:[ \t]*|[ \t]*"extends"[ \t]*:[ \t]*)["']?([^"'#\s,]+)""", re.MULTILINE)


class _File(Struct, frozen=True, kw_only=True):
    """One cohort file as read."""

    source: str
    data: bytes
    folder: Path | None
    """Where relative `extends` are looked for; None for shipped files."""


def shipped_cohorts() -> tuple[str, ...]:
    """Names of the cohorts that come with the package."""
    return _SHIPPED


def load_cohort(source: str | Path, *, cues: Sequence[Cue] = ("stated",)) -> Cohort:
    """A shipped cohort by name, or a cohort file by path, checked, with its placebo profiles.

    Args:
        source: A name of `shipped_cohorts`, or a path; a string is a path when it has a folder separator or ends in
            .yaml, .yml or .json.
        cues: Cue styles whose profiles are wanted. A cohort gives those it has.

    Raises:
        CohortError: Unknown name, unreadable file, broken rule, or none of the cue styles exists.

    Example:
        >>> from evenhand.bank.cohorts import load_cohort
        >>> cohort = load_cohort("explicit")
        >>> [factor.id for factor in cohort.factors]
        ['position']
    """
    wanted = tuple(dict.fromkeys(cues))
    for cue in wanted:
        if cue not in CUES:
            raise CohortError(f"cue {cue!r} is unknown; use one of {', '.join(CUES)}")
    chain = _chain(_open(source, folder=None))
    key = b"\n".join(hashlib.sha256(part).digest() for part in _key_parts(chain, wanted))
    cohort = cached(lambda: _make(chain, wanted), Cohort, folder="cohorts", key=key)
    if not cohort.profiles:
        raise CohortError(
            f"{chain[0].source!r} has no profiles with cue {', '.join(wanted)}; ask for another cue style"
        )
    return cohort


def cohort_sha256(cohort: Cohort) -> str:
    """SHA-256 (hex) of the cohort as canonical JSON: fields sorted, defaults left out."""
    return hashlib.sha256(msgspec.json.encode(cohort, order="sorted")).hexdigest()


def load_neutral() -> NeutralPools:
    """The shipped neutral facts for placebo profiles and for filling up profiles."""
    data = (_data() / "neutral.yaml").read_bytes()
    return cached(lambda: _parse_neutral(data), NeutralPools, folder="cohorts", key=_CACHE_FORMAT + data)


def load_distractors() -> tuple[str, ...]:
    """The shipped neutral facts that share a memory store with a profile's."""
    data = (_data() / "distractors.yaml").read_bytes()
    return cached(lambda: _parse_texts(data), tuple[str, ...], folder="cohorts", key=_CACHE_FORMAT + data)


def _parse_neutral(data: bytes) -> NeutralPools:
    document = parse_document(data, source="neutral", error=CohortError)
    return convert_document(document, NeutralPools, error=CohortError)


def _parse_texts(data: bytes) -> tuple[str, ...]:
    document = parse_document(data, source="distractors", error=CohortError)
    return convert_document(document, tuple[str, ...], error=CohortError)


def _data() -> Traversable:
    return resources.files("evenhand.bank") / "data" / "cohorts"


def _key_parts(chain: Sequence[_File], cues: Sequence[Cue]) -> list[bytes]:
    neutral = (_data() / "neutral.yaml").read_bytes()
    return [_CACHE_FORMAT, neutral, " ".join(cues).encode(), *(file.data for file in chain)]


def _open(source: str | Path, *, folder: Path | None) -> _File:
    is_path = isinstance(source, Path) or "/" in source or "\\" in source or source.lower().endswith(_SUFFIXES)
    if not is_path:
        if source not in _SHIPPED:
            raise CohortError(
                f"there is no shipped cohort {str(source)!r}; use one of {', '.join(_SHIPPED)}, "
                "or the path of a cohort file"
            )
        return _File(source=str(source), data=(_data() / f"{source}.yaml").read_bytes(), folder=None)
    path = Path(source) if folder is None else folder / source
    if path.suffix.lower() not in _SUFFIXES:
        raise CohortError(f"{str(path)!r} has suffix {path.suffix!r}; a cohort file ends in {', '.join(_SUFFIXES)}")
    return _File(source=str(path), data=read_bytes(path, error=CohortError), folder=path.parent)


def _chain(first: _File) -> list[_File]:
    """The file, what it extends, what that extends, and so on."""
    chain, seen = [first], {first.data}
    while found := _EXTENDS.search(chain[-1].data):
        name = found.group(1).decode("utf-8", errors="replace")
        following = _open(name, folder=chain[-1].folder)
        if following.data in seen:
            path = " -> ".join(file.source for file in (*chain, following))
            raise CohortError(
                f"{first.source!r}, field 'extends': the files extend each other ({path}); break the circle"
            )
        chain.append(following)
        seen.add(following.data)
    return chain


def _make(chain: Sequence[_File], cues: Sequence[Cue]) -> Cohort:
    documents = [parse_document(file.data, source=file.source, error=CohortError) for file in chain]
    schema = _schema(documents[0])
    if schema == "evenhand.personas/1":
        cohort = _personas(documents)
    elif schema == "evenhand.crossing/1":
        cohort = _crossing(documents, cues)
    else:
        cohort = convert_document(documents[0], Cohort, error=CohortError)
    source = documents[0].source
    check_rules(cohort, source=source)
    kept = tuple(profile for profile in cohort.profiles if profile.cue in cues)
    cohort = msgspec.structs.replace(cohort, profiles=kept)
    if not kept or cohort.placebo:
        return cohort
    if language_of(cohort.language) != "en":
        raise CohortError(
            f"{source!r} is in {cohort.language!r} and has no placebo profiles, and ours are in English; write them "
            "under 'placebo', in a file with schema evenhand.cohort/1"
        )
    placebo = make_placebo(cohort, pools=load_neutral())
    return check_rules(msgspec.structs.replace(cohort, placebo=placebo), source=source)


def _schema(document: Document) -> str:
    """The file's shape; a file of written-out profiles need not name it."""
    fields = document.value if isinstance(document.value, dict) else {}
    schema = fields.get("schema", "evenhand.cohort/1" if "profiles" in fields else None)
    if schema not in _SCHEMAS:
        raise CohortError(
            f"{document.source!r}, field 'schema': {schema!r} is no cohort file; "
            f"its first line says `schema:` and one of {', '.join(_SCHEMAS)}"
        )
    return str(schema)


def _personas(documents: Sequence[Document]) -> Cohort:
    files = [convert_document(document, PersonaFile, error=CohortError) for document in documents]
    merged = files[0]
    for base in files[1:]:
        merged = msgspec.structs.replace(
            merged,
            factor=merged.factor or base.factor,
            slots=merged.slots or base.slots,
            pools=merged.pools or base.pools,
            personas=(*base.personas, *merged.personas),
        )
    return expand_personas(merged, source=documents[0].source)


def _crossing(documents: Sequence[Document], cues: Sequence[Cue]) -> Cohort:
    files = [convert_document(document, CrossingFile, error=CohortError) for document in documents]
    merged = files[0]
    for base in files[1:]:
        own = {factor.id for factor in merged.factors}
        inherited = tuple(factor for factor in base.factors if factor.id not in own)
        merged = msgspec.structs.replace(merged, factors=(*inherited, *merged.factors))
    return expand_crossing(merged, cues=cues, filler=load_neutral().filler, source=documents[0].source)

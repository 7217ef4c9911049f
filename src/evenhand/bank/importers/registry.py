"""The formats that can be imported, by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from evenhand.bank.importers import columns, emobench, eqbench, personahub, prism, protocol
from evenhand.bank.importers.settings import SHEET_OPTIONS, Progress, Settings, silent
from evenhand.bank.validate import check_bank
from evenhand.errors import UsageError, near_miss
from evenhand.records.item import Bank
from evenhand.records.profile import Cohort

__all__ = ["BANK_FORMATS", "COHORT_FORMATS", "Format", "format_names", "import_bank", "import_cohort", "parse_options"]


class BankReader(Protocol):
    """Reads a file of one format as a bank."""

    def __call__(self, path: Path, *, settings: Settings, progress: Progress) -> Bank: ...


class CohortReader(Protocol):
    """Reads a file of one format as a cohort."""

    def __call__(self, path: Path, *, settings: Settings, progress: Progress) -> Cohort: ...


class Format(Struct, frozen=True, kw_only=True):
    """A file format that can be imported."""

    name: str
    summary: str
    suffixes: tuple[str, ...]
    options: Mapping[str, str]
    """The format's own options, and what each means; every format also has those of a sheet."""

    def all_options(self) -> dict[str, str]:
        """Its own options and those that every format has."""
        return {**self.options, **SHEET_OPTIONS}


_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson")
_PROTOCOLS = (".txt", ".docx", ".pdf")

BANK_FORMATS: Mapping[str, Format] = {
    entry.name: entry
    for entry in (
        Format(
            name="columns",
            summary="any table of questions, with a map that says which column is what",
            suffixes=_TABLES,
            options=columns.OPTIONS,
        ),
        Format(
            name="emobench",
            summary="EmoBench EU.jsonl and EA.jsonl, English and Chinese",
            suffixes=(".jsonl",),
            options=emobench.OPTIONS,
        ),
        Format(
            name="eqbench",
            summary="EQ-Bench version 2: dialogues with reference ratings, English and German",
            suffixes=(".json",),
            options=eqbench.OPTIONS,
        ),
        Format(
            name="stem",
            summary="a test protocol in the layout of STEM: options with expert weights",
            suffixes=_PROTOCOLS,
            options=protocol.OPTIONS,
        ),
        Format(
            name="steu",
            summary="a test protocol in the layout of STEU: options with a key table",
            suffixes=_PROTOCOLS,
            options=protocol.OPTIONS,
        ),
    )
}
"""Formats that give a bank."""

COHORT_FORMATS: Mapping[str, Format] = {
    entry.name: entry
    for entry in (
        Format(
            name="personahub",
            summary="PersonaHub lines as base personas",
            suffixes=(".jsonl", ".txt"),
            options=personahub.OPTIONS,
        ),
        Format(name="prism", summary="PRISM survey rows as profiles", suffixes=(".jsonl",), options=prism.OPTIONS),
    )
}
"""Formats that give a cohort."""

_BANK_READERS: Mapping[str, BankReader] = {
    "columns": columns.read_columns,
    "emobench": emobench.read_emobench,
    "eqbench": eqbench.read_eqbench,
    "stem": protocol.read_stem,
    "steu": protocol.read_steu,
}
_COHORT_READERS: Mapping[str, CohortReader] = {
    "personahub": personahub.read_personahub,
    "prism": prism.read_prism,
}


def format_names() -> tuple[str, ...]:
    """Names of all formats, sorted."""
    return tuple(sorted((*BANK_FORMATS, *COHORT_FORMATS)))


def parse_options(pairs: list[str]) -> dict[str, str]:
    """Options as a command line gives them: `name=value` each.

    Raises:
        UsageError: A pair without `=`, or a name that is given twice.
    """
    options: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"import option {pair!r} is not NAME=VALUE; write for example stem=question_text")
        if name in options:
            raise UsageError(f"import option {name!r} is given twice; keep one")
        options[name] = value
    return options


def import_bank(
    path: Path, *, format: str, options: Mapping[str, str] | None = None, progress: Progress = silent
) -> Bank:
    """A bank from a file of another format, validated.

    Args:
        path: The file.
        format: A name of `BANK_FORMATS`.
        options: Options of that format, by name.
        progress: Called with the number of rows read, every thousand and at the end.

    Raises:
        UsageError: Unknown format or option; the message names a near miss.
        BankError: Naming file, line and field of what is wrong.
    """
    known = _known(format, BANK_FORMATS, other=COHORT_FORMATS, command="profiles import")
    settings = Settings(format=format, values=dict(options or {}))
    settings.check(known.all_options())
    return check_bank(_BANK_READERS[format](path, settings=settings, progress=progress), source=str(path))


def import_cohort(
    path: Path, *, format: str, options: Mapping[str, str] | None = None, progress: Progress = silent
) -> Cohort:
    """A cohort from a file of another format, checked.

    Args:
        path: The file.
        format: A name of `COHORT_FORMATS`.
        options: Options of that format, by name.
        progress: Called with the number of rows read, every thousand and at the end.

    Raises:
        UsageError: Unknown format or option; the message names a near miss.
        CohortError: Naming file, line and field of what is wrong.
    """
    known = _known(format, COHORT_FORMATS, other=BANK_FORMATS, command="items import")
    settings = Settings(format=format, values=dict(options or {}))
    settings.check(known.all_options())
    return _COHORT_READERS[format](path, settings=settings, progress=progress)


def _known(name: str, formats: Mapping[str, Format], *, other: Mapping[str, Format], command: str) -> Format:
    if name in formats:
        return formats[name]
    if name in other:
        raise UsageError(f"format {name!r} is for `evenhand {command}`; here: {', '.join(formats)}")
    raise UsageError(f"there is no format {name!r}{near_miss(name, formats)}; allowed: {', '.join(formats)}")

"""The mutants in which nothing that anybody can see is different, each with the reason, from `excused.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

__all__ = ["Excused", "excused", "without_mutant"]

_FILE = Path(__file__).parent / "excused.yaml"


class Excused(Struct, frozen=True, forbid_unknown_fields=True):
    """A mutant that no test can notice."""

    module: str
    mutant: str
    """Its name, as the runner prints it."""
    why: str
    """Why nothing is different."""


def excused() -> dict[tuple[str, str], str]:
    """(module, name of the mutant) -> why no test can notice it."""
    entries = msgspec.yaml.decode(_FILE.read_bytes(), type=list[Excused])
    found = {(entry.module, entry.mutant): entry.why for entry in entries}
    if len(found) < len(entries):
        raise ValueError(f"{_FILE.name} names a mutant twice")
    return found


def without_mutant(named: Iterable[tuple[str, str]], mutants: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """The entries of those modules whose mutant is no more, such as after a change of the code."""
    return [(module, name) for module, name in named if module in mutants and name not in mutants[module]]

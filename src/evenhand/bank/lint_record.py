"""What a linter says about a bank."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["Lint", "Rule", "Severity"]

Severity = Literal["error", "warning", "note"]
"""`error`: a key does not hold; `warning`: answers may be read for the wrong reason; `note`: worth a look."""

Rule = Literal[
    "key",
    "named",
    "lexicon",
    "duplicate",
    "near_duplicate",
    "balance",
    "position",
    "option_frequency",
    "option_length",
    "longest_key",
    "central_key",
    "length",
    "readability",
    "rationale",
    "shortcut",
    "lure",
]


class Lint(Struct, frozen=True, kw_only=True):
    """One finding of one linter."""

    severity: Severity
    rule: Rule
    item: str | None = None
    """None where it concerns the bank as a whole."""
    field: str | None = None
    message: str

"""The extractor a plan names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from evenhand.errors import UsageError
from evenhand.records.plan import Extractor
from evenhand.scoring.extractors.base import Extract
from evenhand.scoring.extractors.choice_letter import choice_letter
from evenhand.scoring.extractors.json_field import json_field
from evenhand.scoring.extractors.label_map import label_map
from evenhand.scoring.extractors.regex import regex
from evenhand.scoring.extractors.yes_no import yes_no

__all__ = ["DEFAULT_PATTERN", "extractor_named"]

DEFAULT_PATTERN = r"(?i)(?:answer|antwort|respuesta|r[ée]ponse|答案)\s*(?:[:=：→]|-+>?|\bis\b)\s*(\S.*)$"

_OPTIONS: dict[Extractor, frozenset[str]] = {
    "choice_letter": frozenset(),
    "json_field": frozenset({"field"}),
    "regex": frozenset({"pattern"}),
    "yes_no": frozenset(),
    "llm_extract": frozenset({"model", "base_url"}),
}


def extractor_named(name: Extractor, options: Mapping[str, str]) -> Extract:
    """The extractor called `name` with its options; of `label_map`, every option is a label and its meaning.

    `llm_extract` reads the letter that a second model has already named (`evenhand.scoring.llm_extract`).

    Raises:
        UsageError: An option the extractor does not have.
    """
    allowed = _OPTIONS.get(name)
    unknown = sorted(set(options) - allowed) if allowed is not None else []
    if unknown:
        known = ", ".join(sorted(allowed or ())) or "none"
        raise UsageError(f"the extractor {name!r} has no option {unknown[0]!r}; it knows: {known}")
    if name == "llm_extract" and "model" not in options:
        raise UsageError(
            "the extractor 'llm_extract' needs the model that reads the answers; "
            "name it with --extractor-option model=openai/NAME"
        )
    match name:
        case "choice_letter" | "llm_extract":
            return choice_letter
        case "json_field":
            return json_field(options.get("field", "answer"))
        case "regex":
            return regex(options.get("pattern", DEFAULT_PATTERN))
        case "label_map":
            return label_map(options)
        case "yes_no":
            return yes_no
    assert_never(name)

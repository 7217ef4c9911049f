"""Languages in which evenhand itself can ask: instructions, headings and reader prompts."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["LANGUAGES", "LANGUAGE_NAMES", "Language", "language_name", "language_of"]

Language = Literal["en", "de", "es", "fr", "zh"]
"""What is said around an item, in the language of its bank."""
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE_NAMES: dict[str, str] = {"en": "English", "de": "German", "es": "Spanish", "fr": "French", "zh": "Chinese"}
"""How reports name them."""


def language_of(tag: str) -> Language | None:
    """The language of a BCP 47 tag, whatever its region or script; None where evenhand has no prompts in it."""
    primary = tag.replace("_", "-").split("-")[0].casefold()
    return next((known for known in LANGUAGES if known == primary), None)


def language_name(tag: str) -> str:
    """How reports name the language of a tag: in English where it is one of ours, else the tag."""
    if tag == "mul":
        return "several languages"
    known = language_of(tag)
    return LANGUAGE_NAMES[known] if known is not None else tag

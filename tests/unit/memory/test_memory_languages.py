"""The prompts of every language take the same values, say something else, and leave nothing in English."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from evenhand.memory.remember import MemorySources, remember
from evenhand.memory.templates import load_templates
from evenhand.records.language import LANGUAGES, Language
from evenhand.records.profile import PLACEMENTS, PRODUCT_PLACEMENTS, READERS, Arm, Fact, Placement
from evenhand.scoring.templates import ask_templates

OTHERS = [language for language in LANGUAGES if language != "en"]
EXTRACTORS = ("choice_letter", "json_field", "label_map", "llm_extract", "regex", "yes_no")
FORMATS = ("letter", "distribution", "rating", "text")


def of(language: Language) -> dict[str, str]:
    """Every prompt of a language, under the name that it has in English."""
    found = load_templates(language)
    for extractor in EXTRACTORS:
        found |= ask_templates(extractor, FORMATS, language)  # type: ignore[arg-type]  # members of closed sets
    return found


def marks(text: str) -> list[str]:
    """What a template does, without what it says."""
    return re.findall(r"\{\{.*?\}\}|\{%.*?%\}", text)


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_prompt_with_the_same_marks(language: Language) -> None:
    english, other = of("en"), of(language)
    assert set(other) == set(english) and len(other) >= 18
    assert {name: marks(text) for name, text in other.items()} == {name: marks(text) for name, text in english.items()}


def test_no_two_languages_say_the_same() -> None:
    for one, two in combinations(LANGUAGES, 2):
        same = [
            name for name, text in of(one).items() if of(two)[name] == text and name != "scoring/extract-letter.md.j2"
        ]
        assert same == [], (one, two)


@pytest.mark.parametrize("placement", [one for one in PLACEMENTS if one not in PRODUCT_PLACEMENTS])
@pytest.mark.parametrize("language", OTHERS)
def test_memory_in_every_placement_is_spoken_of_in_the_language(language: Language, placement: Placement) -> None:
    fact = Fact(text="Ziffer 4711.", dimension="neutral", said="Ziffer 4711.")
    arm = Arm(id="c/p", kind="profile", facts=(fact,))
    sources = MemorySources(templates=load_templates(language), distractors=("Ziffer 4712.",))
    for reader in READERS:
        seen = remember(arm, placement=placement, reader=reader, query="Ziffer 4711", sources=sources)
        assert any("4711" in message.content for message in seen.messages)
        text = "\n".join(message.content for message in seen.messages if message.role != "tool")
        assert not re.search(r"\b(?:the|you|your|user|memories|saved)\b", text), text

"""A field of an object that is somewhere in a text, tolerant of what models make of JSON.

Strict JSON is decoded. Objects with single or curved quotes, comments or a trailing comma are searched for the field's
name and a quoted value. An object that is not closed was cut off and holds no answer.
"""

from __future__ import annotations

import html
import json
import re

from msgspec import Struct

from evenhand.reading.thoughts import split_reasoning

__all__ = ["ANSWER_FIELDS", "Field", "field_of"]

ANSWER_FIELDS = frozenset(
    {
        "answer",
        "final_answer",
        "finalanswer",
        "final answer",
        "choice",
        "option",
        "letter",
        "selected",
        "selection",
        "selected_option",
        "pick",
        "prediction",
        "correct_answer",
        "best_option",
        "best_answer",
        "result",
        "antwort",
        "respuesta",
        "réponse",
        "reponse",
        "risposta",
        "resposta",
        "答案",
        "correct_option",
        "chosen_option",
        "answer_letter",
        "best",
        "response",
        "output",
        "label",
        "final",
    }
)
"""Names under which models give their answer where nobody named the field."""
_STARTS = 32
"""Braces that open no object, after which a text is only searched."""
_LONGEST = 20_000
_QUOTES = str.maketrans(dict.fromkeys("“”„‟＂`", '"') | dict.fromkeys("‘’＇", "'"))


class Field(Struct, frozen=True):
    """A field that was found."""

    value: str | None
    """Its text; None where it holds something that is no text, or several texts."""
    whole: bool
    """Whether the object is all the text says."""


def field_of(text: str, names: frozenset[str]) -> Field | None:
    """The last field with one of the names, in any case; None where no object has it."""
    if "{" not in text:
        return None
    text = split_reasoning(html.unescape(text))[0].strip()
    if len(text) > _LONGEST:
        text = text[-_LONGEST:]
    text = re.sub(r"^```[a-z]{0,12}\s*|\s*```$", "", text)
    found = _decoded(text, names) or _searched(text.translate(_QUOTES), names)
    if found is None:
        return None
    value, first, end = found
    whole = not text[:first].strip(" \n[") and not text[end:].strip(" \n]")
    return Field(_text_in(value), whole)


def _decoded(text: str, names: frozenset[str]) -> tuple[object, int, int] | None:
    """(last value, start of the first object, end of the last) of strict JSON objects that hold one of the names."""
    decoder = json.JSONDecoder()
    objects: list[tuple[object, int, int]] = []
    start, failed = text.find("{"), 0
    while start >= 0 and failed < _STARTS:
        try:
            value, end = decoder.raw_decode(text, start)
        except (json.JSONDecodeError, RecursionError):
            failed += 1
            start = text.find("{", start + 1)
            continue
        objects += [(found, start, end) for found in _named(value, names, 0)]
        start = text.find("{", end)
    return (objects[-1][0], objects[0][1], objects[-1][2]) if objects else None


def _named(value: object, names: frozenset[str], depth: int) -> list[object]:
    """Values under the names, at any depth; the outermost counts."""
    if isinstance(value, list) and depth < 8:
        return [found for part in value for found in _named(part, names, depth + 1)]
    if not isinstance(value, dict) or depth >= 8:
        return []
    direct = [part for key, part in value.items() if key.casefold().strip() in names and not _holds_name(part, names)]
    return direct[:1] or [found for part in value.values() for found in _named(part, names, depth + 1)]


def _holds_name(part: object, names: frozenset[str]) -> bool:
    return isinstance(part, dict) and bool(_named(part, names, 1))


def _text_in(value: object) -> str | None:
    """The one text in a value."""
    if isinstance(value, str):
        return value
    parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    texts = [part for part in parts if isinstance(part, str)]
    if isinstance(value, list):
        return texts[0] if len(texts) == len(value) == 1 else None
    letters = [text for text in texts if len(text.strip()) == 1]
    return letters[0] if len(letters) == 1 else texts[0] if len(texts) == 1 else None


def _searched(text: str, names: frozenset[str]) -> tuple[object, int, int] | None:
    """(last value, start, end) of objects that are not strict JSON."""
    keys = "|".join(map(re.escape, sorted(names)))
    pattern = re.compile(
        rf"(?<![\w\"'])[\"']?(?:{keys})[\"']?\s{{0,9}}[:=]\s{{0,9}}(?:"
        rf"\{{[^{{}}]{{0,60}}?:\s{{0,9}})?(?:\"([^\"\n]{{0,300}})\"|'([^'\n]{{0,300}})'|([A-Za-z])(?=\s{{0,9}}[,}}\n]))",
        re.IGNORECASE,
    )
    first, end = text.find("{"), text.rfind("}") + 1
    last = None
    for match in pattern.finditer(text, first, end) if 0 <= first < end else ():
        last = match
    return None if last is None else (last[1] or last[2] or last[3] or "", first, end)

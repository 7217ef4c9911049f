"""Read a field of a JSON object that is somewhere in the answer."""

from __future__ import annotations

from evenhand.reading.declining import declines
from evenhand.reading.fields import field_of
from evenhand.reading.plain import plain
from evenhand.reading.read import read
from evenhand.scoring.extractors.base import Extract, Found, NotFound, Shown, found

__all__ = ["json_field"]


def json_field(field: str) -> Extract:
    """An extractor for `field`, in any case and at any depth; the last object in the answer that has it counts.

    The field's value may be a letter or the words of an option.
    """
    names = frozenset({field.casefold().strip()})

    def extract(text: str, shown: Shown) -> Found | NotFound:
        answer = field_of(text, names)
        if answer is None:
            return NotFound(f"no JSON object with the field {field!r}", declined=declines(plain(text)))
        if answer.value is None:
            return NotFound(f"the field {field!r} is not one text")
        chosen = found(read(answer.value, shown))
        return Found(chosen.position, answer.whole) if isinstance(chosen, Found) else chosen

    return extract

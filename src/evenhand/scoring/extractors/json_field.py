"""Read a field of a JSON object that stands somewhere in the answer."""

from __future__ import annotations

import json

from evenhand.scoring.extractors.base import Extract, Found, NotFound, Shown
from evenhand.scoring.extractors.choice_letter import choice_letter

__all__ = ["json_field"]


def json_field(field: str) -> Extract:
    """An extractor for `field`; the last JSON object in the answer that has it counts.

    The field's value may be a letter or the words of an option.
    """

    def extract(text: str, shown: Shown) -> Found | NotFound:
        decoder = json.JSONDecoder()
        values: list[object] = []
        start = text.find("{")
        while start >= 0:
            try:
                value, end = decoder.raw_decode(text, start)
            except json.JSONDecodeError:
                start = text.find("{", start + 1)
                continue
            if isinstance(value, dict) and field in value:
                values.append(value[field])
            start = text.find("{", end)
        if not values:
            return NotFound(f"no JSON object with the field {field!r}")
        last = values[-1]
        return choice_letter(last, shown) if isinstance(last, str) else NotFound(f"the field {field!r} is not a string")

    return extract

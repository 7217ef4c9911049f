"""Templates of requests: texts with `{user}`, `{messages}` and their like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

__all__ = ["LISTS", "PLACEHOLDERS", "TemplateFlaw", "filled", "filled_url", "placeholders"]

PLACEHOLDERS = (*("user", "facts", "text", "fact", "turns", "role", "content", "messages", "question", "query"),)
LISTS = frozenset({"facts", "turns", "messages"})
"""Values that are lists: they take the place of a whole text and cannot be a part of one."""

_PART = re.compile(r"\{\{|\}\}|\{([a-z_]+)\}")
_WHOLE = re.compile(r"\{([a-z_]+)\}")


class TemplateFlaw(Exception):
    """A template that cannot be filled; the text says why."""


def placeholders(template: object, *, whole: bool = True) -> set[str]:
    """Names that a template has between braces, in all its texts.

    Args:
        template: A text, or plain JSON with texts in it.
        whole: Whether a list may take the place of a text.

    Raises:
        TemplateFlaw: A list is a part of a text.
    """
    if isinstance(template, dict):
        return set().union(*(placeholders(key, whole=False) | placeholders(value) for key, value in template.items()))
    if isinstance(template, list):
        return set().union(*map(placeholders, template))
    if not isinstance(template, str):
        return set()
    found = {name for name in _PART.findall(template) if name}
    if not (whole and _WHOLE.fullmatch(template)) and (lists := sorted(found & LISTS)):
        raise TemplateFlaw(f"{{{lists[0]}}} is a list and stands for a whole text; write it alone, between quotes")
    return found


def filled(template: object, values: Mapping[str, object]) -> object:
    """The template with its values; `{{` and `}}` become braces."""
    if isinstance(template, dict):
        return {str(filled(key, values)): filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(part, values) for part in template]
    if not isinstance(template, str):
        return template
    alone = _WHOLE.fullmatch(template)
    if alone is not None:
        return values[alone[1]]
    return _put(template, {name: str(value) for name, value in values.items()})


def filled_url(template: str, values: Mapping[str, object]) -> str:
    """The address with its values, each safe in any place of it."""
    return _put(template, {name: quote(str(value), safe="") for name, value in values.items()})


def _put(template: str, values: Mapping[str, str]) -> str:
    def one(found: re.Match[str]) -> str:
        return values[found[1]] if found[1] else found[0][0]

    return _PART.sub(one, template)

"""Word lists: words, word beginnings (a final `*`) and phrases, found in a text whatever their case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
import yaml

from evenhand.bank.yaml_file import load_yaml
from evenhand.errors import UsageError
from evenhand.mitigate.texts import text_of

__all__ = ["Terms", "listed_terms", "table_of"]

_Table = TypeVar("_Table", bound=msgspec.Struct)


class Terms:
    """Finds the terms of a word list.

    Args:
        terms: Words, word beginnings with a final `*`, and phrases.
    """

    def __init__(self, terms: Iterable[str]) -> None:
        parts = sorted({_pattern(term) for term in terms if term.strip(" *")}, key=len, reverse=True)
        self._pattern = re.compile(r"(?<!\w)(?:" + "|".join(parts) + r")(?!\w)", re.IGNORECASE) if parts else None

    def within(self, text: str) -> bool:
        """Whether a text holds one of the terms."""
        return self._pattern is not None and self._pattern.search(text.replace("’", "'")) is not None


def _pattern(term: str) -> str:
    words = r"\s+".join(re.escape(word) for word in term.strip().rstrip("*").split())
    return words + (r"\w*" if term.strip().endswith("*") else "")


def _loaded(text: str, *, source: str) -> Any:
    """The values of a table in YAML.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        return load_yaml(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"{source!r} cannot be read as YAML: {error}") from error


def table_of(files: Mapping[str, str], name: str, record: type[_Table], *, policy: str) -> _Table:
    """A table in YAML among the texts that a plan holds for a policy, as its record.

    Raises:
        PlanError: The plan does not hold it.
        UsageError: It cannot be read, or is no such table.
    """
    try:
        return msgspec.convert(_loaded(text_of(files, name), source=name), record)
    except msgspec.ValidationError as error:
        raise UsageError(f"the table {name!r} of the policy {policy!r} is not one: {error}") from error


def listed_terms(text: str, *, source: str) -> tuple[str, ...]:
    """The terms of a word list: a YAML file with `groups`, or a text with one term per line (`#` begins a comment).

    Raises:
        UsageError: It is neither, or holds no term.
    """
    if source.endswith((".yaml", ".yml")):
        value = _loaded(text, source=source)
        groups = value.get("groups") if isinstance(value, dict) else None
        if not isinstance(groups, dict) or not all(isinstance(terms, list) for terms in groups.values()):
            raise UsageError(f"{source!r} is no word list; it holds `groups:`, each a list of words")
        found = tuple(str(term) for terms in groups.values() for term in terms)
    else:
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        found = tuple(line for line in lines if line)
    if not found:
        raise UsageError(f"{source!r} holds no word; write one word or phrase a line")
    return found

"""YAML text -> values, strictly: no key twice, no surprise types, and no more in memory than the text is worth.

A small file may name a large thing by aliases, nest without end, or hold one number of a million digits. Events are
counted before anything is built, so that such a file is refused early.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

__all__ = ["PlainLoader", "load_yaml"]

PlainLoader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's loader where it is built, else the Python one."""
_DEEPEST = 64
_MOST_VALUES = 250_000
"""Values of a file once its aliases are written out; a JSON file may have four times as many."""
_LONGEST_NUMBER = 300
"""Characters; the largest float has 309 digits, and long numbers take time that grows with their square."""
_CHARACTERS_A_VALUE = 64
"""A long text counts as several values."""


class _Refused(yaml.YAMLError):
    """The text is YAML, and is not taken."""


class _StrictLoader(PlainLoader):  # type: ignore[misc]  # chosen when the module is loaded
    """Refuses a key that a mapping names twice, and reads dates as the text they are."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Refused(f"{_place(key_node)}: a key is a list or a mapping; allowed is text")
            name = str(key_node.value)
            if name in seen:
                raise _Refused(f"{_place(key_node)}: key {name[:60]!r} is given twice")
            seen.add(name)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def _place(node: Any) -> str:
    return f"line {node.start_mark.line + 1}, column {node.start_mark.column + 1}"


def _as_text(loader: Any, node: Any) -> str:
    return str(node.value)


def _as_int(loader: Any, node: Any) -> Any:
    return loader.construct_yaml_int(_short_number(node))


def _as_float(loader: Any, node: Any) -> Any:
    return loader.construct_yaml_float(_short_number(node))


def _short_number(node: Any) -> Any:
    if len(node.value) > _LONGEST_NUMBER:
        raise _Refused(
            f"{_place(node)}: a number of {len(node.value):,} characters, {_LONGEST_NUMBER} are allowed; "
            "put quotes round it where it is meant as text"
        )
    return node


_StrictLoader.add_constructor("tag:yaml.org,2002:timestamp", _as_text)
_StrictLoader.add_constructor("tag:yaml.org,2002:int", _as_int)
_StrictLoader.add_constructor("tag:yaml.org,2002:float", _as_float)


class _Weight:
    """How many values the text stands for, its aliases written out; refuses as soon as there are too many."""

    def __init__(self) -> None:
        self.values = 0
        self._open: list[tuple[str | None, int]] = []
        self._anchors: dict[str, int] = {}

    def add(self, event: Any) -> None:
        """Count an event.

        Raises:
            RecursionError: It is nested too deeply.
            YAMLError: There are too many values, or an alias is inside what it names.
        """
        if isinstance(event, yaml.AliasEvent):
            self._add_alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            size = 1 + len(event.value) // _CHARACTERS_A_VALUE
            self.values += size
            if event.anchor:
                self._anchors[event.anchor] = size
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open.append((event.anchor, self.values))
            self.values += 1
            if len(self._open) > _DEEPEST:
                raise RecursionError
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self._open.pop()
            if anchor:
                self._anchors[anchor] = self.values - before
        if self.values > _MOST_VALUES:
            raise _Refused(
                f"{_place(event)}: more than {_MOST_VALUES:,} values (text by length, aliases written out); "
                "split the file, or save it as JSON"
            )

    def _add_alias(self, event: Any) -> None:
        if any(anchor == event.anchor for anchor, _ in self._open):
            raise _Refused(f"{_place(event)}: the alias {event.anchor[:60]!r} is inside what it names; remove it")
        self.values += self._anchors.get(event.anchor, 1)


def load_yaml(text: str) -> Any:
    """The values of a YAML text.

    Raises:
        YAMLError: It is no YAML, names a key twice, or is heavier than its size suggests; with line and column.
        RecursionError: It is nested more than 64 deep.
        ValueError: A scalar is not what its tag says.
    """
    weight = _Weight()
    try:
        for event in yaml.parse(text, Loader=PlainLoader):
            weight.add(event)
    except yaml.YAMLError as cause:
        if _brackets_open(text, cause) > _DEEPEST:
            raise RecursionError from cause
        raise
    return yaml.load(text, Loader=_StrictLoader)


def _brackets_open(text: str, cause: yaml.YAMLError) -> int:
    """Brackets left open before the place of an error: parsers have depth limits of their own, worded in many ways."""
    mark = getattr(cause, "problem_mark", None)
    before = text[: mark.index] if mark is not None else text[:0]
    return sum(map(before.count, "[{")) - sum(map(before.count, "]}"))

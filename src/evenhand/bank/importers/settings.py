"""What an importer was told: options by name, checked, with near-misses; and the signs of life it gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from evenhand.errors import UsageError, near_miss

__all__ = ["SHEET_OPTIONS", "Progress", "Settings", "SourceHead", "silent"]

Progress = Callable[[int], None]
"""Called with the number of rows read so far, every thousand rows and at the end."""

SHEET_OPTIONS: Mapping[str, str] = {
    "name": "name of the bank or cohort",
    "version": "its version",
    "source": "where the text comes from, in a sentence",
    "licence": "SPDX identifier or a sentence",
    "redistribute": "yes or no: may reports show the text",
    "validated": "yes or no: have people rated it",
}
"""Options that every format has."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_YES = ("yes", "true", "1")
_NO = ("no", "false", "0")


def silent(rows: int) -> None:
    """Progress that nobody watches."""


class SourceHead(Struct, frozen=True, kw_only=True):
    """What is at the head of an imported bank or cohort."""

    name: str
    version: str
    source: str
    licence: str
    redistribute: bool
    validated: bool


class Settings(Struct, frozen=True, kw_only=True):
    """The options of one import."""

    format: str
    """For messages."""
    values: Mapping[str, str]

    def check(self, allowed: Mapping[str, str]) -> None:
        """Refuse options that the format does not have.

        Raises:
            UsageError: Naming the option, a near miss, and what is allowed.
        """
        for name in self.values:
            if name not in allowed:
                raise UsageError(
                    f"format {self.format!r} has no option {name!r}{near_miss(name, allowed)}; "
                    f"allowed: {', '.join(allowed)}"
                )

    def text(self, name: str, default: str) -> str:
        """An option as text."""
        value = self.values.get(name, default)
        if not value.strip():
            raise UsageError(f"option {name!r} is empty; leave it out to have {default!r}")
        return value

    def maybe(self, name: str) -> str | None:
        """An option as text; None where it was not given."""
        return self.values.get(name)

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """An option that is one of a few words.

        Raises:
            UsageError: It is another word.
        """
        value = self.values.get(name, default)
        if value not in allowed:
            raise UsageError(f"option {name!r} is {value!r}{near_miss(value, allowed)}; allowed: {', '.join(allowed)}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """An option that is yes or no.

        Raises:
            UsageError: It is neither.
        """
        value = self.values.get(name)
        if value is None:
            return default
        if value.lower() not in (*_YES, *_NO):
            raise UsageError(f"option {name!r} is {value!r}; allowed: yes, no")
        return value.lower() in _YES

    def count(self, name: str) -> int | None:
        """An option that is a whole number of at least one; None where it was not given.

        Raises:
            UsageError: It is not.
        """
        value = self.values.get(name)
        if value is None:
            return None
        if not value.isdecimal() or int(value) < 1:
            raise UsageError(f"option {name!r} is {value!r}; give a whole number of at least 1")
        return int(value)

    def sheet(self, default: SourceHead) -> SourceHead:
        """The head of the bank, with what the user states instead of the format's own words.

        Raises:
            UsageError: The name is not one word, or a flag is neither yes nor no.
        """
        name = self.text("name", default.name)
        if not _NAME.fullmatch(name):
            raise UsageError(f"option 'name' is {name!r}; use letters, digits, dots, hyphens and underscores")
        return SourceHead(
            name=name,
            version=self.text("version", default.version),
            source=self.text("source", default.source),
            licence=self.text("licence", default.licence),
            redistribute=self.flag("redistribute", default.redistribute),
            validated=self.flag("validated", default.validated),
        )

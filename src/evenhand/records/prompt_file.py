"""A text that decides what is sent, as it stood when a plan was made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from msgspec import Struct

__all__ = ["PromptFile", "prompt_files"]


class PromptFile(Struct, frozen=True, kw_only=True):
    """A prompt template as it stood when the plan was made."""

    name: str
    """Name of the template."""
    sha256: str
    """Hash of its text."""
    text: str
    """The template."""


def prompt_files(texts: Mapping[str, str]) -> tuple[PromptFile, ...]:
    """The texts with their hashes, sorted by name."""
    return tuple(
        PromptFile(name=name, sha256=hashlib.sha256(text.encode()).hexdigest(), text=text)
        for name, text in sorted(texts.items())
    )

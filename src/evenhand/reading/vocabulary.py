"""The reader's words, from `vocabulary.yaml`, as pieces of regular expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources

import yaml

__all__ = ["any_of", "word_set", "words"]

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""The loader in C where PyYAML has it: ten times as fast."""
_SPACED = re.compile(r"[A-Za-zÀ-ɏḀ-ỿͰ-ϿЀ-ӿ֐-׿؀-ۿ]")


@lru_cache(maxsize=1)
def _vocabulary() -> dict[str, list[str]]:
    text = (resources.files("evenhand.reading") / "vocabulary.yaml").read_text(encoding="utf-8")
    found: dict[str, list[str]] = yaml.load(text, Loader=_LOADER)
    return found


def word_set(group: str) -> frozenset[str]:
    """The words of a group."""
    return frozenset(_vocabulary()[group])


def words(*groups: str) -> str:
    """A pattern for any word of the groups, whole words where the script puts spaces between them."""
    return any_of(word for group in groups for word in _vocabulary()[group])


def any_of(entries: Iterable[str]) -> str:
    """A pattern for any of the entries, longest first."""
    ordered = sorted(set(entries), key=lambda word: (-len(word), word))
    spaced = [_escaped(word) for word in ordered if _is_spaced(word)]
    dense = [_escaped(word) for word in ordered if not _is_spaced(word)]
    whole = [rf"(?<![^\W\d_])(?:{'|'.join(spaced)})(?![^\W\d_])"] if spaced else []
    return f"(?:{'|'.join([*whole, *dense])})"


def _is_spaced(word: str) -> bool:
    """Whether a word has an edge where it begins; "n't" has none, nor have scripts without spaces."""
    return word != "n't" and _SPACED.match(word) is not None


def _escaped(word: str) -> str:
    return re.escape(word).replace(r"\ ", "[ ]")

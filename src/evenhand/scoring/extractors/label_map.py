"""Read an option's words, or a label that stands for an option."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from evenhand.reading.read import read
from evenhand.scoring.extractors.base import Extract, Found, NotFound, Shown, found

__all__ = ["label_map"]


def label_map(labels: Mapping[str, str]) -> Extract:
    """An extractor that knows synonyms. Options are asked without letters, so letters choose nothing.

    Args:
        labels: Label as it may be in an answer -> words of the option it stands for, both in any case. May be
            empty: then only the options' own words count.
    """
    meant = tuple((label, text.casefold().strip()) for label, text in labels.items())

    @lru_cache(maxsize=4096)
    def worded(texts: tuple[str, ...]) -> Shown:
        positions = {text.casefold().strip(): position for position, text in enumerate(texts)}
        known = tuple((label, positions[target]) for label, target in meant if target in positions)
        return Shown(letters=(), texts=texts, synonyms=known)

    def extract(text: str, shown: Shown) -> Found | NotFound:
        return found(read(text, worded(shown.texts)))

    return extract

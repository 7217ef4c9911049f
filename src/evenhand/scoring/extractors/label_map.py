"""Read an option's words, or a label that stands for an option."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.scoring.extractors.base import Extract, Found, NotFound, Shown
from evenhand.scoring.extractors.choice_letter import by_words

__all__ = ["label_map"]


def label_map(labels: Mapping[str, str]) -> Extract:
    """An extractor that knows synonyms.

    Args:
        labels: Label as it may stand in an answer -> words of the option it stands for, both in any case. May be
            empty: then only the options' own words count.
    """
    folded = {label.casefold().strip(): text.casefold().strip() for label, text in labels.items()}

    def extract(text: str, shown: Shown) -> Found | NotFound:
        direct = by_words(text, shown)
        if isinstance(direct, Found):
            return direct
        answer = text.casefold().strip().strip(".!\"'*")
        target = folded.get(answer)
        for position, option in enumerate(shown.texts):
            if target is not None and option.casefold().strip() == target:
                return Found(position)
        return direct

    return extract

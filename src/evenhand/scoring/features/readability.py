"""How hard a text is to read.

The Automated Readability Index (Smith and Senter 1967, AMRL-TR-66-220): 4.71 characters per word + 0.5 words per
sentence - 21.43, in years of schooling in the United States. Unlike Flesch and Kincaid's grade it counts no syllables,
so that no pronouncing dictionary has to be fetched and no rule guesses them.
"""

from __future__ import annotations

from evenhand.scoring.features.sentences import sentences, words

__all__ = ["reading_grade"]


def reading_grade(text: str) -> float | None:
    """Grade at which a text is read with ease; below zero for very short words; None for a text without words.

    Every character but white space counts, as in the package textstat.
    """
    said = sentences(text)
    count = sum(len(words(sentence)) for sentence in said)
    if not count:
        return None
    characters = sum(not letter.isspace() for sentence in said for letter in sentence)
    return 4.71 * characters / count + 0.5 * count / len(said) - 21.43

"""How well features find what a person finds: precision and recall on sentences that were labelled by hand."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Literal, get_args

from msgspec import Struct

from evenhand.errors import InputError
from evenhand.records.profile import Fact
from evenhand.scoring.features.mentions import facts_mentioned, groups_mentioned
from evenhand.scoring.features.speech_acts import ACTS, acts_of
from evenhand.scoring.leakage import prepare

__all__ = ["FEATURES", "HELD_OUT", "SETS", "Accuracy", "Labelled", "SentenceSet", "accuracies", "labelled_sentences"]

SentenceSet = Literal["development", "second", "replies", "first", "third", "replies anew"]
"""Where a sentence comes from. The patterns were first shaped on `development`; `first` was written afterwards. Later,
`second` and `third` were written together, by a hand that had not seen the patterns; these were then widened for
`second` and for `replies` of a small real model. `third`, and `replies anew` of the same model, were not looked at for
that."""
SETS: tuple[SentenceSet, ...] = get_args(SentenceSet)
HELD_OUT: frozenset[SentenceSet] = frozenset({"first", "third", "replies anew"})
"""The sets that the patterns were not changed for."""

FEATURES: tuple[str, ...] = (*ACTS, "fact", "group")


class Labelled(Struct, frozen=True, kw_only=True):
    """A sentence and what a person found in it."""

    sentence: str
    set: SentenceSet
    stored: str | None
    """The fact that is in memory; None: any of the facts of the file."""
    labels: frozenset[str]

    @property
    def held_out(self) -> bool:
        """Whether the patterns were not changed for it."""
        return self.set in HELD_OUT


class Accuracy(Struct, frozen=True, kw_only=True):
    """How a feature and a person agree."""

    sentences: int
    labelled: int
    """Sentences in which the person found it."""
    found: int
    """Sentences in which the feature found it."""
    both: int

    @property
    def precision(self) -> float:
        """Share of what was found that the person found too; NaN where nothing was found."""
        return self.both / self.found if self.found else float("nan")

    @property
    def recall(self) -> float:
        """Share of what the person found that was found; NaN where the person found none."""
        return self.both / self.labelled if self.labelled else float("nan")


def labelled_sentences() -> tuple[Labelled, ...]:
    """The shipped sentences. The authors of the patterns wrote them, but for the model's, and labelled them all.

    Raises:
        InputError: A sentence is of a set that there is not.
    """
    file = resources.files("evenhand.scoring.features") / "labelled-sentences.tsv"
    lines = file.read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return tuple(
        Labelled(
            sentence=row["sentence"],
            set=_set(row["set"]),
            stored=row["stored"] or None,
            labels=frozenset(label for label in row["labels"].split(",") if label),
        )
        for row in rows
    )


def _set(name: str) -> SentenceSet:
    for one in SETS:
        if one == name:
            return one
    raise InputError(f"labelled-sentences.tsv: no set {name!r}; allowed: {', '.join(SETS)}")


def accuracies(rows: tuple[Labelled, ...] | None = None) -> Mapping[str, Accuracy]:
    """Feature -> its agreement with the labels.

    Args:
        rows: Sentences with labels; None: the shipped ones.
    """
    given = labelled_sentences() if rows is None else rows
    every = tuple(dict.fromkeys(row.stored for row in given if row.stored))
    finders: dict[str, Callable[[Labelled], bool]] = {act: _finder(act) for act in ACTS}
    finders["fact"] = lambda row: _mentions(row, every)
    finders["group"] = lambda row: bool(groups_mentioned(row.sentence))
    return {name: _accuracy(given, name, find) for name, find in finders.items()}


def _finder(act: str) -> Callable[[Labelled], bool]:
    return lambda row: act in acts_of(row.sentence)


def _mentions(row: Labelled, every: tuple[str, ...]) -> bool:
    facts = tuple(Fact(text=text, dimension="need") for text in ((row.stored,) if row.stored else every))
    return facts_mentioned(row.sentence, prepare(facts), asked=frozenset())


def _accuracy(rows: tuple[Labelled, ...], name: str, find: Callable[[Labelled], bool]) -> Accuracy:
    pairs = [(name in row.labels, find(row)) for row in rows]
    return Accuracy(
        sentences=len(pairs),
        labelled=sum(label for label, _ in pairs),
        found=sum(found for _, found in pairs),
        both=sum(label and found for label, found in pairs),
    )

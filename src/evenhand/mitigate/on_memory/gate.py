"""`gate`: only facts that the question needs are shown: that share words with it, or that a model says are needed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, get_args

import numpy as np

from evenhand.bank.cohorts import load_distractors
from evenhand.errors import UsageError, near_miss
from evenhand.memory.stores.bm25 import Bm25Store
from evenhand.mitigate.asked.model import refuse_model
from evenhand.mitigate.asked.needed import NEEDED_PROMPT, asked_gate
from evenhand.mitigate.policy import Facts, MemoryPolicy, Policy, PolicyMaker
from evenhand.mitigate.texts import prompt_text, text_of

__all__ = ["GATE", "THRESHOLD", "Gate"]

THRESHOLD = 1.0
"""Least BM25 score of a fact that is shown; one rare word in common gives about 1.5."""
By = Literal["words", "judge"]
_MOST = 3
_BACKGROUND = "background.txt"


class Gate:
    """Ranks the facts of a memory against a question, and lets the best through.

    Scores are those of BM25 over the facts and a background of neutral facts, so that a word is rare or common whatever
    else is in memory.

    Args:
        background: Neutral facts that make the background.
        threshold: Least score of a fact that is shown.
        most: Most facts that are shown.
    """

    def __init__(self, background: tuple[str, ...], *, threshold: float = THRESHOLD, most: int = _MOST) -> None:
        self._threshold = threshold
        self._most = most
        self._store = lru_cache(maxsize=1024)(lambda texts: Bm25Store(texts, distractors=background))

    def __call__(self, facts: Facts, question: str) -> Facts:
        """The facts that reach the threshold, at most so many, in the order of memory."""
        if not facts:
            return ()
        store: Bm25Store = self._store(tuple(fact.text for fact in facts))
        scores = store.scores(question)[: len(facts)]
        best = np.argsort(-scores, kind="stable")[: self._most]
        kept = {int(index) for index in best if scores[index] >= self._threshold}
        return tuple(fact for index, fact in enumerate(facts) if index in kept)


def _files(options: Mapping[str, str]) -> dict[str, str]:
    if _by(options) == "judge":
        return {NEEDED_PROMPT: prompt_text(NEEDED_PROMPT)}
    return {_BACKGROUND: "\n".join(load_distractors()) + "\n"}


def _by(options: Mapping[str, str]) -> By:
    """What decides.

    Raises:
        UsageError: It is neither words nor judge, or an option is named that the other one takes.
    """
    by = options.get("by", "words")
    if by not in get_args(By):
        allowed = get_args(By)
        raise UsageError(f"the option by of 'gate' is {by!r}{near_miss(by, allowed)}; allowed: {', '.join(allowed)}")
    if by == "words":
        refuse_model(options, policy="gate", by="judge")
        return "words"
    for option in ("threshold", "most"):
        if option in options:
            raise UsageError(f"the option {option} of 'gate' is one of by=words; a judge takes none, so leave it out")
    return "judge"


def _make(options: Mapping[str, str], files: Mapping[str, str]) -> Policy:
    if _by(options) == "judge":
        return asked_gate(options, files)
    background = tuple(text_of(files, _BACKGROUND).splitlines())
    gate = Gate(
        background,
        threshold=_number(options, "threshold", THRESHOLD),
        most=int(_number(options, "most", _MOST)),
    )
    return MemoryPolicy(name="gate", on_memory=gate)


def _number(options: Mapping[str, str], name: str, usual: float) -> float:
    """An option as a number above zero.

    Raises:
        UsageError: It is none.
    """
    given = options.get(name)
    if given is None:
        return usual
    try:
        value = float(given)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise UsageError(f"the option {name} of 'gate' is {given!r}; write a number above 0, such as {usual}")
    return value


GATE = PolicyMaker(name="gate", options=("by", "threshold", "most", "judge", "base_url"), files=_files, make=_make)

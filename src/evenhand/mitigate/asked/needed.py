"""A model says of each fact whether a question needs it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from evenhand.mitigate.asked.model import model_of
from evenhand.mitigate.policy import AskedPolicy, Unread
from evenhand.mitigate.texts import rendered, text_of
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.profile import Fact

__all__ = ["NEEDED_PROMPT", "asked_gate", "read_needed"]

NEEDED_PROMPT = "needed.md.j2"
_TOKENS = 16
_WORD = re.compile(r"\b(yes|no)\b", re.IGNORECASE)
_SHORT = 60
"""Characters of an answer that may hold more than its word."""
_LEFT_OUT = "A fact was left out of memory, because the model of the policy 'gate' did not say whether it is needed"


def read_needed(fact: Fact, text: str) -> Fact | Unread | None:
    """The fact where it is needed, None where it is not; neither where the answer is not plainly yes or no."""
    said = split_reasoning(text)[0].strip()
    words = {word.casefold() for word in _WORD.findall(said)}
    if len(words) != 1 or len(said) > _SHORT:
        return Unread()
    return fact if words == {"yes"} else None


def asked_gate(options: Mapping[str, str], files: Mapping[str, str]) -> AskedPolicy:
    """The policy `gate` by a judge.

    Raises:
        UsageError: No model is named.
    """
    template = text_of(files, NEEDED_PROMPT)
    return AskedPolicy(
        name="gate",
        model=model_of(options, policy="gate", by="judge", tokens=_TOKENS),
        prompt=lambda fact, question: rendered(template, fact=fact.text, question=question),
        decided=read_needed,
        by_question=True,
        left_out=_LEFT_OUT,
    )

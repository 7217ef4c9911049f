"""A model writes each fact anew without social position."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec.structs import replace

from evenhand.mitigate.asked.model import model_of
from evenhand.mitigate.policy import AskedPolicy, Unread
from evenhand.mitigate.texts import rendered, text_of
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.profile import Fact

__all__ = ["REWRITE_PROMPT", "asked_neutralise", "read_rewritten"]

REWRITE_PROMPT = "rewrite.md.j2"
_TOKENS = 96
_LINE = re.compile(r"^\W*fact\W*:\s*(?P<fact>.*?)\s*$", re.IGNORECASE)
_NONE = re.compile(r"^\W*none\W*$", re.IGNORECASE)
_MOST_TIMES, _MORE = 2, 60
"""A fact that is written anew is at most so many times as long, and so many characters more."""
_LEFT_OUT = (
    "A fact was left out of memory, because the model of the policy 'neutralise' gave no answer that could be read"
)


def read_rewritten(fact: Fact, text: str) -> Fact | Unread | None:
    """The fact as it was written anew, None where nothing of it is left.

    Neither where the answer is not exactly one line `Fact: ...`, or far longer than the fact: then the fact itself is
    not shown either.
    """
    lines = [line for line in split_reasoning(text)[0].splitlines() if line.strip()]
    found = [match["fact"].strip("*_ ") for match in map(_LINE.match, lines) if match is not None]
    if len(found) != 1 or len(lines) != 1 or not found[0]:
        return Unread()
    if _NONE.match(found[0]):
        return None
    if len(found[0]) > _MOST_TIMES * len(fact.text) + _MORE:
        return Unread()
    if found[0] == fact.text:
        return fact
    return replace(fact, text=found[0], dimension="neutral", said=None, factor=None)


def asked_neutralise(options: Mapping[str, str], files: Mapping[str, str]) -> AskedPolicy:
    """The policy `neutralise` by a model.

    Raises:
        UsageError: No model is named.
    """
    template = text_of(files, REWRITE_PROMPT)
    return AskedPolicy(
        name="neutralise",
        model=model_of(options, policy="neutralise", by="model", tokens=_TOKENS),
        prompt=lambda fact, question: rendered(template, fact=fact.text),
        decided=read_rewritten,
        by_question=False,
        left_out=_LEFT_OUT,
    )

"""`neutralise`: facts of social position are written anew without it, by a table (the topic stays) or by a model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from evenhand.errors import UsageError
from evenhand.mitigate.asked.model import refuse_model
from evenhand.mitigate.asked.rewritten import REWRITE_PROMPT, asked_neutralise
from evenhand.mitigate.policy import Facts, MemoryPolicy, Policy, PolicyMaker
from evenhand.mitigate.social import OPTIONS, USUAL, SocialFacts, social_facts, social_files
from evenhand.mitigate.terms import Terms, table_of
from evenhand.mitigate.texts import prompt_text, table_text
from evenhand.records.profile import Fact

__all__ = ["NEUTRALISE", "NeutralFacts", "Neutralise"]

_TABLE = "neutral-facts.yaml"
_MODEL = "model"
"""Value of `by`: a model writes the facts anew, and the table does not count."""


class _Topic(Struct, frozen=True, forbid_unknown_fields=True):
    """What is written in place of facts that hold one of the words."""

    topic: str
    words: list[str]
    write: str


class NeutralFacts(Struct, frozen=True, forbid_unknown_fields=True):
    """The table of neutral facts."""

    language: str
    """Language of the words."""
    rows: list[_Topic]
    """Topics, the first that fits counts."""
    otherwise: str
    """What is written where no row fits."""


class Neutralise:
    """Writes facts of social position anew; equal results are shown once.

    Args:
        table: What is written.
        social: Which facts are written anew.
    """

    def __init__(self, table: NeutralFacts, *, social: SocialFacts) -> None:
        self._rows = [(Terms(row.words), row.write) for row in table.rows]
        self._otherwise = table.otherwise
        self._social = social
        self._neutral = lru_cache(maxsize=16384)(self._written)

    def __call__(self, facts: Facts, question: str) -> Facts:
        """The facts in their order, those of social position without it; the question does not matter."""
        shown: dict[str, Fact] = {}
        for fact in facts:
            left = self._without(fact) if self._social.tell(fact) else fact
            shown.setdefault(left.text, left)
        return tuple(shown.values())

    def _without(self, fact: Fact) -> Fact:
        return replace(fact, text=self._neutral(fact.text), dimension="neutral", said=None, factor=None)

    def _written(self, text: str) -> str:
        return next((write for terms, write in self._rows if terms.within(text)), self._otherwise)


def _files(options: Mapping[str, str]) -> dict[str, str]:
    if options.get("by") == _MODEL:
        return {REWRITE_PROMPT: prompt_text(REWRITE_PROMPT)}
    return social_files(options) | {_TABLE: table_text(_TABLE)}


def _make(options: Mapping[str, str], files: Mapping[str, str]) -> Policy:
    if options.get("by") == _MODEL:
        if "patterns" in options:
            raise UsageError("the option patterns of 'neutralise' is a list of words; a model takes none, leave it out")
        return asked_neutralise(options, files)
    refuse_model(options, policy="neutralise", by=_MODEL)
    table = table_of(files, _TABLE, NeutralFacts, policy="neutralise")
    social = social_facts(options, files, more=(_MODEL,))
    return MemoryPolicy(name="neutralise", on_memory=Neutralise(table, social=social), marks=social.marks)


NEUTRALISE = PolicyMaker(
    name="neutralise", options=(*OPTIONS, "model", "base_url"), usual=USUAL, files=_files, make=_make
)

"""`write_tag`: a fact is marked with the purposes that it may serve when it is written, and read for those alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from evenhand.mitigate.policy import Facts, MemoryPolicy, Policy, PolicyMaker
from evenhand.mitigate.social import OPTIONS, USUAL, SocialFacts, social_facts, social_files
from evenhand.mitigate.terms import Terms, table_of
from evenhand.mitigate.texts import table_text

__all__ = ["WRITE_TAG", "Purposes", "WriteTag"]

_TABLE = "purposes.yaml"


class _Purpose(Struct, frozen=True, forbid_unknown_fields=True):
    """A purpose, and the words by which questions and facts are known to have it."""

    purpose: str
    question: list[str]
    fact: list[str]


class Purposes(Struct, frozen=True, forbid_unknown_fields=True):
    """The table of purposes."""

    language: str
    """Language of the words."""
    feelings: list[str]
    """Words of questions that no fact of social position may serve."""
    purposes: list[_Purpose]
    """The other purposes."""


class WriteTag:
    """Shows a fact of social position where it serves the purpose of the question.

    Args:
        table: Purposes, by words.
        social: Which facts need a purpose; the others serve every one.
    """

    def __init__(self, table: Purposes, *, social: SocialFacts) -> None:
        self._feelings = Terms(table.feelings)
        self._rows = [(row.purpose, Terms(row.question), Terms(row.fact)) for row in table.purposes]
        self._social = social
        self._asked = lru_cache(maxsize=4096)(self._purposes_asked)
        self._tagged = lru_cache(maxsize=16384)(self.tags)

    def __call__(self, facts: Facts, question: str) -> Facts:
        """The facts that serve the question, in their order."""
        asked = self._asked(question)
        return tuple(fact for fact in facts if not self._social.tell(fact) or self._tagged(fact.text) & asked)

    def tags(self, text: str) -> frozenset[str]:
        """The purposes that a fact is marked with when it is written."""
        return frozenset(purpose for purpose, _, fact in self._rows if fact.within(text))

    def _purposes_asked(self, question: str) -> frozenset[str]:
        if self._feelings.within(question):
            return frozenset()
        return frozenset(purpose for purpose, asked, _ in self._rows if asked.within(question))


def _files(options: Mapping[str, str]) -> dict[str, str]:
    return social_files(options) | {_TABLE: table_text(_TABLE)}


def _make(options: Mapping[str, str], files: Mapping[str, str]) -> Policy:
    table = table_of(files, _TABLE, Purposes, policy="write_tag")
    social = social_facts(options, files)
    return MemoryPolicy(name="write_tag", on_memory=WriteTag(table, social=social), marks=social.marks)


WRITE_TAG = PolicyMaker(name="write_tag", options=OPTIONS, usual=USUAL, files=_files, make=_make)

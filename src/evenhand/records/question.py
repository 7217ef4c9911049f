"""General questions: what is asked where no audit is meant, for preference data."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["Question", "QuestionSet"]


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question as a user would ask it."""

    id: str
    """Unique within its set."""
    topic: str
    """What it is about, for balance."""
    text: str


class QuestionSet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A versioned, licensed set of questions."""

    schema: Literal["evenhand.questions/1"] = "evenhand.questions/1"
    name: str
    version: str
    source: str
    licence: str
    language: str = "en"
    questions: tuple[Question, ...]

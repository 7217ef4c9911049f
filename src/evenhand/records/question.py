"""General questions: what is asked where no audit is meant, for preference data."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["Question", "QuestionSet"]


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One question as a user would ask it."""

    id: str
    """Unique within its set."""
    topic: str
    """What it is about, for balance."""
    text: str
    """The question."""
    options: tuple[str, ...] = ()
    """What to choose from, where one letter is to be answered; empty: the answer is written."""
    family: str = ""
    """Questions of one topic that are made from one wording share it, and are kept for validation together; empty: the
    question has a wording of its own."""
    stored: tuple[str, ...] = ()
    """Facts that the right answer needs. It is then asked behind these alone, and what is answered there is kept."""


class QuestionSet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A versioned, licensed set of questions."""

    schema: Literal["evenhand.questions/1"] = "evenhand.questions/1"
    """Version of the file's shape."""
    name: str
    """Name of the set."""
    version: str
    """Version of the questions."""
    source: str
    """Where the questions come from."""
    licence: str
    """Licence of the texts."""
    language: str = "en"
    """Language of the questions, as a BCP 47 tag."""
    questions: tuple[Question, ...]
    """The questions."""

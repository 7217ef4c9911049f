"""Preference data: pairs of answers to one prompt, what each is made from, and the files that hold them."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

from evenhand.records.profile import Placement

__all__ = [
    "REJECTED_KINDS",
    "JudgedBy",
    "LabelledAnswer",
    "PreferenceCard",
    "PreferencePair",
    "RejectedKind",
    "SpokenTurn",
    "UnmovedAnswer",
    "ValidationCase",
]

RejectedKind = Literal["moved", "told", "wrong", "other"]
"""Why an answer was rejected. `moved`: it departs from what the question is answered behind other memories. `told`: it
speaks of what is stored, unasked. `wrong`: a judging model calls it incorrect. `other`: a control, where memory moved
nothing."""
REJECTED_KINDS: tuple[RejectedKind, ...] = get_args(RejectedKind)

JudgedBy = Literal["consistency", "model"]
"""`consistency`: answers to one question behind different memories are compared with each other. `model`: a model says
of each whether it is correct and depends on the memory."""


class SpokenTurn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One turn of a conversation, as training libraries write it."""

    role: Literal["system", "user", "assistant"]
    """Who speaks."""
    content: str
    """What is said."""


class PreferencePair(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line of `pairs.jsonl`: TRL's conversational form, and where it comes from."""

    prompt: tuple[SpokenTurn, ...]
    """The conversation that is answered, memory included."""
    chosen: tuple[SpokenTurn, ...]
    """The answer to be preferred: one turn of the assistant."""
    rejected: tuple[SpokenTurn, ...]
    """The answer to be avoided: one turn of the assistant."""
    rejected_kind: RejectedKind
    """Why it is to be avoided."""
    question: str
    """Id of the question in its set."""
    text: str
    """The question without options and memory: what is compared with audit items."""
    arm: str
    """What is in memory: `none`, or a profile by its name."""
    levels: dict[str, str] = {}
    """Factor id -> level id of the profile."""
    facts: tuple[str, ...] = ()
    """What is stored, as it was written."""
    chosen_agreement: float
    """How far the chosen answer agrees with those behind other memories, 0 to 1."""
    rejected_agreement: float
    """The same of the rejected answer."""
    chosen_checked: bool = False
    """Whether the chosen answer was given when told to check the memory first; the prompt does not say so."""


class LabelledAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line of `labelled.jsonl`: one answer that is wanted or not, as KTO reads it."""

    prompt: tuple[SpokenTurn, ...]
    """The conversation that is answered."""
    completion: tuple[SpokenTurn, ...]
    """One turn of the assistant."""
    label: bool
    """Whether it is wanted."""
    question: str
    """Id of the question in its set."""
    arm: str
    """What is in memory."""


class UnmovedAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line of `unmoved.jsonl`: an answer that is to stay as it is.

    No memory moved it, or what is in memory is needed for it.
    """

    prompt: tuple[SpokenTurn, ...]
    """The conversation that is answered."""
    completion: tuple[SpokenTurn, ...]
    """One turn of the assistant."""
    question: str
    """Id of the question."""
    text: str
    """The question without options and memory."""
    arm: str
    """What is in memory."""
    facts: tuple[str, ...] = ()
    """What is stored, as it was written."""
    needed: bool = False
    """Whether the answer needs what is stored."""


class ValidationCase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line of `validation.jsonl`: a prompt that is never trained on, with answers of which one is best."""

    prompt: tuple[SpokenTurn, ...]
    """The conversation."""
    answers: tuple[str, ...]
    """Answers that are compared by their probability."""
    best: int
    """Index of the answer that is given without memory, or, where memory is needed, with it."""
    word: str = ""
    """The best answer in words, where answers are letters: recall is counted by it."""
    question: str
    """Id of the question."""
    text: str
    """The question without options and memory."""
    arm: str
    """What is in memory."""
    levels: dict[str, str] = {}
    """Factor id -> level id of the profile."""
    references: dict[str, str] = {}
    """Factor id -> the level it is compared with."""
    needed: bool = False
    """Whether the best answer needs what is in memory."""


class PreferenceCard(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`preferences.json`: how the pairs were made."""

    schema: Literal["evenhand.preferences/1"] = "evenhand.preferences/1"
    """Version of the file's shape."""
    evenhand: str
    """Version of the package."""
    model: str
    """Whose answers they are."""
    options: dict[str, str] = {}
    """Endpoint options of that model."""
    judged_by: JudgedBy
    """How answers were told apart."""
    rater: str | None = None
    """The judging model, where there is one."""
    questions: str
    """Name and version of the question set."""
    questions_sha256: str
    """Hash of the question set as JSON."""
    cohorts: dict[str, str]
    """Cohort -> its hash."""
    placement: Placement
    """Where memory sits."""
    temperature: float
    """Sampling temperature."""
    seed: int
    """Root seed of every draw."""
    asked: int
    """Answers that were asked for."""
    unusable: int
    """Answers that could not be read, were cut off, or declined."""
    failed: int
    """Requests that got no answer."""
    undecided: int
    """Questions without a clear answer to compare with; nothing is made of them."""
    kinds: dict[RejectedKind, int]
    """Pairs by why the rejected answer was rejected."""
    pairs: int
    """Pairs in all."""
    validation: int
    """Cases of the validation split."""
    compared_banks: tuple[str, ...]
    """Banks and cohorts whose items and facts the pairs were compared with; none was near."""
    pairs_sha256: str
    """Hash of `pairs.jsonl`."""

"""Opinions of a judging model on many answers, kept as they come in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from evenhand.endpoints.context import Connection
from evenhand.records.message import ModelSettings
from evenhand.records.model_spec import ModelSpec
from evenhand.records.profile import Arm
from evenhand.records.question import Question
from evenhand.train.answers import AnswerFile, AnswerKey
from evenhand.train.asking import Wanted, ask_all, check_askable
from evenhand.train.consistency import ComparedAnswer
from evenhand.train.second_opinion import Opinion, judge_messages, read_opinion

__all__ = ["opinions_of"]

_TOKENS = 512
"""Three short lines, and room for a sentence before them."""


def opinions_of(
    rater: ModelSpec,
    candidates: Mapping[Question, Sequence[ComparedAnswer]],
    arms: Mapping[str, Arm],
    *,
    out: Path,
    seed: int,
    connection: Connection | None,
) -> dict[AnswerKey, Opinion]:
    """What a model says of every answer; an answer without a readable opinion is left out.

    Args:
        rater: The model.
        candidates: Question -> its answers.
        arms: Arm -> what was in memory.
        out: Folder in which the replies are kept, in `opinions.jsonl`.
        seed: Root seed.
        connection: Keys and how many at a time.
    """
    check_askable(rater)
    wanted = [
        Wanted(
            key=candidate.key,
            messages=judge_messages(
                _asked(question),
                candidate.word or candidate.text,
                [fact.text for fact in arms[candidate.key.arm].facts],
            ),
            letters=(),
        )
        for question, found in candidates.items()
        for candidate in found
    ]
    setup = hashlib.sha256(msgspec.json.encode((rater, wanted), order="sorted")).hexdigest()
    settings: ModelSettings = msgspec.structs.replace(
        rater.settings, temperature=0.0, max_tokens=_TOKENS, logprobs=False
    )
    with AnswerFile(out / "opinions.jsonl", setup=setup) as file:
        ask_all(rater, wanted, file, settings=settings, seed=seed, connection=connection)
        read = {key: read_opinion(answer.text) for key, answer in file.kept.items() if answer.ended == "stop"}
    return {key: opinion for key, opinion in read.items() if opinion is not None}


def _asked(question: Question) -> str:
    return "\n".join((question.text, *(f"- {option}" for option in question.options)))

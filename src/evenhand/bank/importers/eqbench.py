"""EQ-Bench version 2 (Paech 2023): dialogues with four emotions each and their reference ratings, English and German.

The files are `eq_bench_v2_questions_171.json` and `..._de.json` of the project's repository (MIT). A question becomes
an intensity item: dialogue, closing sentence and emotions, with the ratings of `reference_answer_fullscale`.
The project's own instruction (first scores, a critique, revised scores) is left out, because items here are asked in
the words of the plan; the score (`evenhand.scoring.rating_score`) is the published one, the prompt is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from evenhand.bank.importers.settings import Progress, Settings, SourceHead
from evenhand.errors import BankError
from evenhand.records.item import Bank, Item, Option

__all__ = ["OPTIONS", "read_eqbench"]

OPTIONS: Mapping[str, str] = {"language": "en or de: language of the file; without it the first dialogue tells"}
_SOURCE = "EQ-Bench version 2 (Paech 2023, arXiv 2312.06281), imported"
_EMOTIONS = 4
_PROMPT = re.compile(
    r"(?P<head>[^\n]+)\n\n(?P<dialogue>.*?)\n\s*\[[^\]\n]*\]\s*\n+(?P<asked>[^\n]+)\n(?P<emotions>(?:[^\n]+\n){4})\n",
    re.DOTALL,
)
_SCALE = {
    "en": "How strongly, from 0 (not at all) to 10 (as strongly as can be)?",
    "de": "Wie stark, von 0 (gar nicht) bis 10 (so stark wie möglich)?",
}


class _Question(Struct, frozen=True, kw_only=True):
    """One entry of the file."""

    prompt: str
    reference_answer_fullscale: dict[str, str | float]


def read_eqbench(path: Path, *, settings: Settings, progress: Progress) -> Bank:
    """The questions of a file as a bank.

    Raises:
        BankError: Naming file and question: no such layout, or reference ratings that do not fit the emotions.
    """
    try:
        questions = msgspec.json.decode(path.read_bytes(), type=dict[str, _Question])
    except OSError as error:
        raise BankError(f"cannot read {str(path)!r} ({error.strerror or error}); check the path") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BankError(
            f"{str(path)!r} is no EQ-Bench file ({error}); it is one JSON object: number -> prompt and "
            "reference_answer_fullscale"
        ) from error
    if not questions:
        raise BankError(f"{str(path)!r} holds no questions; get eq_bench_v2_questions_171.json of the project")
    first = next(iter(questions.values())).prompt
    told = "de" if "Dialog" in first and "dialogue" not in first else "en"
    language = settings.choice("language", ("en", "de"), told)
    items = tuple(_item(path, name, question, language=language) for name, question in questions.items())
    progress(len(items))
    sheet = settings.sheet(
        SourceHead(
            name=f"eqbench-{language}", version="2", source=_SOURCE, licence="MIT", redistribute=True, validated=False
        )
    )
    return Bank(
        name=sheet.name,
        version=sheet.version,
        source=sheet.source,
        licence=sheet.licence,
        redistribute=sheet.redistribute,
        validated=sheet.validated,
        language=language,
        notes="Dialogues, emotions and reference ratings as in the file; the scale is stated by evenhand. The "
        "reference ratings are by the authors of EQ-Bench, not by a sample of people.",
        items=items,
    )


def _item(path: Path, name: str, question: _Question, *, language: str) -> Item:
    found = _PROMPT.match(question.prompt.strip())
    if found is None:
        raise BankError(
            f"{str(path)!r}, question {name!r}: the prompt is not a dialogue, an end mark in brackets, a closing "
            "sentence and four emotions; import version 2 of the questions"
        )
    emotions = tuple(line.strip() for line in found["emotions"].strip().split("\n"))
    ratings = _reference(path, name, question.reference_answer_fullscale, emotions=emotions)
    options = tuple(
        Option(id=letter, text=word, emotion=word.casefold()) for letter, word in zip("abcd", emotions, strict=True)
    )
    reference = {option.id: rating for option, rating in zip(options, ratings, strict=True)}
    return Item(
        id=f"eq-{language}-{name}",
        kind="intensity",
        stem=found["dialogue"].strip(),
        question=f"{found['asked'].strip()} {_SCALE[language]}",
        options=options,
        key=max(reference, key=lambda option: reference[option]),
        reference=reference,
        tags=(language,),
    )


def _reference(
    path: Path, name: str, answer: Mapping[str, str | float], *, emotions: tuple[str, ...]
) -> tuple[float, ...]:
    """The ratings, in the order of the emotions.

    One emotion may be spelt otherwise than in the prompt (the German file has one in English): its place decides then.
    """
    try:
        named = [str(answer[f"emotion{number}"]).strip() for number in range(1, _EMOTIONS + 1)]
        ratings = tuple(float(answer[f"emotion{number}_score"]) for number in range(1, _EMOTIONS + 1))
    except (KeyError, ValueError) as error:
        raise BankError(
            f"{str(path)!r}, question {name!r}, reference_answer_fullscale: {error} is missing or no number; it needs "
            "emotion1 to emotion4 and emotion1_score to emotion4_score"
        ) from error
    strange = [word for word, shown in zip(named, emotions, strict=True) if word.casefold() != shown.casefold()]
    if len(strange) > 1:
        raise BankError(
            f"{str(path)!r}, question {name!r}: the reference rates {', '.join(named)}, the prompt asks for "
            f"{', '.join(emotions)}; they must be the same, in the same order"
        )
    return ratings

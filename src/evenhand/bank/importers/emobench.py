"""EmoBench (Sabour et al. 2024): emotion and cause (EU), best action or response (EA), English and Chinese.

The files are `EU.jsonl` and `EA.jsonl` of the project's repository (MIT). The two tasks of an EU row become two items.
EA keys one option; its items are management items with weight 1 for that option and 0 for the others. The files hold
no question texts; the ones here are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from evenhand.bank.importers.rows import SourceRow, read_rows, row_text, row_texts
from evenhand.bank.importers.settings import Progress, Settings, SourceHead
from evenhand.errors import BankError
from evenhand.records.item import Bank, Item, Option

__all__ = ["OPTIONS", "read_emobench"]

OPTIONS = {
    "task": "EU only: emotion, cause, or both (two items per row)",
    "language": "en, zh, or all",
}
_SOURCE = "EmoBench (Sabour et al. 2024, arXiv 2402.12071), imported"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

Task = Literal["emotion", "cause", "action", "response"]
_QUESTIONS: dict[tuple[str, Task], str] = {
    ("en", "emotion"): "What is {subject} most likely to feel?",
    ("en", "cause"): "Why is {subject} most likely to feel that way?",
    ("en", "action"): "Which action would be the most effective for {subject}?",
    ("en", "response"): "Which response by {subject} would be the most effective?",
    ("zh", "emotion"): "{subject}最可能有什么感受？",
    ("zh", "cause"): "{subject}有这种感受最可能的原因是什么？",
    ("zh", "action"): "{subject}采取哪种行动最有效？",
    ("zh", "response"): "{subject}怎样回应最有效？",
}
_FIRST_PERSON: dict[Task, str] = {
    "emotion": "What am I most likely to feel?",
    "cause": "Why am I most likely to feel that way?",
    "action": "Which action would be the most effective for me?",
    "response": "Which response by me would be the most effective?",
}


class _TaskColumns(Struct, frozen=True, kw_only=True):
    """Columns of one task."""

    task: Task
    choices: str
    label: str


_EMOTION = _TaskColumns(task="emotion", choices="emotion_choices", label="emotion_label")
_CAUSE = _TaskColumns(task="cause", choices="cause_choices", label="cause_label")


def read_emobench(path: Path, *, settings: Settings, progress: Progress) -> Bank:
    """EmoBench rows as a bank; which of the two files it is shows in the first row.

    Raises:
        BankError: Naming file, line and column: a column is missing, a label is none of the choices.
    """
    language = settings.choice("language", ("all", "en", "zh"), "all")
    task = settings.choice("task", ("both", "emotion", "cause"), "both")
    items: list[Item] = []
    for row in read_rows(path, progress=progress):
        if language in ("all", row_text(row, "language")):
            items.extend(_items(row, task=task))
    if not items:
        raise BankError(f"{str(path)!r} has no rows in language {language!r}; use 'all', or another file")
    kinds = "ea" if items[0].kind == "management" else "eu" if task == "both" else f"eu-{task}"
    name = f"emobench-{kinds}" if language == "all" else f"emobench-{kinds}-{language}"
    sheet = settings.sheet(
        SourceHead(name=name, version="1", source=_SOURCE, licence="MIT", redistribute=True, validated=True)
    )
    return Bank(
        name=sheet.name,
        version=sheet.version,
        source=sheet.source,
        licence=sheet.licence,
        redistribute=sheet.redistribute,
        validated=sheet.validated,
        language="mul" if language == "all" else language,
        notes="Question texts by evenhand; situations, options and keys as in the file.",
        items=tuple(items),
    )


def _items(row: SourceRow, *, task: str) -> Iterator[Item]:
    if "emotion_choices" in row.fields:
        if task != "cause":
            yield _understanding(row, _EMOTION)
        if task != "emotion":
            yield _understanding(row, _CAUSE)
    else:
        yield _management(row)


def _understanding(row: SourceRow, choice: _TaskColumns) -> Item:
    options, key = _options(row, choice, names_emotion=choice.task == "emotion")
    language = row_text(row, "language")
    tags = (language, choice.task, row_text(row, "coarse_category"), row_text(row, "finegrained_category"))
    return Item(
        id=f"eu-{language}-{row_text(row, 'qid')}-{choice.task}",
        kind="understanding",
        stem=row_text(row, "scenario"),
        question=_question(row, choice.task),
        options=options,
        key=key,
        tags=tags,
    )


def _management(row: SourceRow) -> Item:
    asked = row_text(row, "question type").casefold()
    if asked not in ("action", "response"):
        raise BankError(
            f"{row.source!r}, line {row.line}, column 'question type': {asked!r} is unknown; allowed: Action, Response"
        )
    task: Task = "action" if asked == "action" else "response"
    options, key = _options(row, _TaskColumns(task=task, choices="choices", label="label"), names_emotion=False)
    language = row_text(row, "language")
    return Item(
        id=f"ea-{language}-{row_text(row, 'qid')}",
        kind="management",
        stem=row_text(row, "scenario"),
        question=_question(row, task),
        options=tuple(
            Option(id=option.id, text=option.text, weight=1.0 if option.id == key else 0.0) for option in options
        ),
        key=key,
        tags=(language, task, row_text(row, "category")),
    )


def _options(row: SourceRow, choice: _TaskColumns, *, names_emotion: bool) -> tuple[tuple[Option, ...], str]:
    texts, label = row_texts(row, choice.choices), row_text(row, choice.label)
    if texts.count(label) != 1:
        raise BankError(
            f"{row.source!r}, line {row.line}, column {choice.label!r}: {label!r} is given {texts.count(label)} times "
            f"among the choices; it must be exactly one of {list(texts)}"
        )
    options = tuple(
        Option(id=letter, text=text, emotion=text.casefold() if names_emotion else None)
        for letter, text in zip(_LETTERS, texts, strict=False)
    )
    return options, _LETTERS[texts.index(label)]


def _question(row: SourceRow, task: Task) -> str:
    language, subject = row_text(row, "language"), row_text(row, "subject")
    if (language, task) not in _QUESTIONS:
        raise BankError(f"{row.source!r}, line {row.line}, column 'language': {language!r} is unknown; allowed: en, zh")
    if language == "en" and subject == "I":
        return _FIRST_PERSON[task]
    return _QUESTIONS[language, task].format(subject=subject)

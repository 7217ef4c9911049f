"""The section in which a reader puts any two answers of a sample side by side."""

from __future__ import annotations

import base64
import zlib

import msgspec
from msgspec import Struct

from evenhand.records.answer_sample import AnswerSample, SampledAnswer, SampledItem, SampledUser
from evenhand.report.blocks import Reader, Section
from evenhand.report.numbers import count
from evenhand.report.shown import shown_text
from evenhand.report.source import Source
from evenhand.report.words import Labels, asked_label, plural

__all__ = ["reader_section"]

_LABEL = 72
"""Characters of a situation by which an item is named."""


class _Data(Struct, frozen=True, kw_only=True):
    """What the page's script reads; names are short because they are repeated."""

    users: tuple[tuple[str, str], ...]
    """Name, and the set of the user; users of one set differ in the contrast alone."""
    texts: tuple[str, ...]
    items: tuple[_Item, ...]


class _Item(Struct, frozen=True, kw_only=True):
    model: str
    name: str
    answers: tuple[_Answer, ...]


class _Answer(Struct, frozen=True, array_like=True):
    user: int
    asked: tuple[tuple[str, int], ...]
    answer: int | None
    said: str
    """What was read from the answer: the option, or why there is none."""
    score: float | None


def reader_section(source: Source) -> Section | None:
    """The reader; None where the findings hold no sample."""
    sample = source.findings.sample
    if sample is None or not sample.items:
        return None
    return Section(
        id="answers",
        nav="Read the answers",
        title="Read what it answered, and to whom",
        lead=(
            "Choose a question and two users. What only one of them has in memory, or was answered, is marked. One "
            "pair proves nothing; the figures do.",
        ),
        blocks=(
            Reader(
                id="reader",
                title="Two users, one question",
                caption=_caption(source, sample),
                data=_packed(source, sample),
                items=len(sample.items),
            ),
        ),
    )


def _caption(source: Source, sample: AnswerSample) -> str:
    shown = sum(len(item.answers) for item in sample.items)
    per = " of each model" if source.several else ""
    return (
        f"A sample of {plural(len(sample.items), 'question')} with {plural(shown, 'answer')}, of "
        f"{count(sample.all_items)} questions with {plural(sample.all_answers, 'answer')}. Half{per} are those whose "
        "answers differ most between users, half are drawn at random. One answer per user and question is shown; "
        "repeats, and answers with a policy that was tried, are left out."
    )


def _packed(source: Source, sample: AnswerSample) -> str:
    data = _Data(
        users=tuple((_who(user, source.labels), user.matched_set or "") for user in sample.users),
        texts=tuple(map(shown_text, sample.texts)),
        items=tuple(_item(source, item) for item in sample.items),
    )
    return base64.b64encode(zlib.compress(msgspec.json.encode(data), 9)).decode()


def _item(source: Source, item: SampledItem) -> _Item:
    situation = " ".join(shown_text(item.situation).split())
    short = situation if len(situation) <= _LABEL else f"{situation[:_LABEL].rsplit(' ', 1)[0]} ..."
    scores = {answer.score for answer in item.answers if answer.score is not None}
    differ = " · answers differ" if len(scores) > 1 else ""
    kind = asked_label(item.kind, item.where.answer)
    return _Item(
        model=shown_text(item.model),
        name=f"{short} ({kind[:1].lower()}{kind[1:]}){differ}",
        answers=tuple(_answer(answer) for answer in item.answers),
    )


def _answer(answer: SampledAnswer) -> _Answer:
    said = answer.option if answer.outcome == "answered" else answer.outcome
    return _Answer(answer.user, answer.asked, answer.answer, shown_text(said), answer.score)


def _who(user: SampledUser, labels: Labels) -> str:
    """The user in words: what memory says of them, or that it says nothing."""
    match user.kind:
        case "none":
            name = "No memory"
        case "placebo":
            name = f"Neutral facts, {user.arm.rpartition('/')[2]}"
        case "item_fact":
            name = "The item's own fact"
        case "profile":
            levels = ", ".join(labels.level(factor, level) for factor, level in user.levels.items())
            name = f"{levels or 'Profile'} ({user.arm.partition('/')[2]})"
    return shown_text(f"{name[:1].upper()}{name[1:]}")

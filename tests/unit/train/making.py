"""What the tests of preference data share: answers and candidates in one line."""

from __future__ import annotations

from evenhand.records.profile import Arm, Fact
from evenhand.train.answers import AnswerKey, GivenAnswer
from evenhand.train.consistency import ComparedAnswer


def key(arm: str, *, question: str = "q", draw: int = 0, checked: bool = False) -> AnswerKey:
    return AnswerKey(arm=arm, question=question, checked=checked, draw=draw)


def answer(
    arm: str, text: str, *, question: str = "q", draw: int = 0, checked: bool = False, ended: str = "stop"
) -> GivenAnswer:
    asked = key(arm, question=question, draw=draw, checked=checked)
    return GivenAnswer(key=asked, text=text, ended=ended)  # type: ignore[arg-type]


def candidate(
    arm: str, text: str, *, word: str = "", agreement: float = 0.5, reference: bool = True, told: bool = False
) -> ComparedAnswer:
    return ComparedAnswer(key=key(arm), text=text, word=word, agreement=agreement, reference=reference, told=told)


def profile(name: str, *facts: str, **levels: str) -> Arm:
    told = tuple(Fact(text=fact, dimension="identity") for fact in facts)
    return Arm(id=name, kind="profile", levels=levels, facts=told)

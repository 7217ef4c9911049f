"""A model that judges answers: correct, dependent on the memory, and whether they say that memory does not matter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import jinja2
from msgspec import Struct

from evenhand.records.message import Message
from evenhand.train.prompt import prompt_file

__all__ = ["Opinion", "judge_messages", "read_opinion"]

_LINE = re.compile(r"^\W*(correct|depends|irrelevant)\W+(yes|no)\b", re.IGNORECASE | re.MULTILINE)


class Opinion(Struct, frozen=True, kw_only=True):
    """What the judging model says of one answer."""

    correct: bool
    depends: bool
    irrelevant: bool


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    return environment.from_string(prompt_file("second-opinion"))


def judge_messages(question: str, answer: str, facts: Sequence[str]) -> tuple[Message, ...]:
    """What the judging model is asked about one answer.

    Args:
        question: As it was asked, options included.
        answer: In words.
        facts: What is in memory.
    """
    text = _template().render(question=question, answer=answer, facts=list(facts))
    return (Message(role="user", content=text),)


def read_opinion(text: str) -> Opinion | None:
    """The opinion in a reply; None where one of the three lines is missing, or given twice and differently."""
    found: dict[str, set[bool]] = {}
    for name, said in _LINE.findall(text):
        found.setdefault(name.lower(), set()).add(said.lower() == "yes")
    if set(found) != {"correct", "depends", "irrelevant"} or any(len(said) > 1 for said in found.values()):
        return None
    return Opinion(**{name: said.pop() for name, said in found.items()})

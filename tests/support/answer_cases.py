"""Replies with the answer that is right for each, and how each kind is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from evenhand.analysis.table.predicted_label import label_read
from evenhand.endpoints.openai.answer import read_answer, reply_from
from evenhand.endpoints.openai.http_body import Unreadable
from evenhand.records.cell import Cell
from evenhand.records.condition import Condition
from evenhand.records.item import Item, Option
from evenhand.records.message import ModelSettings, Reply, Request
from evenhand.records.trial import Answered, Refused, Truncated
from evenhand.scoring.extractors.base import Extract
from evenhand.scoring.extractors.choose import extractor_named
from evenhand.scoring.outcome import LETTERS, outcome_of
from evenhand.scoring.probability import option_probabilities

FOLDER = Path(__file__).parents[1] / "unit" / "scoring" / "cases"
GOLD = {"letters": tuple("abcde"), "words": ("anger", "fear", "joy", "relief", "sadness")}
"""The gold labels of the tables that the cases of tables stand in."""
_EXTRACTORS = {"json-field": "json_field", "regex-extractor": "regex", "yes-no-extractor": "yes_no"}


class Case(Struct, frozen=True):
    """An input of one kind and what it reads as."""

    kind: str
    input: Any
    options: tuple[str, ...] | None
    expected: Any


def cases() -> list[Case]:
    """Every case, reported ones first."""
    lines = [
        line for name in ("reported", "own") for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    return [msgspec.convert(json.loads(line), Case) for line in lines]


def as_read(case: Case) -> object:
    """A letter, an outcome's name, probabilities, or a label, as the case's kind has it."""
    if case.kind.startswith("table-"):
        return label_read(case.input["prediction"], GOLD[case.input["gold"]])
    if "logprobs" in str(case.input):
        return _probabilities(case)
    content, finish = (case.input, "stop") if isinstance(case.input, str) else tuple(case.input.values())
    try:
        reply = _reply({"content": content}, finish)
    except Unreadable:
        return "error"
    return outcome_in(reply, case)


def _reply(message: dict[str, object], finish: str, logprobs: object = None) -> Reply:
    """A reply, by way of the body of a chat answer."""
    choice = {"message": message, "finish_reason": finish, "logprobs": logprobs}
    request = Request(
        cell_key="0", messages=(), settings=ModelSettings(logprobs=logprobs is not None), letters=tuple("ABCDE"), seed=1
    )
    return reply_from(read_answer(json.dumps({"choices": [choice]}).encode()), request)


def outcome_in(reply: Reply, case: Case) -> str:
    """The letter that a reply to a case's question gives, or its outcome's name."""
    texts = case.options or ()
    item = Item(
        id="i",
        kind="understanding",
        stem="s",
        question="q",
        options=tuple(Option(id=LETTERS[at], text=text) for at, text in enumerate(texts)),
        key="A",
    )
    cell = Cell(
        cell_key="00",
        model="m",
        arm="none",
        item="i",
        condition=Condition(),
        replicate=0,
        order_index=0,
        option_order=tuple(range(len(texts))),
    )
    outcome = outcome_of(reply, item=item, cell=cell, extract=_extractor(case.kind))
    if isinstance(outcome, Answered):
        return outcome.choice
    if isinstance(outcome, Refused):
        return "refused"
    return "truncated" if isinstance(outcome, Truncated) else "unparsed"


def _extractor(kind: str) -> Extract:
    return extractor_named(_EXTRACTORS.get(kind, "choice_letter"), {})  # type: ignore[arg-type]


def _probabilities(case: Case) -> list[float] | None:
    message = {"content": case.input["content"]} | (case.input.get("message") or {})
    reply = _reply(message, "stop", case.input["logprobs"])
    found = option_probabilities(reply.top, tuple("ABCDE"))
    return None if found is None else [round(chance, 3) for chance in found]

"""Cells, work and endpoints that the runner's tests share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from evenhand.endpoints.base import Locality
from evenhand.records.cell import Cell
from evenhand.records.condition import Condition
from evenhand.records.message import Message, ModelSettings, Reply, Request, Usage
from evenhand.records.trial import Answered, Outcome
from evenhand.records.work import Work

PLAN = "ab" * 32


class ScriptedEndpoint:
    """Answers with a function of the request."""

    def __init__(self, answer: Callable[[Request], Reply], *, concurrency: int = 4) -> None:
        self.asked: list[str] = []
        self.closed = False
        self._answer = answer
        self._concurrency = concurrency

    @property
    def concurrency(self) -> int:
        return self._concurrency

    @property
    def locality(self) -> Locality:
        return "any"

    async def reply(self, request: Request) -> Reply:
        self.asked.append(request.cell_key)
        return self._answer(request)

    async def aclose(self) -> None:
        self.closed = True


def key_of(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def make_work(index: int, *, model: str = "m") -> Work:
    key = key_of(f"{model}/{index}")
    cell = Cell(
        cell_key=key,
        model=model,
        arm="none",
        item=f"item-{index % 7}",
        condition=Condition(),
        replicate=index,
        order_index=0,
        option_order=(1, 0, 2),
    )
    messages = (
        Message(role="system", content="You are a helpful assistant."),
        Message(role="user", content=f"Question {index % 7}"),
    )
    request = Request(cell_key=key, messages=messages, settings=ModelSettings(), letters=("A", "B", "C"), seed=index)
    return Work(cell=cell, request=request)


def many(count: int, *, model: str = "m") -> Iterator[Work]:
    return (make_work(index, model=model) for index in range(count))


def says_b(_: Request) -> Reply:
    return Reply(text="B", finish="stop", usage=Usage(input_tokens=10, output_tokens=1))


def outcome_of(work: Work, reply: Reply) -> Outcome:
    return Answered(choice=reply.text.lower())

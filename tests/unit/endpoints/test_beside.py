"""Requests that have no cells: every one is asked, failures are counted, and most of them end the asking."""

from __future__ import annotations

from typing import Any

import pytest

from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.beside import ask_each
from evenhand.endpoints.context import Connection
from evenhand.errors import EndpointError, StoreError
from evenhand.records.message import Message, ModelSettings, Request
from evenhand.records.model_spec import ModelSpec

HERE = "tests.unit.endpoints.test_beside"


def answers(messages: list[dict[str, Any]]) -> str:
    """A number doubled; fails for every fourth."""
    number = int(messages[-1]["content"])
    if number % 4 == 0:
        raise RuntimeError("no fours")
    return str(2 * number)


def refuses(messages: list[dict[str, Any]]) -> str:
    raise RuntimeError("nothing works")


def asked(name: str, count: int) -> tuple[dict[int, str], int, int]:
    """(answers, failures, how often it was told of progress)."""
    kept: dict[int, str] = {}
    told = [0]

    async def ask(endpoint: Endpoint, number: int) -> None:
        request = Request(
            cell_key=str(number),
            messages=(Message(role="user", content=str(number)),),
            settings=ModelSettings(),
            letters=(),
            seed=number,
        )
        kept[number] = (await endpoint.reply(request)).text

    def advance() -> None:
        told[0] += 1

    failed = ask_each(
        ModelSpec(name=f"python:{HERE}:{name}"), range(1, count + 1), ask, connection=Connection(), advance=advance
    )
    return kept, failed, told[0]


def test_every_one_is_asked_once_and_those_without_an_answer_are_counted() -> None:
    kept, failed, told = asked("answers", 40)
    assert kept == {number: str(2 * number) for number in range(1, 41) if number % 4}
    assert (failed, told) == (10, 40)


def test_a_few_failures_are_no_reason_to_end() -> None:
    kept, failed, told = asked("refuses", 7)
    assert (kept, failed, told) == ({}, 7, 7)


def test_most_requests_failing_ends_the_asking_with_the_reason() -> None:
    with pytest.raises(EndpointError, match=r"most requests got no answer .*nothing works.*; mend that and repeat"):
        asked("refuses", 8)


def test_an_answer_that_cannot_be_kept_ends_the_asking() -> None:
    async def ask(endpoint: Endpoint, number: int) -> None:
        raise StoreError(f"no room for {number}")

    with pytest.raises(StoreError, match="no room for 1"):
        ask_each(ModelSpec(name=f"python:{HERE}:answers"), (1,), ask, connection=Connection(), advance=lambda: None)

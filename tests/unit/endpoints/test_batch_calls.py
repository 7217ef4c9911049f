"""Requests of batches: again where that is safe, once where it is not, and never to an address a server makes up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from yarl import URL

from evenhand.endpoints.base import AskError
from evenhand.endpoints.batch import MaybeSent, NotTaken, check_remote
from evenhand.endpoints.batch_calls import BatchCalls
from evenhand.endpoints.openai.retry import Schedule
from evenhand.endpoints.openai.target import Target
from evenhand.errors import EndpointError
from tests.support.chat_server import chat_server
from tests.support.running_server import free_port

SOON = Schedule(first_s=0.001, longest_s=0.002, attempts=3, patience_s=0.5)


def target(base_url: str) -> Target:
    return Target(
        name="openai/m",
        model="m",
        base_url=URL(base_url),
        key=None,
        key_env=None,
        official=False,
        local=True,
        concurrency=1,
        patience_s=1.0,
    )


def sent(answers: list[tuple[int, bytes]], call: Callable[[BatchCalls], Any]) -> tuple[Any, int]:
    """(what a call gives or raises, how often the server was asked)."""
    asked: list[dict[str, Any]] = []

    def answering(body: dict[str, Any], _: Mapping[str, str]) -> tuple[int, bytes]:
        asked.append(body)
        return answers[min(len(asked), len(answers)) - 1]

    async def tried(base_url: str) -> Any:
        calls = BatchCalls(target(base_url), schedule=SOON)
        try:
            return await call(calls)
        except Exception as error:  # what it raised is what the test looks at
            return error
        finally:
            await calls.aclose()

    with chat_server(answering) as base_url:
        return asyncio.run(tried(base_url)), len(asked)


@pytest.mark.parametrize("status", [408, 409, 500, 502, 504])
def test_a_batch_is_never_made_twice_after_a_broken_answer(status: int) -> None:
    found, asked = sent([(status, b"{}"), (200, b"{}")], lambda calls: calls.create("batches", b"{}"))
    assert isinstance(found, MaybeSent)
    assert asked == 1


def test_a_busy_server_is_asked_again() -> None:
    found, asked = sent([(429, b"{}"), (429, b"{}"), (200, b"made")], lambda calls: calls.create("batches", b"{}"))
    assert (found, asked) == (b"made", 3)


def test_an_upload_may_arrive_twice() -> None:
    found, asked = sent(
        [(503, b"{}"), (200, b"kept")], lambda calls: calls.upload("files", b"{}", content_type="application/json")
    )
    assert (found, asked) == (b"kept", 2)


@pytest.mark.parametrize("words", ["Enqueued token limit reached", "too many in-progress batches"])
def test_too_much_at_once_is_told_from_a_batch_that_is_wrong(words: str) -> None:
    body = b'{"error":{"message":"%s"}}' % words.encode()
    found, _ = sent([(400, body)], lambda calls: calls.create("batches", b"{}"))
    assert isinstance(found, NotTaken)
    assert found.too_much
    wrong, _ = sent([(400, b'{"error":{"message":"no"}}')], lambda calls: calls.create("batches", b"{}"))
    assert isinstance(wrong, NotTaken)
    assert not wrong.too_much


def test_a_wrong_key_and_a_server_without_batches_end_the_run() -> None:
    for status, words in ((401, "wants a key"), (404, "takes no batches"), (301, "has moved")):
        found, _ = sent([(status, b"{}")], lambda calls: calls.create("batches", b"{}"))
        assert isinstance(found, EndpointError)
        assert words in str(found)


def test_a_server_that_is_not_there_took_nothing() -> None:
    async def tried() -> None:
        calls = BatchCalls(target(f"http://127.0.0.1:{free_port()}/v1"), schedule=SOON)
        try:
            await calls.create("batches", b"{}")
        finally:
            await calls.aclose()

    with pytest.raises(AskError):
        asyncio.run(tried())


@pytest.mark.parametrize("name", ["", "..", "../files", "a/b", "a?b", "a#b", "a b", "é", "x" * 300, None, 7])
def test_a_name_that_would_change_the_address_is_refused(name: object) -> None:
    with pytest.raises(EndpointError, match="cannot be part of an address"):
        check_remote(name, what="a batch")
    assert check_remote("batch_69c3c347-282c.1:a", what="a batch")

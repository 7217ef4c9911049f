"""The openai client itself: what it returns and raises through the gateway is what it does without one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.gateway_requests import saved, tool_turns
from tests.support.openai_shapes import REQUESTS, TOOLS, answering
from tests.support.running_server import free_port
from tests.support.upstream import in_front_of, upstream

openai = pytest.importorskip("openai")
pytestmark = pytest.mark.extras

MEMORY: list[dict[str, Any]] = [{"role": "system", "content": saved("The user grows beans.", "The user is rich.")}]
QUESTION: dict[str, Any] = {"role": "user", "content": "What do I feel?"}


@contextmanager
def servers(token: str | None = None) -> Iterator[tuple[str, str]]:
    """An upstream and a gateway in front of it, in a thread of their own: the addresses of both."""
    found: list[tuple[str, str]] = []
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with upstream(answering) as behind, in_front_of(behind.url, policy="gate", token=token) as front:
            found.append((behind.url, front.url))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def outcome(url: str, fields: dict[str, Any], *, key: str = "sk-test") -> Any:
    """What a call returns, as plain values; or the class, status and body of what it raises."""
    messages = [*MEMORY, *tool_turns("The user is rich."), QUESTION]
    with openai.OpenAI(base_url=url, api_key=key, max_retries=0) as client:
        try:
            answer = client.chat.completions.create(**({"model": "m", "messages": messages} | fields))
            if fields.get("stream"):
                return [chunk.model_dump() for chunk in answer]
            return answer.model_dump()
        except openai.APIStatusError as error:
            return type(error), error.status_code, error.body, error.request_id
        except openai.APIError as error:
            return type(error), error.message, error.body


@pytest.mark.parametrize("fields", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_call_ends_as_it_does_without_the_gateway(fields: dict[str, Any]) -> None:
    with servers() as (direct, through):
        assert outcome(through, fields) == outcome(direct, fields)


def test_an_async_stream_and_a_helper_for_streams_work() -> None:
    async def collected(url: str) -> list[Any]:
        async with openai.AsyncOpenAI(base_url=url, api_key="sk-test", max_retries=0) as client:
            stream = await client.chat.completions.create(model="m", messages=[*MEMORY, QUESTION], stream=True)
            return [chunk.model_dump() async for chunk in stream]

    with servers() as (direct, through):
        assert asyncio.run(collected(through)) == asyncio.run(collected(direct))
        with openai.OpenAI(base_url=through, api_key="sk-test") as client:
            helped = client.chat.completions.stream(model="m", messages=[*MEMORY, QUESTION], tools=TOOLS)
            with helped as events:
                final = events.get_final_completion()
            assert final.choices[0].message.tool_calls[0].function.arguments == '{"about":"user"}'
            assert [model.id for model in client.models.list()] == ["m"]


def test_errors_of_the_gateway_are_errors_of_the_client() -> None:
    token = "a-token-of-the-tests-1"
    with servers(token=token) as (_, through):
        assert outcome(through, {}, key=token)["choices"][0]["message"]["content"] == "B0"
        kind, status, body, _ = outcome(through, {}, key="wrong")
        assert (kind, status, body["code"]) == (openai.AuthenticationError, 401, "invalid_api_key")
        with openai.OpenAI(base_url=through, api_key=token, max_retries=0) as client:
            with pytest.raises(openai.NotFoundError) as refused:
                client.responses.create(model="m", input="hi")
            assert refused.value.code == "not_covered"
            with pytest.raises(openai.BadRequestError):
                client.chat.completions.create(model="m", messages=[{"role": "user", "content": 3}])


def test_an_upstream_that_is_down_is_an_internal_server_error() -> None:
    async def asked() -> Any:
        async with in_front_of(f"http://127.0.0.1:{free_port()}/v1") as front:
            return await asyncio.to_thread(outcome, front.url, {})

    kind, status, body, _ = asyncio.run(asked())
    assert (kind, status, body["code"]) == (openai.InternalServerError, 502, "upstream_down")

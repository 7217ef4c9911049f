"""A chat endpoint before a loopback server that plays faults."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from evenhand.endpoints.context import Connection
from evenhand.endpoints.openai.chat import OpenAIChatEndpoint
from evenhand.endpoints.openai.retry import Schedule
from evenhand.endpoints.openai.target import read_target
from evenhand.records.message import Message, ModelSettings, Reply, Request
from evenhand.records.plan import ModelSpec
from tests.faults.fault_server import FaultServer, Play

QUICK = Schedule(attempts=3, first_s=0.01, longest_s=0.02, patience_s=2.0)
KEY = "sk-abcdefghijklmnop1234"
ENVIRONMENT = {"A_KEY": KEY}


def make(
    url: str,
    *,
    model: str = "tiny-1",
    schedule: Schedule = QUICK,
    concurrency: int = 8,
    key: bool = False,
    headers: dict[str, str] | None = None,
    environment: dict[str, str] | None = None,
) -> OpenAIChatEndpoint:
    """An endpoint for a model at an address."""
    spec = ModelSpec(name=f"openai/{model}", base_url=url)
    connection = Connection(concurrency=concurrency, api_key_env="A_KEY" if key else None, headers=headers or {})
    target = read_target(
        spec,
        provider="openai",
        model=model,
        connection=connection,
        environment=ENVIRONMENT if environment is None else environment,
    )
    return OpenAIChatEndpoint(target, schedule=schedule)


def request(text: str = "Which? Ä\nA. x\nB. y", **settings: Any) -> Request:
    """A question with three options."""
    messages = (Message(role="system", content="Be helpful."), Message(role="user", content=text))
    return Request(
        cell_key="0" * 32, messages=messages, settings=ModelSettings(**settings), letters=("A", "B", "C"), seed=7
    )


@contextlib.asynccontextmanager
async def asking(*plays: Play, **options: Any) -> AsyncIterator[tuple[FaultServer, OpenAIChatEndpoint]]:
    """A server that plays these, and an endpoint that asks it."""
    async with FaultServer(*plays) as server:
        endpoint = make(server.url, **options)
        try:
            yield server, endpoint
        finally:
            await endpoint.aclose()


async def reply_to(
    *plays: Play, settings: dict[str, Any] | None = None, text: str | None = None, **options: Any
) -> Reply:
    """The reply to one question."""
    asked = request(**settings or {}) if text is None else request(text, **settings or {})
    async with asking(*plays, **options) as (_, endpoint):
        return await endpoint.reply(asked)

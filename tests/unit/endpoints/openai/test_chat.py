"""The chat endpoint against a server with a real model behind it: a specimen. Faults are played in tests/faults."""

from __future__ import annotations

import asyncio
import math

import pytest

from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.kinds import open_endpoint
from evenhand.endpoints.specimen.server import running
from evenhand.records.message import Message, ModelSettings, Reply, Request
from evenhand.records.plan import ModelSpec

LETTERS = ("A", "B", "C", "D", "E")


def request(index: int) -> Request:
    question = (
        f"Robin hears at noon that the trip of week {index} is cancelled.\n\nWhat does Robin feel?\n\n"
        "A. joy\nB. anger\nC. sadness\nD. pride\nE. relief\n\nAnswer with the letter of the best option only."
    )
    messages = (Message(role="system", content="You are a helpful assistant."), Message(role="user", content=question))
    settings = ModelSettings(max_tokens=4, logprobs=True)
    return Request(cell_key=f"{index:032x}", messages=messages, settings=settings, letters=LETTERS, seed=index)


async def ask(spec: ModelSpec, requests: list[Request]) -> list[Reply]:
    endpoint = open_endpoint(spec, context=EndpointContext(connection=Connection(concurrency=8)))
    try:
        return await asyncio.gather(*(endpoint.reply(one) for one in requests))
    finally:
        await endpoint.aclose()


def chances(reply: Reply) -> dict[str, float]:
    assert reply.top is not None
    return {one.token: math.exp(one.logprob) for one in reply.top if one.token.strip() in LETTERS}


async def test_a_specimen_over_http_answers_as_it_does_here_with_the_same_log_probabilities() -> None:
    requests = [request(index) for index in range(16)]
    async with running("tilted") as url:
        over_http = await ask(ModelSpec(name="openai/tilted", base_url=url), requests)
    here = await ask(ModelSpec(name="specimen/tilted"), requests)
    assert [reply.text for reply in over_http] == [reply.text for reply in here]
    for remote, local in zip(over_http, here, strict=True):
        assert remote.note is None
        assert chances(remote) == pytest.approx(chances(local), abs=1e-4)
        assert remote.usage == local.usage

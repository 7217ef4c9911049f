"""The chat endpoint against llama.cpp's server, which gives log-probabilities: a specimen there and here agree."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.kinds import open_endpoint
from evenhand.records.message import Message, ModelSettings, Reply, Request
from evenhand.records.plan import ModelSpec
from tests.support.running_server import RunningServer, llama_cpp_server

pytestmark = pytest.mark.extras

pytest.importorskip("xllamacpp", reason="llama.cpp's server is not there: scripts/install-small-model.sh")

ROOT = Path(__file__).parents[2]
LETTERS = ("A", "B", "C", "D", "E")


@pytest.fixture(scope="module")
def llama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    directory = tmp_path_factory.mktemp("gguf")
    model = directory / "tilted.gguf"
    subprocess.run([sys.executable, "-m", "specimens.to_gguf", "tilted", str(model)], cwd=ROOT, check=True)
    with llama_cpp_server(directory, "--file", str(model), "--threads", "1") as server:
        yield server


def request(index: int) -> Request:
    question = (
        f"Robin hears at noon that the trip of week {index} is cancelled.\n\nWhat does Robin feel?\n\n"
        "A. joy\nB. anger\nC. sadness\nD. pride\nE. relief\n\nAnswer with the letter of the best option only."
    )
    messages = (Message(role="system", content="You are a helpful assistant."), Message(role="user", content=question))
    settings = ModelSettings(max_tokens=4, logprobs=True, timeout_s=120.0)
    return Request(cell_key=f"{index:032x}", messages=messages, settings=settings, letters=LETTERS, seed=index)


def ask(spec: ModelSpec, requests: list[Request]) -> list[Reply]:
    async def all_of_them() -> list[Reply]:
        endpoint = open_endpoint(spec, context=EndpointContext(connection=Connection(concurrency=2)))
        try:
            return await asyncio.gather(*(endpoint.reply(one) for one in requests))
        finally:
            await endpoint.aclose()

    return asyncio.run(all_of_them())


def chance(reply: Reply) -> dict[str, float]:
    """Chance of each letter among the candidates for the answer's token."""
    assert reply.top is not None
    return {one.token.strip(): math.exp(one.logprob) for one in reply.top if one.token.strip() in LETTERS}


def test_log_probabilities_over_http_agree_with_those_computed_here(llama_server: RunningServer) -> None:
    requests = [request(index) for index in range(20)]
    over_http = ask(ModelSpec(name=f"openai/{llama_server.model}", base_url=llama_server.base_url), requests)
    here = ask(ModelSpec(name="specimen/tilted"), requests)
    assert [reply.text.strip() for reply in over_http] == [reply.text.strip() for reply in here]
    for remote, local in zip(over_http, here, strict=True):
        assert remote.note is None
        shared = chance(remote).keys() & chance(local).keys()
        assert shared
        for letter in shared:
            assert chance(remote)[letter] == pytest.approx(chance(local)[letter], abs=0.02)

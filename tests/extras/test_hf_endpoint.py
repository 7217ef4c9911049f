"""Local weights, computed in this process."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest

from evenhand.endpoints.base import AskError
from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.hf.endpoint import HuggingFaceEndpoint
from evenhand.endpoints.kinds import open_endpoint
from evenhand.errors import EndpointError
from evenhand.records.message import Message, ModelSettings, Reply, Request
from evenhand.records.plan import ModelSpec
from evenhand.scoring.probability import option_probabilities

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]  # other people's deprecations

LETTERS = ("A", "B", "C", "D", "E")


def request(index: int, **settings: object) -> Request:
    messages = (
        Message(role="system", content=f"You are a helpful assistant. The user has {'very ' * index} many cats."),
        Message(role="user", content=f"Situation {index}: what does Kim feel?\nA. joy\nB. fear\nC. anger"),
    )
    chosen = ModelSettings(**{"max_tokens": 8, **settings})  # type: ignore[arg-type]  # each as its field wants it
    return Request(cell_key=f"{index:032x}", messages=messages, settings=chosen, letters=LETTERS, seed=index)


def ask(path: Path, *requests: Request, concurrency: int | None = None, **options: str) -> list[Reply]:
    spec = ModelSpec(name=f"hf/{path}", options={"device": "cpu", **options})
    context = EndpointContext(connection=Connection(concurrency=concurrency))

    async def all_of_them() -> list[Reply]:
        endpoint = open_endpoint(spec, context=context)
        assert isinstance(endpoint, HuggingFaceEndpoint)
        try:
            return await asyncio.gather(*(endpoint.reply(one) for one in requests))
        finally:
            await endpoint.aclose()

    return asyncio.run(all_of_them())


def said(reply: Reply) -> tuple[str, str]:
    return reply.text, reply.finish


def test_answers_do_not_depend_on_what_is_asked_beside_them(tiny_llama: Path) -> None:
    requests = [request(index) for index in range(12)]
    together = ask(tiny_llama, *requests)
    alone = ask(tiny_llama, *requests, batch="1")
    assert list(map(said, together)) == list(map(said, alone))
    assert len(set(map(said, together))) > 2
    assert together[0].usage == alone[0].usage


def test_log_probabilities_hold_every_letter_and_agree_with_the_answer(tiny_llama: Path) -> None:
    for reply in ask(tiny_llama, *(request(index, logprobs=True) for index in range(8))):
        assert reply.top is not None
        assert {one.token for one in reply.top} >= set(LETTERS)
        assert math.fsum(math.exp(one.logprob) for one in reply.top) <= 1.0 + 1e-6
        chances = option_probabilities(reply.top, LETTERS, least_mass=0.0)
        assert chances is not None
        if reply.text in LETTERS:
            assert LETTERS[chances.index(max(chances))] == reply.text


def test_drawn_answers_depend_on_their_seed_alone(tiny_llama: Path) -> None:
    requests = [request(index, temperature=1.5) for index in range(6)]
    forwards = ask(tiny_llama, *requests)
    backwards = ask(tiny_llama, *reversed(requests))[::-1]
    assert list(map(said, forwards)) == list(map(said, backwards))


def test_an_answer_that_runs_out_of_tokens_says_so(tiny_llama: Path) -> None:
    replies = ask(tiny_llama, *(request(index, max_tokens=1) for index in range(8)))
    assert {reply.finish for reply in replies} <= {"length", "stop"}
    assert any(reply.finish == "length" for reply in replies)
    assert all(reply.usage.output_tokens == 1 for reply in replies)


def test_a_conversation_that_does_not_fit_is_the_cells_failure(tiny_llama: Path) -> None:
    with pytest.raises(AskError, match="do not fit the model's 4096"):
        ask(tiny_llama, request(1, max_tokens=5000))


def test_turns_of_a_tool_are_rendered(tiny_llama: Path) -> None:
    messages = (
        Message(role="user", content="Hello"),
        Message(role="assistant", content="", tool_name="recall", tool_call_id="c1", tool_arguments='{"n": 1}'),
        Message(role="tool", content="The user is tall.", tool_name="recall", tool_call_id="c1"),
    )
    asked = Request(cell_key="0" * 32, messages=messages, settings=ModelSettings(max_tokens=2), letters=LETTERS, seed=1)
    assert ask(tiny_llama, asked)[0].finish in {"stop", "length"}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("hf/./nowhere", {}, "no checkpoint directory"),
        ("hf/nowhere", {"batch": "none"}, "whole number from 1"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_named(name: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(EndpointError, match=message):
        open_endpoint(ModelSpec(name=name, options=options))


def test_a_directory_that_holds_no_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match="cannot be loaded"):
        open_endpoint(ModelSpec(name=f"hf/{tmp_path}"))


def test_a_checkpoint_without_a_chat_template_is_refused(tiny_llama: Path, tmp_path: Path) -> None:
    for file in tiny_llama.iterdir():
        if file.name != "chat_template.jinja":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(EndpointError, match="no chat template"):
        open_endpoint(ModelSpec(name=f"hf/{tmp_path}"))

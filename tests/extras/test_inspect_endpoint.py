"""Providers of Inspect AI, by its own mock."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from evenhand.endpoints.base import AskError
from evenhand.endpoints.context import Connection
from evenhand.endpoints.inspect_ai import InspectEndpoint
from evenhand.endpoints.kinds import open_endpoint
from evenhand.errors import EndpointError
from evenhand.records.message import Message, ModelSettings, Reply, Request
from evenhand.records.plan import ModelSpec

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]  # other people's deprecations

pytest.importorskip("inspect_ai")

MESSAGES = (
    Message(role="system", content="Be helpful."),
    Message(role="user", content="Hello"),
    Message(role="assistant", content="", tool_name="recall", tool_call_id="c1", tool_arguments='{"n": 1}'),
    Message(role="tool", content="The user is tall.", tool_name="recall", tool_call_id="c1"),
    Message(role="assistant", content="Hello!"),
    Message(role="user", content="Which?"),
)


def ask(*outputs: Any, logprobs: bool = False) -> Reply:
    spec = ModelSpec(name="inspect/mockllm/model")
    request = Request(
        cell_key="0" * 32, messages=MESSAGES, settings=ModelSettings(logprobs=logprobs), letters=("A", "B"), seed=1
    )

    async def once() -> Reply:
        endpoint = InspectEndpoint("mockllm/model", spec=spec, connection=Connection())
        endpoint._model.api.outputs = iter(outputs)
        try:
            return await endpoint.reply(request)
        finally:
            await endpoint.aclose()

    return asyncio.run(once())


def output(text: str, *, stop: Any = "stop") -> Any:
    from inspect_ai.model import ModelOutput, ModelUsage

    made = ModelOutput.from_content("mockllm/model", text, stop_reason=stop)
    made.usage = ModelUsage(input_tokens=9, output_tokens=1)  # otherwise the mock counts, and fetches a vocabulary
    return made


def test_a_mock_model_is_opened_through_the_registry_and_answers() -> None:
    assert isinstance(open_endpoint(ModelSpec(name="inspect/mockllm/model")), InspectEndpoint)
    reply = ask(output("B"))
    assert (reply.text, reply.finish, reply.usage.input_tokens) == ("B", "stop", 9)
    assert reply.latency_s > 0


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        ("stop", "stop"),
        ("max_tokens", "length"),
        ("model_length", "length"),
        ("content_filter", "content_filter"),
        ("unknown", "other"),
    ],
)
def test_reasons_to_stop_are_translated(stop: str, finish: str) -> None:
    assert ask(output("B", stop=stop)).finish == finish


def test_thoughts_are_kept_apart() -> None:
    from inspect_ai.model import ChatMessageAssistant, ContentReasoning, ContentText

    message = ChatMessageAssistant(content=[ContentReasoning(reasoning="hm"), ContentText(text="B")])
    answer = output("B")
    answer.choices[0].message = message
    reply = ask(answer)
    assert (reply.text, reply.reasoning) == ("B", "hm")


def test_log_probabilities_are_read_and_missing_ones_are_noted() -> None:
    from inspect_ai.model import Logprob, Logprobs, TopLogprob

    answer = output("B")
    tops = [TopLogprob(token="B", logprob=-0.1), TopLogprob(token="A", logprob=-2.4)]
    answer.choices[0].logprobs = Logprobs(content=[Logprob(token="B", logprob=-0.1, top_logprobs=tops)])
    reply = ask(answer, logprobs=True)
    assert reply.top is not None
    assert {one.token: one.logprob for one in reply.top} == {"B": -0.1, "A": -2.4}
    missing = ask(output("B"), logprobs=True)
    assert missing.note == "log-probabilities were asked for and not given by the server"


def test_an_error_of_the_provider_is_the_cells_failure() -> None:
    with pytest.raises(AskError, match="ran out of values"):
        ask()


def test_an_unknown_provider_is_named() -> None:
    with pytest.raises(EndpointError, match="Inspect cannot open 'nobody/x'"):
        open_endpoint(ModelSpec(name="inspect/nobody/x"))


def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(EndpointError, match="OPENAI_API_KEY"):
        open_endpoint(ModelSpec(name="inspect/openai/gpt-4o"))

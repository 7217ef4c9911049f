"""Assistants that are functions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from evenhand.endpoints.base import AskError
from evenhand.endpoints.callable import CallableEndpoint
from evenhand.errors import EndpointError
from evenhand.records.message import Message, ModelSettings, Reply, Request

MODULE = """
import asyncio, threading, time
from evenhand.records.message import Reply
from evenhand.errors import EndpointError

seen = []
def plain(messages):
    seen.append((messages, threading.current_thread().name))
    return "<think>hm</think>B"
async def slow(messages):
    await asyncio.sleep(0)
    return {"text": "B", "reasoning": "because"}
def whole(messages, request):
    return Reply(text=request.letters[-1], finish="length")
def optional(messages, temperature=0.5):
    return str(temperature)
def hidden(messages):
    return slow(messages)
def breaks(messages):
    raise KeyError("lost")
def ends(messages):
    raise EndpointError("log in first")
def sleeps(messages):
    time.sleep(0.5)
def number(messages):
    return 7
def wrong(messages):
    return {"answer": "B"}
def nothing():
    return "B"
constant = "B"
class Assistant:
    def reply(self, messages):
        return "C"
assistant = Assistant()
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "assistants_of_a_test.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "broken_assistant_of_a_test.py").write_text("raise RuntimeError('no config')", encoding="utf-8")
    (tmp_path / "needy_assistant_of_a_test.py").write_text("import a_module_that_is_not_there", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)


def ask(function: str, *, timeout_s: float = 5.0) -> Reply:
    messages = (Message(role="user", content="Which?"),)
    request = Request(
        cell_key="0" * 32, messages=messages, settings=ModelSettings(timeout_s=timeout_s), letters=("A", "B"), seed=1
    )

    async def once() -> Reply:
        endpoint = CallableEndpoint(f"assistants_of_a_test:{function}")
        try:
            return await endpoint.reply(request)
        finally:
            await endpoint.aclose()

    return asyncio.run(once())


def test_a_plain_function_is_called_in_a_thread_with_plain_messages() -> None:
    import assistants_of_a_test  # type: ignore[import-not-found]  # written by the fixture

    reply = ask("plain")
    assert (reply.text, reply.reasoning, reply.finish) == ("B", "hm", "stop")
    messages, thread = assistants_of_a_test.seen[-1]
    assert messages == [{"role": "user", "content": "Which?"}]
    assert thread.startswith("evenhand-assistant")


def test_a_coroutine_function_may_return_a_dict() -> None:
    reply = ask("slow")
    assert (reply.text, reply.reasoning) == ("B", "because")
    assert ask("hidden").text == "B"


def test_a_function_of_two_arguments_gets_the_request_and_may_return_a_reply() -> None:
    assert ask("whole") == Reply(text="B", finish="length")


def test_a_second_argument_with_a_default_is_left_alone() -> None:
    assert ask("optional").text == "0.5"


def test_a_method_is_a_function_too() -> None:
    assert ask("assistant.reply").text == "C"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("breaks", "raised KeyError: 'lost'"),
        ("number", "returned int"),
        ("wrong", "no reply"),
        ("sleeps", "within 0.1 s"),
    ],
)
def test_what_is_no_answer_is_the_cells_failure(function: str, message: str) -> None:
    with pytest.raises(AskError, match=message):
        ask(function, timeout_s=0.1 if function == "sleeps" else 5.0)


def test_an_assistant_may_end_the_run() -> None:
    with pytest.raises(EndpointError, match="log in first"):
        ask("ends")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("assistants_of_a_test", "python:MODULE:FUNCTION"),
        ("assistants_of_a_test:plian", "did you mean 'plain'"),
        ("assistants_of_a_test:constant", "is a str, not a function"),
        ("assistants_of_a_test:nothing", "must take one argument"),
        ("no_module_of_this_name:reply", "No module 'no_module_of_this_name'"),
        ("needy_assistant_of_a_test:reply", "No module 'a_module_that_is_not_there'"),
        ("broken_assistant_of_a_test:reply", "raised RuntimeError: no config"),
    ],
)
def test_a_target_that_cannot_be_called_is_refused(target: str, message: str) -> None:
    with pytest.raises(EndpointError, match=message):
        CallableEndpoint(target)

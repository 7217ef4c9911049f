from __future__ import annotations

import asyncio

import pytest

from evenhand.endpoints.base import AskError
from evenhand.records.message import Reply, Request, SecondCall, Usage
from evenhand.run.ledger import Call, Ledger, MeteredEndpoint, call_of, second_calls, sound_or_bare
from tests.support.scripted_run import ScriptedEndpoint, make_work, says_b

REQUEST = make_work(0).request
SENT = sum(len(message.content) for message in REQUEST.messages)


def metered(ledger: Ledger, endpoint: ScriptedEndpoint) -> MeteredEndpoint:
    return MeteredEndpoint(endpoint, model="r", role="second", ledger=ledger)


def test_a_metered_endpoint_writes_down_what_a_call_used_and_passes_the_reply_on() -> None:
    ledger, inner = Ledger(), ScriptedEndpoint(says_b, concurrency=3)
    endpoint = metered(ledger, inner)
    assert asyncio.run(endpoint.reply(REQUEST)) == says_b(REQUEST)
    (call,) = ledger.take(REQUEST.cell_key)
    assert (call.model, call.role, call.usage) == ("r", "second", Usage(input_tokens=10, output_tokens=1))
    assert (call.input_characters, call.output_characters) == (SENT, 1)
    assert ledger.take(REQUEST.cell_key) == ()
    assert (endpoint.concurrency, endpoint.locality) == (3, "any")
    asyncio.run(endpoint.aclose())
    assert inner.closed


def test_a_call_that_was_given_up_counts_its_attempts_and_is_no_second_reading() -> None:
    def busy(_: Request) -> Reply:
        raise AskError("busy", attempts=6)

    ledger = Ledger()
    with pytest.raises(AskError):
        asyncio.run(metered(ledger, ScriptedEndpoint(busy)).reply(REQUEST))
    calls = ledger.take(REQUEST.cell_key)
    assert [(call.attempts, call.answered) for call in calls] == [(6, False)]
    assert second_calls(calls) == ()


def test_a_reply_that_no_row_can_hold_is_counted_by_its_characters() -> None:
    odd = Reply(text="four", finish="stop", usage=Usage(input_tokens=10**19))
    call = call_of(sound_or_bare(odd), REQUEST, model="m")
    assert (call.usage, call.output_characters) == (Usage(), 4)
    worse = Reply(text=4, finish="stop")  # type: ignore[arg-type]  # as a function of the user's may
    assert sound_or_bare(worse).text == ""


def test_a_cut_answer_has_its_limit_and_thoughts_are_written_text() -> None:
    cut = Reply(text="ab", finish="length", reasoning="cde")
    call = call_of(cut, REQUEST, model="m")
    assert (call.cut, call.output_characters) == (REQUEST.settings.max_tokens, 5)


def test_only_answered_calls_of_second_models_stand_with_the_reply() -> None:
    calls = [
        Call(model="m", role="assistant", input_characters=1),
        Call(model="r", role="second", input_characters=2, output_characters=1, attempts=2),
    ]
    assert second_calls(calls) == (SecondCall(model="r", input_characters=2, output_characters=1, attempts=2),)

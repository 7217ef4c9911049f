"""Bodies and errors in the forms in which servers were seen to send them: each is read as what it is."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from evenhand.endpoints.base import AskError
from evenhand.endpoints.openai.refusals import refusal_of
from evenhand.endpoints.openai.server_error import read_error, window_of
from tests.faults.asking import reply_to
from tests.faults.fault_server import answers, raw
from tests.support.answer_cases import Case, outcome_in

TEXTS = ("Relief", "Pride", "Guilt", "Anger", "Hope")
CASES = [
    msgspec.convert(json.loads(line) | {"options": TEXTS}, Case)
    for line in (Path(__file__).parent / "cases" / "bodies.jsonl").read_text("utf-8").splitlines()
]
BODIES = [case for case in CASES if "status" not in case.input]
ERRORS = [case for case in CASES if "status" in case.input]


def named(case: Case) -> str:
    return f"{CASES.index(case)}-{case.kind}"


async def over_http(case: Case) -> str:
    """What a body reads as; `error` where it was asked again, or given up."""
    body = case.input if isinstance(case.input, str) else json.dumps(case.input)
    try:
        reply = await reply_to(raw(body.encode()), answers("E"))
    except AskError:
        return "error"
    return "error" if reply.attempts > 1 else outcome_in(reply, case)


@pytest.mark.parametrize("case", BODIES, ids=named)
async def test_a_body_is_read_as_what_it_is(case: Case) -> None:
    assert await over_http(case) == case.expected


@pytest.mark.parametrize("case", ERRORS, ids=named)
def test_an_error_means_what_its_code_and_message_say(case: Case) -> None:
    error = read_error(case.input["status"], case.input["body"].encode())
    assert refusal_of(error, window=window_of(error, {})) == case.expected


def test_every_kind_of_body_and_error_is_here() -> None:
    assert {case.kind for case in CASES} == {
        "fault-inside-a-200",
        "body-that-json-forbids",
        "body-of-another-shape",
        "rate-limit-taken-for-no-credit",
        "words-of-the-question-taken-for-the-error",
        "status-read-as-wrong-address",
    }
    assert "error" in {case.expected for case in BODIES}

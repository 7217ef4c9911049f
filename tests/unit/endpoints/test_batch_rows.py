"""What a row of a batch came to: an answer, a refusal of the filter, or a failure in the provider's words."""

from __future__ import annotations

import json

import pytest

from evenhand.endpoints.batch import RowError, RowReply
from evenhand.endpoints.batch_rows import answered_row, refused_row
from evenhand.endpoints.openai.body import Dialect
from evenhand.records.message import Message, ModelSettings, Request

REQUEST = Request(
    cell_key="0" * 32,
    messages=(Message(role="user", content="A or B?"),),
    settings=ModelSettings(),
    letters=("A", "B"),
    seed=1,
)


def said(row: object) -> tuple[str, str]:
    assert isinstance(row, RowError)
    return row.error, row.kind


def test_an_answer_is_marked_as_one_of_a_batch() -> None:
    body = b'{"choices":[{"index":0,"finish_reason":"stop","message":{"content":"A"}}]}'
    row = answered_row("r", body, REQUEST, form=Dialect("m", official=False))
    assert isinstance(row, RowReply)
    assert (row.reply.text, row.reply.batched) == ("A", True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"choices":[]}', "The server answered with no choices."),
        (b'{"choices":[{"finish_reason":"error","message":{"content":"A"}}]}', "gave up in the middle"),
        (b"null", "not a chat answer"),
        (b'{"error":{"message":"The model is overloaded"}}', "The model is overloaded"),
    ],
)
def test_what_is_no_answer_is_a_failure(body: bytes, words: str) -> None:
    error, _ = said(answered_row("r", body, REQUEST, form=Dialect("m", official=False)))
    assert words in error


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"message": "The question is too long"}, "request"),
        (429, {"message": "Rate limit reached"}, "fault"),
        (500, {"message": "The server had an error"}, "fault"),
        (529, {"type": "overloaded_error", "message": "Overloaded"}, "fault"),
    ],
)
def test_an_error_says_whether_asking_again_may_help(status: int, error: dict[str, str], kind: str) -> None:
    words, found = said(refused_row("r", status, json.dumps({"error": error}).encode(), REQUEST))
    assert words == f"HTTP {status}: {error['message']}"
    assert found == kind


def test_a_key_in_an_error_is_taken_out() -> None:
    words, _ = said(refused_row("r", 400, b'{"error":{"message":"api_key=sk-abcdefghijklmnop is odd"}}', REQUEST))
    assert "abcdefghijklmnop" not in words

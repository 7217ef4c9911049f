"""The parts of the chat endpoint that need no server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from evenhand.endpoints.letter_logprobs import Candidate, TokenLogprobs, at_letter
from evenhand.endpoints.openai.answer import read_answer, reply_from
from evenhand.endpoints.openai.body import Dialect
from evenhand.endpoints.openai.pace import Pace
from evenhand.endpoints.openai.refusals import refusal_of
from evenhand.endpoints.openai.retry import Patience, Schedule, pause
from evenhand.endpoints.openai.retry_window import retry_after
from evenhand.endpoints.openai.server_error import error_text, read_error
from evenhand.endpoints.redact import redact
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import ModelSettings, Request

LETTERS = ("A", "B", "C", "D")


def tokens(*texts: str) -> list[TokenLogprobs]:
    return [TokenLogprobs(text, -0.5, (Candidate(text, -0.5), Candidate("B", -1.5))) for text in texts]


@pytest.mark.parametrize(
    ("texts", "place"),
    [
        (["B"], 0),
        ([" B", "."], 0),
        (["**", "B", "**"], 1),
        (["b"], 0),
        (["A", ".", " relief"], 0),
        (["The", " answer", " is", " C", "."], 3),
        (["The", " best", " option", " is", ":", " D"], 5),
        (["A", " friend", " would", " choose", " B", "."], 4),
        (["Not", " A", ";", " answer", ":", " C"], 5),
        (["<think>", "A", "</think>", "\n", "D"], 4),
        (["(", "C", ")", " because", " A", " is", " wrong"], 1),
    ],
)
def test_the_token_of_the_chosen_letter_is_found(texts: list[str], place: int) -> None:
    top = at_letter(tokens(*texts), LETTERS)
    assert top is not None
    assert texts[place] in {one.token for one in top}


@pytest.mark.parametrize(
    "texts",
    [
        ["A", " friend", " would", " be", " glad", "."],
        ["I", " feel", " for", " a", " friend"],
        ["Both", " A", " and", " B"],
        ["joy"],
        ["<think>", "A", " or", " B"],
    ],
)
def test_where_no_letter_is_chosen_for_sure_there_are_no_candidates(texts: list[str]) -> None:
    assert at_letter(tokens(*texts), LETTERS) is None


def test_the_chosen_token_is_a_candidate_even_when_the_server_leaves_it_out() -> None:
    top = at_letter([TokenLogprobs("B", -3.0, (Candidate("A", -0.1),))], LETTERS)
    assert top is not None
    assert {one.token: one.logprob for one in top} == {"A": -0.1, "B": -3.0}


def test_the_older_form_of_log_probabilities_is_read() -> None:
    body = (
        b'{"choices": [{"message": {"content": "B"}, "finish_reason": "stop", "logprobs": '
        b'{"tokens": ["B"], "token_logprobs": [-0.2], "top_logprobs": [{"B": -0.2, "A": -1.9}]}}]}'
    )
    settings = ModelSettings(logprobs=True)
    reply = reply_from(
        read_answer(body), Request(cell_key="0", messages=(), settings=settings, letters=LETTERS, seed=1)
    )
    assert reply.top is not None
    assert {one.token for one in reply.top} == {"A", "B"}


@pytest.mark.parametrize(
    ("text", "answer", "thoughts"),
    [
        ("B", "B", None),
        ("a < b, so B", "a < b, so B", None),
        ("<think>x</think>B", "B", "x"),
        ("\n<Thinking>x\ny</Thinking>\n\nB", "B", "x\ny"),
        ("x</think>B", "B", "x"),
        ("<think>x</think><think>y</think>B", "B", "x\n\ny"),
        ("<think>x", "", "x"),
        ("<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>B<|return|>", "B", None),
        ("<|channel|>analysis<|message|>x", "", None),
    ],
)
def test_thoughts_are_split_from_the_answer(text: str, answer: str, thoughts: str | None) -> None:
    found, thought = split_reasoning(text)
    assert found == answer
    if thoughts is not None or text == "B":
        assert thought == thoughts


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ("api_key=abcdef0123 rest", "abcdef0123"),
        ('{"api-key": "abcdef0123"}', "abcdef0123"),
        ("Incorrect API key provided: sk-proj-abcdefghijkl.", "sk-proj-abcdefghijkl"),
        ("gsk_abcdefghijklmnop", "gsk_abcdefghijklmnop"),
        ("https://user:hunter22@host/v1", "hunter22"),
        ("my-own-format", "my-own-format"),
    ],
)
def test_keys_are_taken_out_of_texts(text: str, gone: str) -> None:
    assert gone not in redact(text, ["my-own-format", ""])


def test_texts_without_keys_stay_as_they_are() -> None:
    text = "HTTP 400: max_tokens is too large: 99999 tokens; the secretary was asked"
    assert redact(text) == text


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan"}, None),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
        ({"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"}, 0.0),
    ],
)
def test_what_a_server_asks_to_wait_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_date_to_wait_for_is_turned_into_seconds() -> None:
    when = format_datetime(datetime.now(tz=UTC) + timedelta(seconds=30), usegmt=True)
    seconds = retry_after({"Retry-After": when})
    assert seconds is not None
    assert 27 < seconds <= 30


def test_pauses_grow_stay_in_their_bounds_and_depend_on_the_seed_alone() -> None:
    schedule = Schedule(first_s=1.0, longest_s=8.0)
    pauses = [pause(schedule, failures=failures, seed=3) for failures in range(1, 8)]
    assert pauses == [pause(schedule, failures=failures, seed=3) for failures in range(1, 8)]
    for value, longest in zip(pauses, [1, 2, 4, 8, 8, 8, 8], strict=True):
        assert longest / 2 <= value <= longest
    assert pauses[0] != pause(schedule, failures=1, seed=4)


def test_patience_ends_after_the_stated_faults_and_the_stated_wait() -> None:
    patience = Patience(Schedule(attempts=3, first_s=0.0), 1)
    assert [patience.after_fault() is None for _ in range(3)] == [False, False, True]
    patience = Patience(Schedule(first_s=0.0, patience_s=5.0), 1)
    assert [patience.after_busy(2.0) is None for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    ("status", "text", "refusal"),
    [
        (429, "slow down", "busy"),
        (429, "insufficient_quota", "credit"),
        (402, "", "credit"),
        (500, "", "fault"),
        (529, "overloaded", "fault"),
        (599, "", "fault"),
        (401, "", "key"),
        (403, "", "key"),
        (403, "input was flagged by moderation", "filtered"),
        (404, "model not found", "model"),
        (404, "not found", "path"),
        (400, "API key not valid", "key"),
        (400, "Model Not Exist", "model"),
        (400, "temperature is not supported", "settings"),
        (422, "extra inputs are not permitted: seed", "settings"),
        (400, "context too long", "request"),
        (413, "too large", "request"),
        (301, "", "redirect"),
    ],
)
def test_a_status_means_what_it_means(status: int, text: str, refusal: str) -> None:
    assert refusal_of(read_error(status, text.encode())) == refusal


def test_what_a_server_says_is_found_in_its_usual_places() -> None:
    assert error_text(b'{"error": {"message": "no"}}') == "no"
    assert error_text(b'{"detail": [{"msg": "no"}]}') == '[{"msg":"no"}]'
    assert error_text(b"\xff plain\n text") == "\N{REPLACEMENT CHARACTER} plain text"


def test_a_dialect_does_not_learn_the_same_twice() -> None:
    dialect = Dialect("m", official=False)
    assert dialect.learn("max_tokens is not supported, use max_completion_tokens instead", version=0)
    assert dialect.learn("anything at all", version=0)  # sent before that: worth another try
    assert not dialect.learn("max_completion_tokens is not supported", version=1)
    assert dialect.learn("unsupported value: temperature", version=1)
    assert not dialect.learn("unsupported value: temperature", version=2)
    assert dialect.learn("seed: extra inputs are not permitted", version=2)
    assert dialect.note == "the server refused seed, temperature: its own default was used instead"


def test_a_server_that_takes_no_temperature_of_zero_is_left_its_own() -> None:
    dialect = Dialect("m", official=False)
    assert dialect.learn("`temperature` must be strictly positive", version=0)
    assert dialect.note is not None


def test_a_complaint_about_the_length_teaches_nothing() -> None:
    dialect = Dialect("m", official=False)
    text = "'max_tokens' or 'max_completion_tokens' is too large: 512. The model's context length is 256 tokens."
    assert not dialect.learn(text, version=0)


async def test_the_window_narrows_once_for_all_that_were_under_way_and_widens_again() -> None:
    pace = Pace(16)
    clock = asyncio.get_running_loop().time
    sent = clock()
    for _ in range(10):
        pace.was_busy(sent_at=sent, hold_s=0.0)
    assert pace.window == 9  # 16 * 0.6, once
    pace.was_busy(sent_at=clock() + 1, hold_s=0.0)
    assert pace.window == 5
    for _ in range(300):
        pace.went_well()
    assert pace.window == 16


async def test_the_window_never_closes() -> None:
    pace = Pace(4)
    for after in range(20):
        pace.was_busy(sent_at=asyncio.get_running_loop().time() + after, hold_s=0.0)
    assert pace.window == 1
    await pace.enter()
    pace.leave()


async def test_places_are_given_in_turn_and_a_cancelled_wait_takes_none() -> None:
    pace = Pace(1)
    await pace.enter()
    order: list[int] = []

    async def one(number: int) -> None:
        await pace.enter()
        order.append(number)
        pace.leave()

    tasks = [asyncio.create_task(one(number)) for number in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.sleep(0)
    pace.leave()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 2, 3]
    await asyncio.wait_for(pace.enter(), timeout=1.0)


async def test_a_hold_ends_by_itself() -> None:
    pace = Pace(4)
    clock = asyncio.get_running_loop().time
    began = clock()
    pace.was_busy(sent_at=began, hold_s=0.1)
    await asyncio.wait_for(asyncio.gather(pace.enter(), pace.enter()), timeout=2.0)
    assert clock() - began >= 0.1

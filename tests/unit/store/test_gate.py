from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from evenhand.endpoints.redact import forget, remember
from evenhand.records.message import Reply, SecondCall, TokenProbability, Usage
from evenhand.store.gate import MOST_ATTEMPTS, MOST_CHARACTERS, MOST_SECONDS, MOST_TOKENS, Unfit, admitted, failed

RIGHT = Reply(text="A", finish="stop")
SECOND = SecondCall(model="r", input_characters=1, output_characters=1)


def changed(**fields: Any) -> Reply:
    return msgspec.structs.replace(RIGHT, **fields)


def reason(reply: object) -> str:
    found = admitted(reply)
    assert isinstance(found, Unfit), found
    return found.reason


WHOLE = Reply(
    text="A", finish="length", reasoning="So", refusal="no", model="m", extracted="A", note="n",
    top=(TokenProbability(token="A", logprob=-0.1), TokenProbability(token="B", logprob=0.0)),
    usage=Usage(input_tokens=MOST_TOKENS, output_tokens=0, reasoning_tokens=0, cached_tokens=1),
    latency_s=MOST_SECONDS, attempts=MOST_ATTEMPTS, second=(SECOND,),
)  # fmt: skip


def test_a_reply_at_the_ends_of_every_range_passes_unchanged() -> None:
    assert admitted(WHOLE) == WHOLE
    assert admitted(RIGHT) == RIGHT
    assert admitted(changed(text="", attempts=1, latency_s=0.0)) == changed(text="")
    assert isinstance(admitted(changed(text="a" * MOST_CHARACTERS)), Reply)


@pytest.mark.parametrize("name", ["input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens"])
@pytest.mark.parametrize("number", [-1, MOST_TOKENS + 1, 10**19])
def test_a_token_count_out_of_range_is_named(name: str, number: int) -> None:
    assert reason(changed(usage=Usage(**{name: number}))) == f"{name} is {number}, not a number from 0 to 1,000,000,000"
    second = msgspec.structs.replace(SECOND, usage=Usage(**{name: number}))
    assert reason(changed(second=(second,))).startswith(f"'r': {name} is {number}")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), -0.001, MOST_SECONDS * 1.01])
def test_a_latency_that_is_no_time_is_named(number: float) -> None:
    assert reason(changed(latency_s=number)) == f"latency_s is {number!r}, not a number from 0 to 10,000,000"


@pytest.mark.parametrize("number", [0, -1, MOST_ATTEMPTS + 1])
def test_attempts_out_of_range_are_named(number: int) -> None:
    assert reason(changed(attempts=number)) == f"attempts is {number}, not a number from 1 to 1,000,000"
    second = msgspec.structs.replace(SECOND, attempts=number)
    assert "attempts" in reason(changed(second=(second,)))


@pytest.mark.parametrize("name", ["input_characters", "output_characters"])
@pytest.mark.parametrize("number", [-1, MOST_TOKENS + 1])
def test_characters_of_a_second_model_out_of_range_are_named(name: str, number: int) -> None:
    assert reason(changed(second=(msgspec.structs.replace(SECOND, **{name: number}),))).startswith(name)


def test_a_number_of_a_thousand_digits_is_described_not_written_out() -> None:
    assert "a whole number of 16,610 bits" in reason(changed(usage=Usage(input_tokens=10**5000)))
    assert "1267650600228229401496703205375," in reason(changed(attempts=2**100 - 1))
    assert "a whole number of 101 bits" in reason(changed(attempts=2**100))


@pytest.mark.parametrize("name", ["text", "reasoning", "refusal", "model", "extracted", "note"])
def test_a_text_that_no_file_can_hold_is_named(name: str) -> None:
    assert (
        reason(changed(**{name: "A\ud83d"}))
        == f"{name} is not valid text: it holds half a character (a lone surrogate)"
    )
    assert reason(changed(**{name: "a" * (MOST_CHARACTERS + 1)})).startswith(f"{name} has 8,388,609 characters")
    second = msgspec.structs.replace(SECOND, model="\ud83d")
    assert reason(changed(second=(second,))).startswith("the name of the second model is not valid text")


@pytest.mark.parametrize(
    ("field", "value"),
    [("finish", "end"), ("finish", None), ("text", None), ("text", 5), ("attempts", 1.5), ("usage", {}), ("top", "A"),
     ("latency_s", "fast"), ("attempts", True), ("top", ("A",)), ("note", b"\xff"), ("second", ("r",))],
)  # fmt: skip
def test_a_field_of_another_type_or_outside_its_closed_set_is_no_reply(field: str, value: object) -> None:
    reply = changed(**{field: value})
    if field == "usage":
        assert isinstance(admitted(reply), Reply)  # an empty mapping reads as no usage
    else:
        assert field in reason(reply)


def test_what_is_no_reply_at_all_is_named() -> None:
    assert reason(None) == "the endpoint returned NoneType, not a Reply"
    assert reason("A") == "the endpoint returned str, not a Reply"
    assert "can be kept" in reason(changed(note=object()))


def test_a_log_probability_that_is_none_loses_only_itself_and_a_note_says_so() -> None:
    bad = [float("nan"), float("inf"), -float("inf"), math.nextafter(0.01, 1.0), math.nextafter(-1e9, -math.inf)]
    kept = tuple(TokenProbability(token="A", logprob=value) for value in (-0.5, 0.01, -1e9))
    top = (
        *kept,
        *(TokenProbability(token="C", logprob=value) for value in bad),
        TokenProbability(token="\ud83d", logprob=-1),
    )
    found = admitted(changed(top=top, note="one"))
    assert isinstance(found, Reply)
    assert found.top == kept
    assert found.note == "one; log-probabilities that are no numbers were left out"
    alone = admitted(changed(top=(TokenProbability(token="A", logprob=float("nan")),)))
    assert isinstance(alone, Reply)
    assert (alone.top, alone.note) == (None, "log-probabilities that are no numbers were left out")


def test_a_known_key_is_taken_out_of_every_text_and_nothing_else_is_touched() -> None:
    key = "canary-0123456789"
    echo = dict.fromkeys(("text", "reasoning", "refusal", "model", "extracted", "note"), f"it is {key}.")
    found = admitted(changed(**echo, top=(TokenProbability(token=key, logprob=-1.0),)), secrets=(key,))
    assert isinstance(found, Reply)
    assert key not in repr(found)
    assert found.text == "it is [key removed]."
    assert found.top is None
    advice = changed(text="password: hunter2hunter2", top=WHOLE.top)
    assert admitted(advice, secrets=(key,)) == advice


def test_a_key_that_this_process_remembers_is_taken_out_though_none_is_given() -> None:
    remember("canary-9876543210")
    try:
        found = admitted(changed(text="it is canary-9876543210."))
        assert isinstance(found, Reply)
        assert found.text == "it is [key removed]."
    finally:
        forget()
    assert admitted(changed(text="it is canary-9876543210.")) == changed(text="it is canary-9876543210.")


def test_texts_of_every_script_pass() -> None:
    whole = changed(text="é 安 🅱", top=(TokenProbability(token="é", logprob=-0.1),))
    assert admitted(whole) == whole


def test_the_error_of_a_failed_cell_is_cleaned_before_it_is_cut() -> None:
    key = "canary-0123456789"
    cut = failed("x" * 1990 + key, attempts=3, secrets=(key,))
    assert "cana" not in cut.error
    assert len(cut.error) == 2000
    assert cut.error.endswith(" ...")
    assert len(failed("x" * 2000).error) == 2000
    assert failed("x" * 2000).error.endswith("x")
    assert failed("half \ud83d").error == "half \\ud83d"
    assert [failed("e", attempts=number).attempts for number in (-1, 1, 3, 10**30)] == [1, 1, 3, MOST_ATTEMPTS]
    assert failed("e").attempts == 1

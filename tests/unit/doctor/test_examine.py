"""Ten calls to servers of every temper, and to every kind of endpoint."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evenhand.audit import audit
from evenhand.doctor.checks import checks_of
from evenhand.doctor.examine import examine
from evenhand.endpoints.context import Connection
from evenhand.errors import EndpointError
from evenhand.records.checkup import CheckName, CheckResult, Examination
from evenhand.records.message import USUAL_SETTINGS
from evenhand.records.plan import ModelSpec
from evenhand.run.limits import Limits
from tests.faults.fault_server import (
    FaultServer,
    Play,
    answers,
    busy,
    cut_off,
    drips,
    hangs,
    letter_tokens,
    resets,
    says,
    web_page,
)
from tests.support.chat_server import chat_body, chat_server
from tests.support.running_server import free_port
from tests.support.small_plan import small_plan

KEY = "sk-abcdefghijklmnop1234"


def seen(name: str, url: str | None = None, **options: Any) -> Examination:
    spec = ModelSpec(name=name, base_url=url, settings=USUAL_SETTINGS)
    return examine(spec, **{"patience_s": 5.0} | options)


def results(found: Examination) -> dict[CheckName, CheckResult]:
    return {check.name: check.result for check in checks_of(found)}


def answering(
    say: Callable[[dict[str, Any]], str] = lambda asked: "A",
    *,
    tokens: bool = True,
    finish: str = "stop",
    logprobs: bool = False,
) -> Callable[[dict[str, Any], Mapping[str, str]], tuple[int, bytes]]:
    """A server that counts every character as a token."""

    def answer(asked: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
        said = say(asked)
        choice: dict[str, Any] = {
            "index": 0,
            "finish_reason": finish,
            "message": {"role": "assistant", "content": said},
        }
        if logprobs:
            choice["logprobs"] = letter_tokens((said, {"A": -0.1, "B": -2.5}))
        read = sum(len(turn["content"]) for turn in asked["messages"])
        usage = {"usage": {"prompt_tokens": read, "completion_tokens": len(said)}} if tokens else {}
        return 200, chat_body(said, choices=[choice], **usage)

    return answer


def test_a_good_server_passes_every_check() -> None:
    with chat_server(answering(logprobs=True)) as url:
        found = seen("vllm/m", url)
    assert set(results(found).values()) == {"fine"}, checks_of(found)
    assert (found.asked, found.answered, found.readable, found.logprobs, found.repeats) == (10, 10, 10, 10, 3)
    assert (found.memory, found.served, found.counted) == ("read", "m", True)


def test_exactly_ten_questions_of_an_audit_are_sent_at_temperature_0() -> None:
    sent: list[dict[str, Any]] = []

    def say(asked: dict[str, Any]) -> str:
        sent.append(asked)
        return "A"

    with chat_server(answering(say)) as url:
        found = seen("vllm/m", url)
    assert len(sent) == found.asked == 10
    assert {asked["temperature"] for asked in sent} == {0.0}
    texts = [json.dumps(asked["messages"]) for asked in sent]
    assert texts[0] == texts[1] == texts[2]
    assert len(set(texts)) == 8, "one question three times, three more, and four with memory"
    bare, held = sent[0]["messages"], next(one for one in sent[3:] if one["messages"][-1] == sent[0]["messages"][-1])
    assert len(held["messages"][0]["content"]) > len(bare[0]["content"]), "the first question again, with a profile"


def test_calls_that_a_price_is_known_for_are_priced_like_their_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    from evenhand.plan.cost import Price

    monkeypatch.setattr(
        "evenhand.doctor.examine.prices_of", lambda models: {"vllm/m": Price(input_usd=1e6, output_usd=2e6)}
    )
    with chat_server(answering()) as url:
        found = seen("vllm/m", url)
    assert found.cost_usd == found.input_tokens + 2 * found.output_tokens
    quick = found.presets[0]
    assert quick.cost_usd == pytest.approx(found.cost_usd / 10 * quick.calls)


def test_speed_is_that_of_a_call_and_of_the_calls_in_flight() -> None:
    def slow(asked: dict[str, Any]) -> str:
        time.sleep(0.1)
        return "A"

    with chat_server(answering(slow)) as url:
        found = seen("vllm/m", url, connection=Connection(concurrency=4))
    assert found.latency_s is not None
    assert 0.1 <= found.latency_s < 0.4
    assert found.per_second == pytest.approx(4 / found.latency_s)
    assert found.presets[0].seconds == pytest.approx(found.presets[0].calls * found.latency_s / 4)


@pytest.mark.parametrize(
    ("server", "check", "result", "words"),
    [
        (answering(), "log-probabilities", "note", "0 of 10 answers came with log-probabilities"),
        (answering(finish="length"), "answers", "failed", "raise --max-tokens"),
        (answering(lambda asked: ""), "answers", "failed", "could be read from 0 of 10"),
        (answering(lambda asked: "I would rather not choose."), "answers", "failed", "--extractor llm_extract"),
        (answering(lambda asked: "<think>so</think>B"), "answers", "fine", "10 came with thoughts"),
        (answering(tokens=False), "system role", "note", "nothing the server says shows whether it was read"),
    ],
)
def test_what_a_server_does_is_told_with_what_to_do(
    server: Callable[..., tuple[int, bytes]], check: CheckName, result: CheckResult, words: str
) -> None:
    with chat_server(server) as url:
        found = seen("vllm/m", url)
    (told,) = (one for one in checks_of(found) if one.name == check)
    assert told.result == result
    assert words in f"{told.found} {told.do}"


def test_a_server_that_answers_otherwise_each_time_is_noted() -> None:
    letters = itertools.cycle("ABC")
    with chat_server(answering(lambda asked: next(letters))) as url:
        found = seen("vllm/m", url)
    assert (found.repeats, found.different, results(found)["repeats"]) == (3, 3, "note")


def test_a_server_that_drops_system_messages_cannot_be_audited() -> None:
    def dropping(asked: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
        rest = [turn for turn in asked["messages"] if turn["role"] != "system"]
        return answering()({"messages": rest}, headers)

    with chat_server(dropping) as url:
        found = seen("vllm/m", url)
    assert (found.memory, results(found)["system role"]) == ("dropped", "failed")


def test_a_server_that_declines_the_system_role_is_told_from_one_that_declines_everything() -> None:
    def without_role(asked: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
        if any(turn["role"] == "system" for turn in asked["messages"]):
            return 400, b'{"error": {"message": "System role not supported"}}'
        return answering()(asked, headers)

    with chat_server(without_role) as url:
        found = seen("vllm/m", url)
    assert (found.standstill, results(found)["system role"]) == ("system role", "failed")
    assert "System role not supported" in checks_of(found)[-1].found
    with chat_server(lambda asked, headers: (400, b'{"error": {"message": "no"}}')) as url:
        assert seen("vllm/m", url).standstill == "reachable"


def test_text_that_differs_with_memory_shows_that_it_was_read() -> None:
    def by_length(asked: dict[str, Any]) -> str:
        return "A" if len(asked["messages"][0]["content"]) < 200 else "B"

    with chat_server(answering(by_length, tokens=False)) as url:
        assert seen("vllm/m", url).memory == "read"


@pytest.mark.parametrize(
    ("play", "words"),
    [
        (hangs, "no answer within 1 s"),
        (drips, "no answer within 1 s"),
        (busy("30"), "asks to wait 30 s"),
        (resets, "no answer within 1 s"),
        (cut_off(), "no answer within 1 s"),
        (web_page, "no answer within 1 s"),
        (says(500, {"error": "boom"}), "no answer within 1 s"),
        (says(401, {"error": {"message": "wrong key", "code": "invalid_api_key"}}), "wrong key"),
        (says(404, {"error": {"message": "no such model", "code": "model_not_found"}}), "it has: 'tiny-1', 'tiny-2'"),
        (says(402, {"error": {"message": "pay first", "code": "insufficient_quota"}}), "pay first"),
    ],
)
async def test_a_server_with_a_fault_is_not_reachable_and_its_words_are_told(play: Play, words: str) -> None:
    async with FaultServer(play) as server:
        found = await asyncio.to_thread(seen, "vllm/m", server.url, patience_s=1.0)
    assert found.standstill == "reachable"
    assert words in (found.said or "")
    assert list(results(found).items()) == [("model", "fine"), ("reachable", "failed")]


async def test_faults_of_single_calls_are_told_and_the_rest_is_read() -> None:
    declined = says(400, {"error": {"message": "this one is too long"}})
    async with FaultServer(*[answers("B")] * 4, declined, declined, declined, answers("B")) as server:
        found = await asyncio.to_thread(seen, "vllm/m", server.url)
    assert (found.asked, found.answered) == (10, 7)
    (told,) = (one for one in checks_of(found) if one.name == "answers")
    assert told.result == "note"
    assert "this one is too long" in told.found


def test_nobody_at_the_address() -> None:
    found = seen("vllm/m", f"http://127.0.0.1:{free_port()}/v1")
    assert found.standstill == "reachable"
    assert "127.0.0.1" in (found.said or "")


def test_a_missing_key_is_told_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found = seen("openai/gpt-5.1")
    assert (found.standstill, found.asked) == ("model", 0)
    assert "OPENAI_API_KEY" in (found.said or "")


def test_a_key_that_a_server_repeats_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)

    def echo(asked: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
        body = {"error": {"message": f"bad key {headers['Authorization']}", "code": "invalid_api_key"}}
        return 401, json.dumps(body).encode()

    with chat_server(echo) as url:
        found = seen("vllm/m", url, connection=Connection(api_key_env="MY_KEY"))
    assert found.standstill == "reachable"
    assert KEY not in str(checks_of(found)) + str(found)


def test_a_specimen_passes_every_check() -> None:
    found = seen("specimen/tilted", patience_s=60.0)
    assert set(results(found).values()) == {"fine"}, checks_of(found)


def test_a_simulated_respondent_reads_no_messages() -> None:
    found = seen("simulated/tilted?gap=0.2")
    assert results(found)["system role"] == "not checked"
    assert {result for name, result in results(found).items() if name != "system role"} == {"fine"}


def test_a_function_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_assistant.py").write_text(
        "def reply(messages):\n    return 'A'\n\ndef breaks(messages):\n    raise ValueError('not today')\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    good = seen("python:my_assistant:reply")
    assert (good.answered, good.memory, results(good)["log-probabilities"]) == (10, "accepted", "note")
    bad = seen("python:my_assistant:breaks")
    assert (bad.standstill, "not today" in (bad.said or "")) == ("reachable", True)
    assert seen("python:my_assistant:absent").standstill == "model"


def test_a_replayed_run(tmp_path: Path) -> None:
    audit(small_plan(), tmp_path / "run", limits=Limits(max_calls=30))
    found = seen(f"replay/{tmp_path / 'run'}")
    assert found.standstill == "reachable", "that run was asked other questions"
    assert found.said


def test_an_endpoint_that_raises_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        concurrency = 1
        locality = "any"

        async def reply(self, request: object) -> object:
            raise KeyError("answer")

        async def aclose(self) -> None:
            """Nothing is open."""

    monkeypatch.setattr("evenhand.doctor.examine.open_endpoint", lambda spec, context: Broken())
    found = seen("vllm/m")
    assert (found.standstill, found.said) == ("reachable", "KeyError: 'answer'")


def test_an_unknown_prefix_is_refused() -> None:
    with pytest.raises(EndpointError, match="did you mean 'openai'"):
        seen("opnai/x")

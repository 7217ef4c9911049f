"""The gateway between a client and an upstream, all three on loopback."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from evenhand.mitigate.policy import Facts, MemoryPolicy
from evenhand.serve.form import MarkedForm, MemoryForms
from tests.support.gateway_requests import chat, saved
from tests.support.running_server import free_port
from tests.support.upstream import counted, in_front_of, pieces, upstream

ANSWER = b'{ "id": "x",\n "choices" : [ ] , "caf\xc3\xa9": 1.50 }'
TOKEN = "a-token-of-the-tests-1"


async def instant(request: web.Request, body: bytes) -> web.StreamResponse:
    return web.Response(body=ANSWER, headers={"Content-Type": "application/json", "X-Request-Id": "abc"})


async def test_a_request_without_memory_and_its_answer_pass_byte_for_byte() -> None:
    body = b'{ "model":"m",\n"messages" : [ {"role":"user","content":"h\\u00e9\xc3\xa9"} ],"seed" :1e2 }'
    async with upstream(instant) as behind, in_front_of(behind.url, policy="gate") as front:
        assert await front.post(body) == (200, ANSWER)
    assert behind.asked[0].body == body
    assert behind.asked[0].target == "/v1/chat/completions"


async def test_the_policy_is_applied_to_the_memory_of_a_request() -> None:
    body = chat({"role": "system", "content": saved("The user grows beans.", "The user is rich.")}, question="Beans?")
    async with upstream(instant) as behind, in_front_of(behind.url, policy="gate") as front:
        assert await front.post(body) == (200, ANSWER)
        counts = counted(front)
    assert behind.asked[0].messages[0]["content"] == saved("The user grows beans.")
    assert behind.asked[0].messages[1]["content"] == "Beans?"
    assert counts['facts_total{fate="kept"}'] == counts['facts_total{fate="dropped"}'] == 1
    assert counts['memory_blocks_total{form="system"}'] == counts['chats_total{memory="found"}'] == 1


async def test_the_policy_none_counts_and_changes_nothing() -> None:
    body = chat({"role": "system", "content": saved("The user is rich.")})
    async with upstream(instant) as behind, in_front_of(behind.url) as front:
        await front.post(body)
        assert counted(front)['facts_total{fate="kept"}'] == 1
    assert behind.asked[0].body == body


async def test_headers_go_both_ways_but_those_of_a_connection() -> None:
    async def answering(request: web.Request, body: bytes) -> web.StreamResponse:
        response = web.Response(body=ANSWER, headers={"X-Request-Id": "abc", "Keep-Alive": "timeout=5"})
        response.headers.add("Set-Cookie", "a=1")
        response.headers.add("Set-Cookie", "b=2")
        return response

    sent = {"Authorization": "Bearer own", "X-Trace": "t", "Connection": "keep-alive, X-Hop", "X-Hop": "1", "TE": "x"}
    async with (
        upstream(answering) as behind,
        in_front_of(behind.url) as front,
        front.session.post(f"{front.url}/chat/completions", data=b"{}", headers=sent) as answer,
    ):
        await answer.read()
        assert answer.headers["X-Request-Id"] == "abc"
        assert answer.headers.getall("Set-Cookie") == ["a=1", "b=2"]
        assert "Keep-Alive" not in answer.headers
    got = behind.asked[0].headers
    assert (got["Authorization"], got["X-Trace"]) == ("Bearer own", "t")
    assert not {"X-Hop", "TE"} & set(got)
    assert got["Host"] in behind.url


async def test_a_compressed_answer_stays_compressed() -> None:
    packed = gzip.compress(ANSWER)

    async def answering(request: web.Request, body: bytes) -> web.StreamResponse:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    async with upstream(answering) as behind, in_front_of(behind.url) as front:
        assert await front.post(b"{}") == (200, packed)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
async def test_errors_of_the_upstream_are_passed_on_with_status_and_body(status: int) -> None:
    error = b'{"error": {"message": "no",  "type": "x", "param": null, "code": null}}'

    async def answering(request: web.Request, body: bytes) -> web.StreamResponse:
        return web.Response(status=status, body=error, headers={"Retry-After": "7"})

    async with upstream(answering) as behind, in_front_of(behind.url) as front:
        async with front.session.post(f"{front.url}/chat/completions", data=b"{}") as answer:
            assert (answer.status, await answer.read(), answer.headers["Retry-After"]) == (status, error, "7")
        assert counted(front)[f'requests_total{{end="passed",status="{status}"}}'] == 1


async def test_a_redirect_is_not_followed() -> None:
    async def answering(request: web.Request, body: bytes) -> web.StreamResponse:
        raise web.HTTPFound("http://127.0.0.1:1/elsewhere")

    async with upstream(answering) as behind, in_front_of(behind.url) as front:
        url = f"{front.url}/chat/completions"
        async with front.session.post(url, data=b"{}", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (302, "http://127.0.0.1:1/elsewhere")
    assert len(behind.asked) == 1


async def test_a_stream_comes_piece_by_piece_as_the_upstream_sends_it() -> None:
    second = asyncio.Event()

    async def answering(request: web.Request, body: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await second.wait()
        await response.write(b"data: [DONE]\n\n")
        return response

    async with upstream(answering) as behind, in_front_of(behind.url) as front:
        async with front.session.post(f"{front.url}/chat/completions", data=chat(stream=True)) as answer:
            assert answer.headers["Content-Type"] == "text/event-stream"
            assert await answer.content.readany() == b"data: 1\n\n"
            assert counted(front)["in_flight"] == 1
            second.set()
            assert await answer.read() == b"data: [DONE]\n\n"
        assert counted(front)["in_flight"] == 0


async def test_a_stream_that_the_upstream_cuts_off_is_cut_off_for_the_client() -> None:
    async def answering(request: web.Request, body: bytes) -> web.StreamResponse:
        response = await_sent = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        assert request.transport is not None
        request.transport.close()
        return await_sent

    async with upstream(answering) as behind, in_front_of(behind.url) as front:
        async with front.session.post(f"{front.url}/chat/completions", data=chat(stream=True)) as answer:
            with pytest.raises(aiohttp.ClientError):
                await answer.read()
        assert counted(front)['requests_total{end="upstream_cut",status="200"}'] == 1


async def test_a_client_that_goes_away_ends_the_call_to_the_upstream() -> None:
    gone = asyncio.Event()

    async def answering(request: web.Request, body: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        try:
            await asyncio.sleep(60)
        finally:
            gone.set()
        return response

    async with upstream(answering) as behind, in_front_of(behind.url) as front:
        answer = await front.session.post(f"{front.url}/chat/completions", data=chat(stream=True))
        assert await answer.content.readany() == b"data: 1\n\n"
        answer.close()
        await asyncio.wait_for(gone.wait(), 10)
        while counted(front)["in_flight"]:
            await asyncio.sleep(0.01)
        assert counted(front)['requests_total{end="client_left",status="499"}'] == 1


async def test_an_upstream_that_is_down_is_one_sentence() -> None:
    async with in_front_of(f"http://127.0.0.1:{free_port()}/v1") as front:
        status, error = await front.refused(chat())
        assert (status, error["code"], error["type"]) == (502, "upstream_down", "server_error")
        assert "did not answer" in error["message"]
        assert counted(front)['requests_total{end="upstream_down",status="502"}'] == 1


async def test_an_upstream_that_says_nothing_is_one_sentence() -> None:
    async def answering(request: web.Request, body: bytes) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    async with upstream(answering) as behind, in_front_of(behind.url, patience_s=0.2) as front:
        status, error = await front.refused(chat())
        assert (status, error["code"]) == (504, "upstream_slow")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"messages": 3}', b"\xff"])
async def test_a_malformed_body_is_refused_and_not_sent(body: bytes) -> None:
    async with upstream(instant) as behind, in_front_of(behind.url, policy="gate") as front:
        status, error = await front.refused(body)
        assert (status, error["type"]) == (400, "invalid_request_error")
        assert counted(front)['requests_total{end="refused",status="400"}'] == 1
    assert behind.asked == []


async def test_a_body_that_is_too_large_is_refused_whether_or_not_it_states_its_length() -> None:
    async def in_chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * 300

    async with upstream(instant) as behind, in_front_of(behind.url, largest=1000) as front:
        status, error = await front.refused(b"x" * 1001)
        assert (status, error["code"]) == (413, "request_too_large")
        async with front.session.post(f"{front.url}/chat/completions", data=in_chunks()) as answer:
            assert answer.status == 413
    assert behind.asked == []


async def test_a_compressed_body_is_refused() -> None:
    async with upstream(instant) as behind, in_front_of(behind.url) as front:
        status, _ = await front.refused(gzip.compress(chat()), **{"Content-Encoding": "gzip"})
        assert status == 415
    assert behind.asked == []


async def test_more_facts_than_one_user_has_are_refused() -> None:
    body = chat({"role": "system", "content": saved(*(f"fact {n}" for n in range(5001)))})
    async with upstream(instant) as behind, in_front_of(behind.url) as front:
        assert (await front.refused(body))[1]["code"] == "too_many_facts"
    assert behind.asked == []


@pytest.mark.parametrize(
    "path", ["/responses", "/completions", "/messages", "/files", "/chat/completions/", "/batches"]
)
async def test_a_request_that_may_carry_memory_otherwise_is_not_passed_on(path: str) -> None:
    async with upstream(instant) as behind, in_front_of(behind.url) as front:
        status, error = await front.refused(b"{}", path)
        assert (status, error["code"]) == (404, "not_covered")
    assert behind.asked == []


async def test_models_and_embeddings_pass_as_they_are() -> None:
    async with upstream(instant) as behind, in_front_of(behind.url, policy="gate") as front:
        async with front.session.get(f"{front.url}/models?limit=2") as answer:
            assert await answer.read() == ANSWER
        assert await front.post(b"not json", "/embeddings") == (200, ANSWER)
    assert [(one.method, one.target, one.body) for one in behind.asked] == [
        ("GET", "/v1/models?limit=2", b""),
        ("POST", "/v1/embeddings", b"not json"),
    ]


async def test_a_policy_that_fails_sends_nothing_and_says_nothing_of_the_request() -> None:
    def broken(facts: Facts, question: str) -> Facts:
        if question == "What do I feel?":
            raise KeyError(str(facts))
        return facts

    body = chat({"role": "system", "content": saved("The user is rich.")})
    policy = MemoryPolicy(name="broken", on_memory=broken)
    async with upstream(instant) as behind, in_front_of(behind.url, policy=policy) as front:
        status, error = await front.refused(body)
        assert (status, error["code"]) == (500, "policy_failed")
        assert "rich" not in error["message"]
        assert counted(front)['requests_total{end="failed",status="500"}'] == 1
    assert behind.asked == []


async def test_with_a_token_only_those_who_know_it_are_answered_and_it_is_not_passed_on() -> None:
    async with upstream(instant) as behind, in_front_of(behind.url, token=TOKEN, key="sk-of-the-upstream") as front:
        for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            status, error = await front.refused(chat(), **given)
            assert (status, error["code"]) == (401, "invalid_api_key")
        async with front.session.get(front.url.removesuffix("/v1") + "/metrics") as answer:
            assert answer.status == 401
        assert (await front.post(chat(), Authorization=f"Bearer {TOKEN}"))[0] == 200
    assert [one.headers["Authorization"] for one in behind.asked] == ["Bearer sk-of-the-upstream"]


async def test_a_token_without_a_key_of_the_upstream_is_not_passed_on_either() -> None:
    async with upstream(instant) as behind, in_front_of(behind.url, token=TOKEN) as front:
        assert (await front.post(chat(), Authorization=f"Bearer {TOKEN}"))[0] == 200
    assert "Authorization" not in behind.asked[0].headers


async def test_without_a_token_a_web_page_under_another_name_is_not_answered() -> None:
    async with upstream(instant) as behind, in_front_of(behind.url) as front:
        assert (await front.refused(chat(), Host="evil.example"))[0] == 403
        assert (await front.post(chat(), Host="localhost:1"))[0] == 200
    assert len(behind.asked) == 1


async def test_nothing_of_a_request_is_in_the_counts_or_a_log(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    body = chat({"role": "system", "content": saved("The user is SECRETLY rich.")}, question="SECRETLY?")
    async with upstream(instant) as behind, in_front_of(behind.url, policy="redact?by=words") as front:
        await front.post(body)
        await front.post(body[:-3])
        async with front.session.get(front.url.removesuffix("/v1") + "/metrics") as answer:
            shown = await answer.text()
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    told = shown + "".join(record.getMessage() for record in caplog.records if record.name != "asyncio")
    assert "SECRETLY" not in told
    assert list(tmp_path.iterdir()) == []


async def test_a_form_of_the_users_own_is_looked_for() -> None:
    forms = MemoryForms(marked=(MarkedForm(name="own", start="<memory>\n", end="</memory>"),))
    content = "<memory>\n- The user grows beans.\n- The user is rich.\n</memory>"
    body = chat({"role": "system", "content": content}, question="Beans?")
    async with upstream(instant) as behind, in_front_of(behind.url, policy="gate", forms=forms) as front:
        await front.post(body)
        assert counted(front)['memory_blocks_total{form="own"}'] == 1
    assert behind.asked[0].messages[0]["content"] == "<memory>\n- The user grows beans.\n</memory>"


async def streamed(request: web.Request, body: bytes) -> web.StreamResponse:
    return await pieces(request, *(f"data: {number}\n\n".encode() for number in range(3)), b"data: [DONE]\n\n")


async def left_after(calls: int) -> tuple[int, float, float, int]:
    """Streamed calls, every eighth of which is given up in the middle: (tasks beside the test's own, calls in flight,
    calls counted as ended, calls that reached the assistant) once they are over."""
    body = chat({"role": "system", "content": saved("The user grows beans.", "The user is rich.")}, stream=True)
    async with upstream(streamed) as behind, in_front_of(behind.url, policy="gate") as front:
        numbers = iter(range(calls))

        async def worker() -> None:
            for number in numbers:
                answer = await front.session.post(f"{front.url}/chat/completions", data=body)
                if number % 8 == 7:
                    await answer.content.readany()
                    answer.close()
                else:
                    assert (await answer.read()).endswith(b"data: [DONE]\n\n")

        await asyncio.gather(*(worker() for _ in range(32)))
        await front.session.close()
        own = {asyncio.current_task()}
        for _ in range(1000):
            if asyncio.all_tasks() == own and not counted(front)["in_flight"]:
                break
            await asyncio.sleep(0.02)
        counts = counted(front)
        ends = sum(value for name, value in counts.items() if name.startswith("requests_total"))
        left = len(asyncio.all_tasks() - own)
    return left, counts["in_flight"], ends, len(behind.asked)


async def test_500_streamed_calls_leave_no_task_behind() -> None:
    assert await left_after(500) == (0, 0, 500, 500)


@pytest.mark.slow
async def test_10_000_streamed_calls_leave_no_task_behind() -> None:
    assert await left_after(10_000) == (0, 0, 10_000, 10_000)


async def test_a_large_answer_passes_whole() -> None:
    large = json.dumps({"x": "y" * 3_000_000}).encode()

    async def answering(request: web.Request, body: bytes) -> web.StreamResponse:
        return web.Response(body=large)

    async with upstream(answering) as behind, in_front_of(behind.url) as front:
        assert await front.post(b"{}") == (200, large)

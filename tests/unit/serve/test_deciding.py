"""A gateway whose policy asks a model: what is sent on, asked once, counted, and not sent where the model is silent."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import msgspec
import pytest
from aiohttp import web

from evenhand.endpoints.base import AskError, Locality
from evenhand.endpoints.openai.body import Dialect
from evenhand.errors import EndpointError
from evenhand.mitigate.asked.decisions import Decisions
from evenhand.mitigate.asked.endpoint import AskedEndpoint
from evenhand.mitigate.named import mitigation_spec, policy_of
from evenhand.mitigate.policy import AskedPolicy
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.plan.questions import Questions, memory_sources
from evenhand.records.message import Reply, Request
from evenhand.records.plan import Design
from evenhand.records.profile import Fact
from evenhand.serve.applied import MOST_ASKED, apply, apply_asked
from evenhand.serve.conversation import read_conversation
from evenhand.serve.counts import Counts
from evenhand.serve.deciding import Deciding
from evenhand.serve.deployed import deployed, deployed_spec
from evenhand.serve.form import shipped_forms
from evenhand.serve.turned_away import TurnedAway
from tests.support.chat_server import chat_body, chat_server
from tests.support.gateway_requests import chat, saved
from tests.support.upstream import counted, in_front_of, upstream

BEANS, RICH, ODD = "The user grows beans.", "The user is rich.", "The user hums."
How = Literal["gate", "neutralise"]


class Model:
    """Needs beans, rewrites the rich, and says nothing to the purpose of what is odd."""

    def __init__(self) -> None:
        self.facts: Counter[str] = Counter()
        self.most = self.now = 0
        self.status = 200
        self._lock = threading.Lock()

    def __call__(self, asked: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
        text = asked["messages"][-1]["content"]
        found = re.search(r"^The fact: (.*)$", text, re.MULTILINE)
        assert found is not None
        with self._lock:
            self.facts[found[1]] += 1
        return self.status, chat_body(said(found[1], gate="yes or no" in text))


def said(fact: str, *, gate: bool) -> str:
    if sum(map(ord, fact)) % 7 == sum(map(ord, ODD)) % 7 and fact not in (BEANS, RICH):
        return "Well now."
    if gate:
        return "yes" if "beans" in fact or len(fact) % 3 == 0 else "no"
    return f"Fact: {fact}" if "beans" in fact or len(fact) % 3 == 0 else "Fact: The user lives somewhere."


@contextmanager
def model() -> Iterator[tuple[Model, str]]:
    behind = Model()
    with chat_server(behind) as url:
        yield behind, url


def written(how: How, url: str) -> str:
    option = {"gate": "by=judge&judge", "neutralise": "by=model&model"}[how]
    return f"{how}?{option}=vllm/decider&base_url={url}"


async def instant(request: web.Request, body: bytes) -> web.StreamResponse:
    return web.json_response({"choices": []})


async def test_the_assistant_gets_what_the_model_left_and_each_fact_is_asked_about_once() -> None:
    body = chat({"role": "system", "content": saved(BEANS, RICH, ODD)}, question="Beans?", seed=7)
    with model() as (behind, url):
        async with upstream(instant) as up, in_front_of(up.url, policy=written("gate", url)) as front:
            assert (await front.post(body))[0] == 200
            await asyncio.gather(*(front.post(body) for _ in range(8)))
            counts = counted(front)
    assert behind.facts == {BEANS: 1, RICH: 1, ODD: 1}
    for asked in up.asked:
        assert asked.messages[0]["content"] == saved(BEANS)
        assert asked.messages[1:] == [{"role": "user", "content": "Beans?"}]
        assert msgspec.json.decode(asked.body)["seed"] == 7
    assert counts['facts_total{fate="kept"}'] == 9
    assert counts['facts_total{fate="dropped"}'] == 18
    assert counts["facts_unread_total"] == 9


async def test_facts_are_written_anew_in_their_place() -> None:
    body = chat({"role": "system", "content": saved(RICH, BEANS)})
    with model() as (behind, url):
        async with upstream(instant) as up, in_front_of(up.url, policy=written("neutralise", url)) as front:
            await front.post(body)
            await front.post(chat({"role": "system", "content": saved(RICH, BEANS)}, question="Another?"))
    assert up.asked[0].messages[0]["content"] == saved("The user lives somewhere.", BEANS)
    assert behind.facts.total() == 2  # of a fact, whatever the question


async def test_a_request_without_memory_passes_byte_for_byte_and_asks_nothing() -> None:
    body = chat({"role": "system", "content": "Be kind."})
    with model() as (behind, url):
        async with upstream(instant) as up, in_front_of(up.url, policy=written("gate", url)) as front:
            await front.post(body)
    assert up.asked[0].body == body
    assert not behind.facts


async def test_nothing_is_sent_where_the_model_gives_no_answer() -> None:
    body = chat({"role": "system", "content": saved(BEANS, RICH)})
    with model() as (behind, url):
        behind.status = 400
        async with upstream(instant) as up, in_front_of(up.url, policy=written("gate", url)) as front:
            status, error = await front.refused(body)
            assert (status, error["code"]) == (500, "policy_failed")
            assert "(AskError), so the request was not sent" in error["message"]
            assert up.asked == []
            behind.status = 200
            assert (await front.post(body))[0] == 200
            assert counted(front)['requests_total{end="failed",status="500"}'] == 1


async def test_a_memory_of_more_facts_than_can_be_asked_about_is_turned_away() -> None:
    body = chat({"role": "system", "content": saved(*(f"fact {n}" for n in range(MOST_ASKED + 1)))})
    with model() as (behind, url):
        async with upstream(instant) as up, in_front_of(up.url, policy=written("gate", url)) as front:
            status, error = await front.refused(body)
    assert (status, error["code"], up.asked) == (413, "too_many_facts", [])
    assert not behind.facts


def test_it_is_never_applied_without_its_model() -> None:
    live = deployed(written("gate", "http://127.0.0.1:9/v1"), shipped_forms())
    with pytest.raises(TurnedAway, match="so the request was not sent"):
        apply(live, read_conversation(chat({"role": "system", "content": saved(BEANS)})), Counts("", ""))


async def test_a_model_that_nobody_has_is_refused_at_the_start() -> None:
    policy = policy_of(mitigation_spec("gate?by=judge&judge=vlm/x"))
    assert isinstance(policy, AskedPolicy)
    with pytest.raises(EndpointError, match="did you mean 'vllm'"):
        Deciding(policy)


async def test_decisions_that_were_not_needed_for_long_are_forgotten() -> None:
    policy = policy_of(mitigation_spec("neutralise?by=model&model=vllm/x"))
    assert isinstance(policy, AskedPolicy)
    asked: list[str] = []

    class Says:
        concurrency = 1
        locality: Locality = "any"

        async def reply(self, request: Request) -> Reply:
            asked.append(request.messages[0].content)
            return Reply(text="Fact: none", finish="stop")

        async def aclose(self) -> None:
            raise AskError("never closed here")

    decisions = Decisions(most=2)
    request = Request(cell_key="c", messages=(), settings=policy.model.settings, letters=(), seed=0)
    for text in ("a", "b", "a", "c", "a", "b"):
        await decisions.of(Fact(text=text, dimension="need"), "?", policy=policy, model=Says(), request=request)
    assert len(asked) == 4  # "b" was forgotten for "c", and "a" was not


@pytest.mark.parametrize("how", ["gate", "neutralise"])
async def test_a_request_through_the_gateway_is_the_request_of_the_grid(how: How) -> None:
    """The same model, prompt and decisions: what the assistant gets is the same, message by message."""
    with model() as (_, url):
        design = Design(
            kinds=("understanding", "benefit"),
            items_per_kind=8,
            none_repeats=1,
            placebo_per_item=0.2,
            placements=("system", "narrative", "tool"),
            mitigations=("none", how),
        )
        plan = make_plan(
            PlanRequest(
                models=("openai/m",), design=design, banks=("situations", "benefit"), mitigations=(written(how, url),)
            )
        )
        (spec,) = plan.mitigations
        live, counts = deployed_spec(spec, shipped_forms()), Counts("", "")
        assert isinstance(live.policy, AskedPolicy)
        assert policy_of(spec) is live.policy
        deciding = Deciding(live.policy)
        seen: list[Request] = []
        grid = AskedEndpoint(
            _Seeing(seen),
            {how: live.policy},
            models={how: deciding._model},  # the same client, so that both are asked over HTTP
            sources=memory_sources(plan),
            decisions=Decisions(),
        )
        questions, compared, bare = Questions(plan), 0, {}
        for cell, meeting in questions.crossing.pairs():
            key = (cell.arm, cell.item, cell.replicate, cell.order_index, cell.condition.placement)
            request = questions.work(cell, meeting).request
            if cell.condition.mitigation == "none":
                bare[key] = request
                continue
            await grid.reply(request)
            through = await apply_asked(live, read_conversation(body(bare[key])), counts, deciding)
            if cell.condition.placement == "tool" and len(seen[-1].messages) < len(bare[key].messages):
                assert b'{\\"memories\\":[]}' in through  # the grid asks as without memory
                continue
            compared += 1
            assert msgspec.json.decode(through) == msgspec.json.decode(body(seen[-1]))
        await deciding.aclose()
    assert compared > 60
    assert min(counts.facts[fate] for fate in ("kept", "dropped")) > 20
    assert counts.unread > 0


class _Seeing:
    """Keeps what it is asked."""

    concurrency = 1
    locality: Locality = "any"

    def __init__(self, seen: list[Request]) -> None:
        self._seen = seen

    async def reply(self, request: Request) -> Reply:
        self._seen.append(request)
        return Reply(text="A", finish="stop")

    async def aclose(self) -> None:
        """Nothing to release."""


def body(request: Request) -> bytes:
    return Dialect("m", official=False).body(request)

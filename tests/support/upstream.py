"""An upstream for tests of the gateway: keeps what it was asked, and answers what a function says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from evenhand.mitigate.policy import MemoryPolicy, PromptPolicy
from evenhand.serve.deployed import Deployed, deployed
from evenhand.serve.form import MemoryForms, shipped_forms
from evenhand.serve.gateway import GATEWAY, LARGEST_BODY, Gateway, GatewaySpec, make_app
from evenhand.serve.listen import listening
from evenhand.serve.upstream import UpstreamSpec

__all__ = ["Asked", "Behind", "Front", "counted", "in_front_of", "pieces", "upstream"]

Answering = Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]


@dataclass
class Asked:
    """One request as the upstream got it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation."""
        return list(json.loads(self.body)["messages"])


@dataclass
class Behind:
    """A running upstream."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    """Requests, oldest first."""


@dataclass
class Front:
    """A running gateway and a session to ask it with."""

    url: str
    gateway: Gateway
    session: aiohttp.ClientSession

    async def post(self, body: bytes, path: str = "/chat/completions", **headers: str) -> tuple[int, bytes]:
        """Status and body of a request."""
        sent = {"Content-Type": "application/json"} | headers
        async with self.session.post(self.url + path, data=body, headers=sent) as answer:
            return answer.status, await answer.read()

    async def refused(self, body: bytes, path: str = "/chat/completions", **headers: str) -> tuple[int, dict[str, Any]]:
        """Status and error of a request that is refused."""
        status, answer = await self.post(body, path, **headers)
        (name, error), *others = json.loads(answer).items()
        assert (name, others, set(error)) == ("error", [], {"message", "type", "param", "code"})
        assert error["message"].endswith(".")
        return status, error


@asynccontextmanager
async def upstream(answering: Answering) -> AsyncIterator[Behind]:
    """Serve until the block ends."""
    behind = Behind("")

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        behind.asked.append(Asked(request.method, request.raw_path, dict(request.headers), body))
        return await answering(request, body)

    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", answer)
    async with listening(app, grace_s=0.1) as url:
        behind.url = url
        yield behind


@asynccontextmanager
async def in_front_of(
    url: str,
    *,
    policy: str | MemoryPolicy | PromptPolicy = "none",
    forms: MemoryForms | None = None,
    token: str | None = None,
    key: str | None = None,
    patience_s: float = 30.0,
    largest: int = LARGEST_BODY,
) -> AsyncIterator[Front]:
    """A gateway on loopback, in this event loop."""
    known = forms or shipped_forms()
    spec = GatewaySpec(
        deployed=deployed(policy, known)
        if isinstance(policy, str)
        else Deployed(name=policy.name, policy=policy, forms=known),
        upstream=UpstreamSpec(base_url=URL(url), key=key, patience_s=patience_s),
        token=token,
        largest=largest,
    )
    app = make_app(spec)
    async with listening(app, grace_s=0.1) as own, aiohttp.ClientSession(auto_decompress=False) as session:
        yield Front(own, app[GATEWAY], session)


def counted(front: Front) -> dict[str, float]:
    """The counts, as /metrics shows them."""
    lines = [line for line in front.gateway.counts.text().splitlines() if not line.startswith("#")]
    return {
        name.removeprefix("evenhand_gateway_"): float(value) for name, _, value in (x.rpartition(" ") for x in lines)
    }


async def pieces(request: web.Request, *parts: bytes, kind: str = "text/event-stream") -> web.StreamResponse:
    """An answer that comes in parts."""
    response = web.StreamResponse(headers={"Content-Type": kind})
    await response.prepare(request)
    for part in parts:
        await response.write(part)
    await response.write_eof()
    return response

"""The gateway: a chat server between an application and its assistant that applies a policy to stored memory.

It changes memory in chat requests and nothing else: what the upstream answers goes back as it comes, piece by piece.
Nothing of a request or an answer is written anywhere.
"""

from __future__ import annotations

import asyncio
from time import perf_counter

import aiohttp
from aiohttp import web
from msgspec import Struct

from evenhand.mitigate.policy import AskedPolicy
from evenhand.serve.applied import apply, apply_asked, warm
from evenhand.serve.conversation import BadRequest, read_conversation
from evenhand.serve.counts import CONTENT_TYPE, Counts
from evenhand.serve.deciding import Deciding
from evenhand.serve.deployed import Deployed
from evenhand.serve.guard import Guard
from evenhand.serve.route import route_of
from evenhand.serve.turned_away import TurnedAway, error_body
from evenhand.serve.upstream import Upstream, UpstreamSpec, end_to_end

__all__ = ["LARGEST_BODY", "Gateway", "GatewaySpec", "make_app"]

LARGEST_BODY = 20 * 1024 * 1024
"""Bytes of a request at most, where the user names no number."""
_AT_ONCE = 256 * 1024
"""An answer of a stated length up to this is sent in one piece."""


class GatewaySpec(Struct, frozen=True, kw_only=True):
    """One gateway."""

    deployed: Deployed
    """What it applies."""
    upstream: UpstreamSpec
    """What it passes on to."""
    token: str | None = None
    """What a client must send as its key; None: only this machine can reach the gateway."""
    largest: int = LARGEST_BODY
    """Bytes of a request at most."""


def make_app(spec: GatewaySpec) -> web.Application:
    """The web application of a gateway: every path of the upstream, and `/metrics` and `/health` of its own."""
    app = web.Application(client_max_size=spec.largest)

    async def connected(app: web.Application) -> None:
        warm(spec.deployed)
        app[GATEWAY] = Gateway(spec)

    async def closed(app: web.Application) -> None:
        await app[GATEWAY].aclose()

    app.on_startup.append(connected)
    app.on_cleanup.append(closed)
    app.router.add_get("/health", _health)
    app.router.add_get("/metrics", _metrics)
    app.router.add_route("*", "/{path:.*}", _answer)
    return app


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _metrics(request: web.Request) -> web.Response:
    return request.app[GATEWAY].metrics(request)


async def _answer(request: web.Request) -> web.StreamResponse:
    return await request.app[GATEWAY].answer(request)


class Gateway:
    """Passes requests on.

    Args:
        spec: What to apply, and to whom to pass on.

    Raises:
        EndpointError: The proxy or the file of certificates cannot be read, or the policy's model cannot be asked.
    """

    def __init__(self, spec: GatewaySpec) -> None:
        self.deployed = spec.deployed
        self.counts = Counts(spec.deployed.name, spec.deployed.digest)
        self._upstream = Upstream(spec.upstream)
        policy = spec.deployed.policy
        self._deciding = Deciding(policy) if isinstance(policy, AskedPolicy) else None
        self._guard = Guard(spec.token)
        self._largest = spec.largest
        self._kept_here = ("authorization",) if self._guard.takes_token else ()

    async def aclose(self) -> None:
        """Close the connections to the upstream, and to the policy's model."""
        await self._upstream.aclose()
        if self._deciding is not None:
            await self._deciding.aclose()

    def metrics(self, request: web.Request) -> web.Response:
        """The counts."""
        try:
            self._guard.check(request.headers)
        except TurnedAway as away:
            return _turned_away(away)
        return web.Response(body=self.counts.text().encode(), headers={"Content-Type": CONTENT_TYPE})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, and count how it ended."""
        counts = self.counts
        counts.in_flight += 1
        try:
            response = await self._passed(request)
        except TurnedAway as away:
            counts.requests[away.end, str(away.status)] += 1
            return _turned_away(away)
        except asyncio.CancelledError:
            counts.requests["client_left", "499"] += 1
            raise
        finally:
            counts.in_flight -= 1
        return response

    async def _passed(self, request: web.Request) -> web.StreamResponse:
        self._guard.check(request.headers)
        path, mark, query = request.raw_path.partition("?")
        route, behind = route_of(request.method, path)
        body = await self._body(request)
        if route == "chat":
            body = await self._with_policy(body)
        headers = end_to_end(request.headers, without=self._kept_here)
        try:
            answer = await self._upstream.send(
                request.method, behind + mark + query, headers=headers, body=body if request.method == "POST" else None
            )
        except TimeoutError as error:
            raise self._slow() from error
        except (aiohttp.ClientError, OSError) as error:
            raise self._down(error) from error
        try:
            return await self._back(request, answer)
        finally:
            answer.close()

    async def _body(self, request: web.Request) -> bytes:
        """The whole body, which may be no larger than stated and not compressed."""
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise TurnedAway("The body is compressed; send it as it is.", status=415)
        try:
            return await request.read() if request.can_read_body else b""
        except web.HTTPRequestEntityTooLarge as error:
            raise TurnedAway(
                f"The body is larger than {self._largest:,} bytes, the most that this gateway takes.",
                status=413,
                code="request_too_large",
            ) from error

    async def _with_policy(self, body: bytes) -> bytes:
        began = perf_counter()
        try:
            conversation = read_conversation(body)
            if self._deciding is None:
                return apply(self.deployed, conversation, self.counts)
            return await apply_asked(self.deployed, conversation, self.counts, self._deciding)
        except BadRequest as error:
            raise TurnedAway(str(error), status=400) from error
        finally:
            self.counts.applied(perf_counter() - began)

    async def _back(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        """Hand the answer back as it comes."""
        headers = end_to_end(answer.headers)
        length = answer.content_length
        if length is not None and length <= _AT_ONCE and request.method != "HEAD":
            try:
                whole = await answer.read()
            except TimeoutError as error:
                raise self._slow() from error
            except (aiohttp.ClientError, OSError) as error:
                raise self._down(error) from error
            self._passed_on(answer)
            return web.Response(status=answer.status, reason=answer.reason, headers=headers, body=whole)
        response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
        if length is not None:
            response.content_length = length
        await response.prepare(request)
        return await self._streamed(request, answer, response)

    async def _streamed(
        self, request: web.Request, answer: aiohttp.ClientResponse, response: web.StreamResponse
    ) -> web.StreamResponse:
        """Pass on piece by piece. An answer that is cut off ends in a connection that is cut off, too."""
        while True:
            try:
                piece = await answer.content.readany()
            except (aiohttp.ClientError, OSError):
                self.counts.requests["upstream_cut", str(answer.status)] += 1
                if request.transport is not None:
                    request.transport.abort()
                return response
            if not piece:
                break
            try:
                await response.write(piece)
            except ConnectionError:
                self.counts.requests["client_left", str(answer.status)] += 1
                return response
        await response.write_eof()
        self._passed_on(answer)
        return response

    def _passed_on(self, answer: aiohttp.ClientResponse) -> None:
        self.counts.requests["passed", str(answer.status)] += 1

    def _down(self, error: Exception) -> TurnedAway:
        return TurnedAway(
            f"The upstream {self._upstream.host} did not answer ({type(error).__name__}); check that it runs and that "
            "--upstream names it.",
            status=502,
            kind="server_error",
            code="upstream_down",
            end="upstream_down",
        )

    def _slow(self) -> TurnedAway:
        return TurnedAway(
            f"The upstream {self._upstream.host} said nothing in time; a longer --patience waits longer.",
            status=504,
            kind="server_error",
            code="upstream_slow",
            end="upstream_slow",
        )


def _turned_away(away: TurnedAway) -> web.Response:
    return web.Response(
        status=away.status, body=error_body(away), headers={"Content-Type": "application/json; charset=utf-8"}
    )


GATEWAY: web.AppKey[Gateway] = web.AppKey("gateway", Gateway)

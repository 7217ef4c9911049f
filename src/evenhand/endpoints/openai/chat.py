"""Any server that speaks the OpenAI chat protocol."""

from __future__ import annotations

import asyncio
from typing import NoReturn, assert_never

import aiohttp
import msgspec
from msgspec import structs

from evenhand.endpoints.base import AskError, Locality
from evenhand.endpoints.file_handles import room_for
from evenhand.endpoints.local_faults import as_local
from evenhand.endpoints.openai.body import Dialect
from evenhand.endpoints.openai.endings import (
    connection_ending,
    foreign_ending,
    proxy_ending,
    refusal_ending,
    unreachable_ending,
)
from evenhand.endpoints.openai.form import ChatForm
from evenhand.endpoints.openai.http_answer import Received
from evenhand.endpoints.openai.http_body import TooLarge, Unreadable
from evenhand.endpoints.openai.pace import Pace
from evenhand.endpoints.openai.proxy import proxy_for
from evenhand.endpoints.openai.refusals import refusal_of
from evenhand.endpoints.openai.retry import Patience, Schedule
from evenhand.endpoints.openai.server_error import error_text, read_error, window_of
from evenhand.endpoints.openai.session import ChatSession
from evenhand.endpoints.openai.target import Target
from evenhand.endpoints.redact import cut
from evenhand.errors import EndpointError
from evenhand.records.message import Reply, Request

__all__ = ["OpenAIChatEndpoint"]

_LIST_MODELS_S = 5.0
_TRIES_TO_FIND_SERVER = 3
"""Attempts to reach a server that has never answered: it is not there, and waiting longer would only hide it."""


class OpenAIChatEndpoint:
    """A model behind an OpenAI-compatible server, or one that speaks another form of the chat protocol.

    Sends a request until there is an answer: pauses when the server is busy, narrows the window of requests in flight,
    and learns once which settings the server takes.

    Args:
        target: The model, the server and the key.
        schedule: Pauses between attempts; None: the usual ones, with the target's patience.
        form: How requests are written and answers read; None: OpenAI's.

    Raises:
        EndpointError: The environment names a proxy that cannot be used.
    """

    def __init__(self, target: Target, *, schedule: Schedule | None = None, form: ChatForm | None = None) -> None:
        self._target = target
        self._dialect: ChatForm = form or Dialect(target.model, official=target.official)
        self._schedule = schedule or Schedule(patience_s=target.patience_s)
        base = target.base_url
        self._url = base.with_path(f"{base.path.rstrip('/')}/{self._dialect.path}").with_query(base.query)
        self._proxy = proxy_for(self._url)
        self._concurrency = room_for(target.concurrency).connections
        self._pace = Pace(self._concurrency)
        self._session: ChatSession | None = None
        self._answered = False

    @property
    def concurrency(self) -> int:
        """The widest window of requests in flight; narrower than asked for where too few files may be open."""
        return self._concurrency

    @property
    def locality(self) -> Locality:
        """A server of one's own may share the work of equal beginnings; with a provider, whole items matter more."""
        return "prefix" if self._target.local else "any"

    async def reply(self, request: Request) -> Reply:
        """The model's answer.

        Raises:
            AskError: No answer after all attempts, or a refusal of this request alone.
            EndpointError: No server, wrong key, unknown model, no credit, or a certificate that is not trusted.
            LocalError: This machine has no room for another connection.
        """
        patience: Patience | None = None
        clock = asyncio.get_running_loop().time
        while True:
            await self._pace.enter()
            began, version = clock(), self._dialect.version
            sent = patience.sent + 1 if patience else 1
            got: Reply | Received | Exception
            try:
                got = await self._tried(request, sent=sent)
            except (aiohttp.ClientError, OSError, Unreadable) as error:  # a time limit is an OSError, too
                got = error
            except TooLarge as error:
                raise AskError(str(error), attempts=sent, kind="request") from error
            finally:
                self._pace.leave()
            if isinstance(got, Reply):
                return got
            if patience is None:
                patience = Patience(self._schedule, request.seed)
            patience.sent = sent
            if isinstance(got, Received):
                settled = await self._refused(got, request, patience, began=began, version=version)
            else:
                settled = self._failed(got, patience, began=began)
            if isinstance(settled, Reply):
                return settled
            await asyncio.sleep(settled)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.aclose()
            self._session = None

    async def _tried(self, request: Request, *, sent: int) -> Reply | Received:
        """One attempt: the reply, or the error that the server answered with, whatever its status.

        Raises:
            Unreadable: What came is no chat answer.
            AskError: It is one without an answer.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        received = await self._connected().exchange(
            self._url, data=self._dialect.body(request), limit_s=request.settings.timeout_s
        )
        if not 200 <= received.status < 300:
            return received
        answer = self._dialect.read(received.body)
        if isinstance(answer, bytes):
            return Received(received.status, received.headers, answer)
        self._answered = True
        reply = answer.reply(request)
        self._pace.went_well()
        notes = [note for note in (reply.note, self._dialect.note) if note]
        return structs.replace(reply, latency_s=clock() - began, attempts=sent, note="; ".join(notes) or None)

    def _connected(self) -> ChatSession:
        if self._session is None:
            self._session = ChatSession(self._target, self._proxy)
        return self._session

    def _failed(self, error: Exception, patience: Patience, *, began: float) -> float:
        """Seconds to wait after an attempt that brought no answer over HTTP, or an unreadable one.

        Raises:
            AskError: There were enough attempts.
            EndpointError: There is no such server.
            LocalError: This machine has no room for another connection, and waiting did not help.
        """
        what = cut(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        url = str(self._url)
        ending = connection_ending(error, url=url, proxy=self._proxy, what=what)
        if ending is not None:
            self._end(ending)
        trouble = as_local(error)
        unreachable = isinstance(error, aiohttp.ClientConnectorError) and not self._answered and trouble is None
        wait = patience.after_fault(most=_TRIES_TO_FIND_SERVER if unreachable else None)
        if wait is not None:
            if trouble is not None:
                self._pace.was_busy(sent_at=began, hold_s=0.0)
            return wait
        if trouble is not None:
            raise trouble from error
        if unreachable:
            self._end(unreachable_ending(error, url=url, proxy=self._proxy, what=what))
        if isinstance(error, Unreadable) and not self._answered:
            self._end(foreign_ending(url, what))
        raise AskError(what, attempts=patience.sent)

    async def _refused(
        self, received: Received, request: Request, patience: Patience, *, began: float, version: int
    ) -> float | Reply:
        """Seconds to wait after an error, or the reply that the refusal is.

        Raises:
            AskError: This request cannot be answered.
            EndpointError: No request can.
        """
        error = read_error(received.status, received.body, asked=[turn.content for turn in request.messages])
        said = cut(f"HTTP {received.status}: {error_text(received.body)}")
        if received.status == 407 and self._proxy is not None:
            self._end(proxy_ending(self._proxy, url=str(self._url), what=said))
        asked = window_of(error, received.headers)
        refusal = refusal_of(error, window=asked)
        match refusal:
            case "settings" if self._dialect.learn(error.words, version=version):
                return 0.0
            case "filtered":
                return Reply(text="", finish="content_filter", refusal=said, attempts=patience.sent)
            case "busy":
                return self._put_off(said, patience, asked=asked, began=began)
            case "fault":
                wait = patience.after_fault()
                if wait is None:
                    raise AskError(said, attempts=patience.sent)
                return wait
            case "settings" | "request":
                raise AskError(said, attempts=patience.sent, kind="request")
            case "key" | "model" | "credit" | "effort" | "redirect" | "path":
                models = await self._offered() if refusal == "model" else None
                place = received.headers.get("Location")
                self._end(
                    refusal_ending(
                        refusal,
                        target=self._target,
                        url=str(self._url),
                        said=said,
                        place=cut(place) if place else None,
                        models=models,
                    )
                )
        assert_never(refusal)

    def _put_off(self, said: str, patience: Patience, *, asked: float | None, began: float) -> float:
        """Seconds to wait for a busy server; everybody else waits, too, when it says how long."""
        wait = patience.after_busy(asked)
        if wait is not None:
            self._pace.was_busy(sent_at=began, hold_s=asked or 0.0)
            return wait
        if asked is not None and asked > self._schedule.patience_s:
            self._end(
                f"The server asks to wait {asked:.0f} s before the next request ({said}); run again then to go on."
            )
        raise AskError(said, attempts=patience.sent)

    async def _offered(self) -> list[str] | None:
        """What models the server has; None where it does not tell."""
        url = self._target.base_url
        place = url.with_path(f"{url.path.rstrip('/')}/models").with_query(url.query)
        try:
            received = await self._connected().exchange(place, data=None, limit_s=_LIST_MODELS_S)
            found = msgspec.json.decode(received.body, type=_Models)
        except (aiohttp.ClientError, OSError, TooLarge, Unreadable, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return [cut(model.id, most=100) for model in found.data]

    def _end(self, text: str) -> NoReturn:
        raise EndpointError(text)


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]

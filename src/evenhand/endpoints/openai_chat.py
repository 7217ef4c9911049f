"""Any server that speaks the OpenAI chat protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NoReturn

import aiohttp
import msgspec
from msgspec import structs

from evenhand.endpoints.base import AskError, Locality
from evenhand.endpoints.chat_answer import Unreadable, error_text, read_answer, reply_from
from evenhand.endpoints.chat_body import Dialect
from evenhand.endpoints.local_faults import as_local
from evenhand.endpoints.pace import Pace
from evenhand.endpoints.redact import redact
from evenhand.endpoints.refusals import refusal_of
from evenhand.endpoints.retry import Patience, Schedule, retry_after
from evenhand.endpoints.target import Target
from evenhand.errors import EndpointError
from evenhand.plugins import near_miss
from evenhand.records.message import Reply, Request

__all__ = ["OpenAIChatEndpoint"]

_CONNECT_S = 15.0
_LIST_MODELS_S = 5.0
_TRIES_TO_FIND_SERVER = 3
"""Attempts to reach a server that has never answered: it is not there, and waiting longer would only hide it."""

_Answer = tuple[int, Mapping[str, str], bytes]
"""(status, headers, body)."""


class OpenAIChatEndpoint:
    """A model behind an OpenAI-compatible server.

    Sends a request until there is an answer: pauses when the server is busy, narrows the window of requests in flight,
    and learns once which settings the server takes.

    Args:
        target: The model, the server and the key.
        schedule: Pauses between attempts; None: the usual ones, with the target's patience.
    """

    def __init__(self, target: Target, *, schedule: Schedule | None = None) -> None:
        self._target = target
        self._schedule = schedule or Schedule(patience_s=target.patience_s)
        base = target.base_url
        self._url = base.with_path(f"{base.path.rstrip('/')}/chat/completions").with_query(base.query)
        self._pace = Pace(target.concurrency)
        self._dialect = Dialect(target.model, official=target.official)
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}
        self._session: aiohttp.ClientSession | None = None
        self._answered = False

    @property
    def concurrency(self) -> int:
        """The widest window of requests in flight."""
        return self._target.concurrency

    @property
    def locality(self) -> Locality:
        """A server of one's own may share the work of equal beginnings; with a provider, whole items matter more."""
        return "prefix" if self._target.local else "any"

    async def reply(self, request: Request) -> Reply:
        """The model's answer.

        Raises:
            AskError: No answer after all attempts, or a refusal of this request alone.
            EndpointError: No server, wrong key, unknown model, no credit.
        """
        patience: Patience | None = None
        clock = asyncio.get_running_loop().time
        while True:
            await self._pace.enter()
            began, version = clock(), self._dialect.version
            answer: _Answer | Exception
            try:
                answer = await self._sent(request)
            except (aiohttp.ClientError, OSError) as error:  # a time limit is an OSError, too
                answer = error
            finally:
                self._pace.leave()
            if isinstance(answer, tuple) and answer[0] == 200:
                try:
                    return self._read(
                        answer[2], request, seconds=clock() - began, attempts=patience.sent + 1 if patience else 1
                    )
                except Unreadable as error:
                    answer = error
            if patience is None:
                patience = Patience(self._schedule, request.seed)
            patience.sent += 1
            if isinstance(answer, tuple):
                settled = await self._refused(answer, patience, began=began, version=version)
            else:
                settled = self._failed(answer, patience)
            if isinstance(settled, Reply):
                return settled
            await asyncio.sleep(settled)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _sent(self, request: Request) -> _Answer:
        """One attempt: the status, the headers and the whole body."""
        session = self._session or self._opened()
        limit = request.settings.timeout_s
        timeout = self._timeouts.get(limit)
        if timeout is None:
            timeout = self._timeouts[limit] = aiohttp.ClientTimeout(total=limit, sock_connect=_CONNECT_S)
        response = await session.post(
            self._url, data=self._dialect.body(request), timeout=timeout, allow_redirects=False
        )
        try:
            return response.status, response.headers, await response.read()
        finally:
            response.release()

    def _opened(self) -> aiohttp.ClientSession:
        """A session that reads nothing from its surroundings: no proxies, no netrc, no cookies."""
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "evenhand"}
        if self._target.key is not None:
            headers["Authorization"] = f"Bearer {self._target.key}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, keepalive_timeout=30.0),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        return self._session

    def _read(self, body: bytes, request: Request, *, seconds: float, attempts: int) -> Reply:
        """The reply in a body.

        Raises:
            Unreadable: The body is no chat answer.
            AskError: It is one without an answer.
        """
        answer = read_answer(body)
        if answer.choices is None:
            raise Unreadable(f"no choices in it: {error_text(body)}")
        reply = reply_from(answer, request)
        self._answered = True
        self._pace.went_well()
        notes = [note for note in (reply.note, self._dialect.note) if note]
        return structs.replace(reply, latency_s=seconds, attempts=attempts, note="; ".join(notes) or None)

    def _failed(self, error: Exception, patience: Patience) -> float:
        """Seconds to wait after an attempt that brought no answer over HTTP, or an unreadable one.

        Raises:
            AskError: There were enough attempts.
            EndpointError: There is no such server.
        """
        local = as_local(error)
        if local is not None:
            raise local from error
        what = self._shown(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
            self._end(f"The connection to {self._url} is not trusted ({what}); check --base-url and the certificate.")
        unreachable = isinstance(error, aiohttp.ClientConnectorError) and not self._answered
        wait = patience.after_fault(most=_TRIES_TO_FIND_SERVER if unreachable else None)
        if wait is not None:
            return wait
        if unreachable:
            self._end(f"No server answers at {self._url} ({what}); start it, or check --base-url.")
        if isinstance(error, Unreadable) and not self._answered:
            self._end(
                f"What answers at {self._url} is not an OpenAI-compatible server ({what}); "
                "check --base-url: it usually ends in /v1."
            )
        raise AskError(what, attempts=patience.sent)

    async def _refused(self, answer: _Answer, patience: Patience, *, began: float, version: int) -> float | Reply:
        """Seconds to wait after a status other than 200, or the reply that the refusal is.

        Raises:
            AskError: This request cannot be answered.
            EndpointError: No request can.
        """
        status, headers, body = answer
        refusal = refusal_of(status, body)
        said = self._shown(f"HTTP {status}: {error_text(body)}")
        asked = retry_after(headers)
        match refusal:
            case "settings" if self._dialect.learn(said, version=version):
                return 0.0
            case "filtered":
                return Reply(text="", finish="content_filter", refusal=said, attempts=patience.sent)
            case "busy":
                return self._put_off(said, patience, asked=asked, began=began)
            case "fault" if asked is not None:
                return self._put_off(said, patience, asked=asked, began=began)
            case "fault":
                wait = patience.after_fault()
                if wait is None:
                    raise AskError(said, attempts=patience.sent)
                return wait
            case "settings" | "request":
                raise AskError(said, attempts=patience.sent, kind="request")
            case _:
                self._end(await self._explained(refusal, said, headers))

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

    async def _explained(self, refusal: str, said: str, headers: Mapping[str, str]) -> str:
        """A sentence that says why no request can be answered, and what to do."""
        target = self._target
        match refusal:
            case "key" if target.key is None:
                return f"The server at {self._url} wants a key ({said}); name its variable with --api-key-env."
            case "key":
                return (
                    f"The server at {self._url} does not accept the key in {target.key_env!r} ({said}); check the key."
                )
            case "model":
                return f"The server at {self._url} has no model {target.model!r} ({said}){await self._offered()}."
            case "credit":
                return f"The account has no credit left ({said}); what was answered is safe, run again to go on."
            case "effort":
                return f"{target.name!r} does not take this reasoning effort ({said}); choose another, or leave it out."
            case "redirect":
                place = headers.get("Location", "elsewhere")
                return f"The server at {self._url} has moved to {place!r}; give that as --base-url."
            case _:
                return f"There is no chat endpoint at {self._url} ({said}); check --base-url: it usually ends in /v1."

    async def _offered(self) -> str:
        """What models the server has instead, if it tells."""
        url = self._target.base_url
        timeout = aiohttp.ClientTimeout(total=_LIST_MODELS_S)
        try:
            session = self._session or self._opened()
            async with session.get(url.with_path(f"{url.path.rstrip('/')}/models"), timeout=timeout) as response:
                found = msgspec.json.decode(await response.read(), type=_Models)
        except (aiohttp.ClientError, OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return "; check the name"
        names = [model.id for model in found.data]
        shown = ", ".join(map(repr, names[:8])) + (" ..." if len(names) > 8 else "")
        return f"{near_miss(self._target.model, names)}; it has: {shown or 'none'}"

    def _shown(self, text: str) -> str:
        return redact(text, [self._target.key] if self._target.key else [])

    def _end(self, text: str) -> NoReturn:
        raise EndpointError(text)


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]

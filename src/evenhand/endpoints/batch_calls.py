"""Requests to the part of a server that takes batches: patient where asking again is safe, and once where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Generic, Literal, NoReturn, TypeVar

import aiohttp
import msgspec
from msgspec import Struct

from evenhand.endpoints.base import AskError
from evenhand.endpoints.batch import MaybeSent, NotTaken, check_remote
from evenhand.endpoints.openai.endings import connection_ending, refusal_ending
from evenhand.endpoints.openai.http_body import LARGEST, TooLarge, Unreadable
from evenhand.endpoints.openai.proxy import proxy_for
from evenhand.endpoints.openai.refusals import refusal_of
from evenhand.endpoints.openai.retry import Patience, Schedule
from evenhand.endpoints.openai.server_error import error_text, read_error, window_of
from evenhand.endpoints.openai.session import ChatSession, Received
from evenhand.endpoints.openai.target import Target
from evenhand.endpoints.redact import cut
from evenhand.errors import EndpointError

__all__ = ["RESULTS_BYTES", "BatchCalls", "BatchPage", "ListedBatch", "decoded", "name_of_made"]

_Record = TypeVar("_Record")

RESULTS_BYTES = 1024 * 1024 * 1024
"""Bytes of the results of one batch that are read at most."""
_SHORT_S = 60.0
_LONG_S = 900.0
"""Seconds that a transfer of a whole batch may take."""
_UNCLEAR = frozenset({408, 409, 425})
"""Statuses after which what was sent may have been taken all the same."""
_PAGE = 100
_TOO_MUCH = ("enqueued", "token_limit", "in-progress batches", "in_progress batches")
"""Words of a refusal that only says that more is out than an account may have."""


class ListedBatch(Struct):
    """A batch as a provider lists it; a server may leave any field out."""

    id: Any = None


_Listed = TypeVar("_Listed", bound=ListedBatch)


class BatchPage(Struct, Generic[_Listed]):
    """A part of the list of an account's batches."""

    data: list[_Listed] = []
    has_more: bool = False


class BatchCalls:
    """What batches need of HTTP, below one base URL.

    Args:
        target: The server and the key.
        schedule: Pauses between attempts; None: the usual ones.
    """

    def __init__(self, target: Target, *, schedule: Schedule | None = None) -> None:
        self._target = target
        self._schedule = schedule or Schedule(patience_s=target.patience_s)
        self._proxy = proxy_for(target.base_url)
        self._session: ChatSession | None = None

    async def get(self, path: str, *, query: Mapping[str, str] | None = None, results: bool = False) -> bytes | None:
        """What is at a path; None where there is nothing.

        Args:
            path: Below the base URL.
            query: What is asked of it.
            results: Whether the results of a whole batch may come.

        Raises:
            AskError: It cannot be read now.
            EndpointError: It never can be: a wrong key, a server that has moved.
        """
        limit_s, largest = (_LONG_S, RESULTS_BYTES) if results else (_SHORT_S, LARGEST)
        patience = Patience(self._schedule, 0)
        while True:
            got = await self._once("GET", path, query=query, limit_s=limit_s, largest=largest)
            if isinstance(got, Received) and (200 <= got.status < 300 or got.status == 404):
                return None if got.status == 404 else got.body
            await asyncio.sleep(self._pause(got, path, patience))

    async def upload(self, path: str, body: bytes, *, content_type: str) -> bytes:
        """Send something that may arrive twice without harm; the answer.

        Raises:
            NotTaken: The server does not take it.
            AskError: It cannot be sent now.
            EndpointError: It never can be.
        """
        patience = Patience(self._schedule, 0)
        while True:
            got = await self._once("POST", path, data=body, content_type=content_type, limit_s=_LONG_S)
            if isinstance(got, Received) and 200 <= got.status < 300:
                return got.body
            await asyncio.sleep(self._pause(got, path, patience, sending=True))

    async def create(self, path: str, body: bytes, *, long: bool = False) -> bytes:
        """Send what must not arrive twice: again only where the server surely did not take it.

        Raises:
            NotTaken: The server does not take it.
            MaybeSent: It broke off, and may have arrived.
            AskError: It cannot be sent now.
            EndpointError: It never can be.
        """
        patience = Patience(self._schedule, 0)
        while True:
            got = await self._once("POST", path, data=body, limit_s=_LONG_S if long else _SHORT_S)
            if isinstance(got, Received) and 200 <= got.status < 300:
                return got.body
            never_left = isinstance(got, aiohttp.ClientConnectorError)
            unclear = isinstance(got, Received) and (got.status >= 500 or got.status in _UNCLEAR)
            if unclear or (isinstance(got, Exception) and not never_left):
                raise MaybeSent(_said(got))
            await asyncio.sleep(self._pause(got, path, patience, sending=True))

    async def delete(self, path: str) -> None:
        """Remove what is at a path; nothing there is as good.

        Raises:
            AskError: The server does not say that it is removed.
        """
        got = await self._once("DELETE", path, limit_s=_SHORT_S)
        if not isinstance(got, Received) or not (200 <= got.status < 300 or got.status == 404):
            raise AskError(_said(got))

    async def listed(self, path: str, page: type[BatchPage[_Listed]], *, cursor: str) -> AsyncIterator[_Listed]:
        """Every batch of the account, the newest first.

        Args:
            path: Where they are listed.
            page: What a part of the list is.
            cursor: Name of the parameter that says after which batch the next part begins.

        Raises:
            AskError: The list cannot be read now.
            EndpointError: There is none.
        """
        last: str | None = None
        while True:
            body = await self.get(path, query={"limit": str(_PAGE)} | ({} if last is None else {cursor: last}))
            if body is None:
                self.no_batches(path, "HTTP 404")
            part = decoded(body, page)
            for batch in part.data:
                yield batch
            before, last = last, None if not part.data else check_remote(part.data[-1].id, what="a batch")
            if not part.has_more or last is None or last == before:
                return

    def no_batches(self, path: str, said: str) -> NoReturn:
        """End a run whose server has no place for batches.

        Raises:
            EndpointError: Always.
        """
        raise EndpointError(
            f"The server takes no batches at {self._url(path)} ({said}); leave --batch out, or check --base-url."
        )

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.aclose()
            self._session = None

    async def _once(
        self,
        method: Literal["GET", "POST", "DELETE"],
        path: str,
        *,
        limit_s: float,
        query: Mapping[str, str] | None = None,
        data: bytes | None = None,
        content_type: str = "application/json",
        largest: int = LARGEST,
    ) -> Received | Exception:
        """One exchange, however it ended."""
        if self._session is None:
            self._session = ChatSession(self._target, self._proxy, files=True)
        url = self._target.base_url
        place = url.with_path(f"{url.path.rstrip('/')}/{path}").with_query({**url.query, **(query or {})})
        try:
            return await self._session.exchange(
                place, data=data, limit_s=limit_s, method=method, content_type=content_type, largest=largest
            )
        except (aiohttp.ClientError, OSError, Unreadable, TooLarge) as error:  # a time limit is an OSError, too
            return error

    def _pause(self, got: Received | Exception, path: str, patience: Patience, *, sending: bool = False) -> float:
        """Seconds to wait before the next attempt.

        Raises:
            AskError: There were enough attempts, or what was asked for cannot be had.
            NotTaken: What was sent is declined.
            EndpointError: No attempt can go well.
        """
        patience.sent += 1
        said = _said(got)
        if isinstance(got, Exception):
            ending = connection_ending(got, url=self._url(path), proxy=self._proxy, what=said)
            if ending is not None:
                raise EndpointError(ending) from got
            wait = None if isinstance(got, TooLarge) else patience.after_fault()
        else:
            error = read_error(got.status, got.body)
            asked = window_of(error, got.headers)
            refusal = refusal_of(error, window=asked)
            match refusal:
                case "busy" if not _is_too_much(said):
                    wait = patience.after_busy(asked)
                case "fault":
                    wait = patience.after_fault()
                case "key" | "credit" | "redirect" | "model":
                    place = got.headers.get("Location")
                    raise EndpointError(
                        refusal_ending(
                            refusal,
                            target=self._target,
                            url=self._url(path),
                            said=said,
                            place=cut(place) if place else None,
                        )
                    )
                case "path":
                    self.no_batches(path, said)
                case _ if sending:
                    raise NotTaken(said, too_much=_is_too_much(said))
                case _:
                    wait = None
        if wait is None:
            raise AskError(said, attempts=patience.sent)
        return wait

    def _url(self, path: str) -> str:
        url = self._target.base_url
        return str(url.with_path(f"{url.path.rstrip('/')}/{path}").with_query(None))


def decoded(body: bytes, kind: type[_Record]) -> _Record:
    """A body as the record it should be.

    Raises:
        AskError: It is none.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        begins = cut(body[:800].decode("utf-8", "replace"), most=80)
        raise AskError(f"the server's answer cannot be read ({error}); it begins {begins!r}") from error


def name_of_made(body: bytes, kind: type[ListedBatch]) -> str:
    """The provider's name of a batch that it says it has made.

    Raises:
        MaybeSent: The answer does not say it.
    """
    try:
        return check_remote(decoded(body, kind).id, what="a batch")
    except (AskError, EndpointError) as error:
        raise MaybeSent(str(error)) from error


def _is_too_much(said: str) -> bool:
    return any(word in said.lower() for word in _TOO_MUCH)


def _said(got: Received | Exception) -> str:
    """What came in place of an answer, in words and without keys."""
    if isinstance(got, Received):
        return cut(f"HTTP {got.status}: {error_text(got.body)}")
    return cut(f"{type(got).__name__}: {got}" if str(got) else type(got).__name__)

"""A service of the user's own as an assistant: with its own memory, or asked with memory in the messages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from evenhand.endpoints.base import AskError, Locality
from evenhand.endpoints.context import Connection
from evenhand.endpoints.openai.retry import RETRIED_STATUS, Patience, Schedule
from evenhand.endpoints.openai.retry_window import retry_after
from evenhand.endpoints.service.client import ServiceAnswer, ServiceClient
from evenhand.endpoints.service.file import CallName, ServiceCall, compiled_path, read_service
from evenhand.endpoints.service.template import filled, filled_url
from evenhand.errors import EndpointError
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import ProductUser, Reply, Request, Usage

__all__ = ["ServiceEndpoint"]

_BUSY = frozenset({429, 503})


class ServiceEndpoint:
    """A service that a file describes.

    Args:
        path: The file.
        connection: `concurrency` goes before the file's.

    Raises:
        EndpointError: The file cannot be used, or a variable that it names is not set.
    """

    def __init__(self, path: Path, *, connection: Connection) -> None:
        self._name = f"http:{path}"
        self._service = read_service(path)
        self._concurrency = connection.concurrency or self._service.concurrency
        self._schedule = Schedule(patience_s=connection.patience_s)
        self._client = ServiceClient(self._service, name=self._name)
        self._paths: dict[str, Any] = {}

    @property
    def concurrency(self) -> int:
        """As the user says, or else the file."""
        return self._concurrency

    @property
    def locality(self) -> Locality:
        """Nothing is known of the service."""
        return "any"

    @property
    def recalls(self) -> bool:
        """Whether the file has [recall] and [list]."""
        return self._service.recall is not None

    async def remember(self, user: ProductUser, *, limit_s: float) -> None:
        """Hand facts over by [remember], or a conversation by [tell].

        Raises:
            AskError: It was not stored, or the file does not say how.
        """
        name: CallName = "tell" if user.placement == "told" else "remember"
        call = self._call(name)
        values: dict[str, object] = {"user": user.id}
        turns = [{"role": turn.role, "content": turn.content} for turn in user.turns]
        if name == "tell":
            values |= {"turns": turns}
            each: list[Mapping[str, object]] = list(turns)
        else:
            values |= {"facts": list(user.facts), "text": " ".join(user.facts)}
            each = [{"fact": fact} for fact in user.facts]
        for part in each if call.for_each is not None else [{}]:
            await self._sent(name, call, {**values, **part}, limit_s=limit_s)
        await asyncio.sleep(self._service.wait_s)

    async def forget(self, user: str, *, limit_s: float) -> None:
        """Clear a user by [forget]; that a user is not there (404) is as good.

        Raises:
            AskError: It was not cleared.
        """
        await self._sent("forget", self._call("forget"), {"user": user}, limit_s=limit_s, absent=True)

    async def recall(self, user: str, query: str | None, *, limit_s: float) -> tuple[str, ...]:
        """What [recall] finds, or everything by [list].

        Raises:
            AskError: It cannot be shown.
        """
        name: CallName = "list" if query is None else "recall"
        call = self._call(name)
        values = {"user": user} if query is None else {"user": user, "query": query}
        answered = await self._sent(name, call, values, limit_s=limit_s, absent=True)
        if answered.status == 404:
            return ()
        return self._texts(answered.json(), call.texts or "", where=f"[{name}] texts")

    async def reply(self, request: Request) -> Reply:
        """Ask by [reply] until there is an answer.

        Raises:
            AskError: None came.
            EndpointError: None can come.
        """
        call = self._service.reply
        values = {
            "user": request.user.id if request.user is not None else "",
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "question": request.messages[-1].content,
        }
        patience = Patience(self._schedule, request.seed)
        began = time.perf_counter()
        while True:
            patience.sent += 1
            try:
                answered = await self._sent(
                    "reply", call, values, limit_s=request.settings.timeout_s, patience=patience
                )
                return self._read(answered.json(), call, seconds=time.perf_counter() - began, attempts=patience.sent)
            except AskError as error:
                wait = None if error.kind == "request" else patience.after_fault()
                if wait is None:
                    raise AskError(str(error), attempts=patience.sent, kind=error.kind) from error
                await asyncio.sleep(wait)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _call(self, name: CallName) -> ServiceCall:
        call: ServiceCall | None = getattr(self._service, name)
        if call is None:
            other = {"tell": "stored", "remember": "told"}.get(name)
            instead = f", or choose --placement {other}" if other is not None else ""
            raise AskError(f"{self._name} has no [{name}]; write one{instead}.", kind="request")
        return call

    async def _sent(
        self,
        name: CallName,
        call: ServiceCall,
        values: Mapping[str, object],
        *,
        limit_s: float,
        absent: bool = False,
        patience: Patience | None = None,
    ) -> ServiceAnswer:
        """One request; a service that is busy is waited for.

        Raises:
            AskError: It was declined, or failed.
        """
        patience = patience or Patience(self._schedule, 0)
        url, body = filled_url(call.url, values), None if call.body is None else filled(call.body, values)
        while True:
            answered = await self._client.exchange(call.method, url, body, limit_s=limit_s)
            if 200 <= answered.status < 300 or (absent and answered.status == 404):
                return answered
            said = f"[{name}] of {self._name}: {answered.said}"
            if answered.status in _BUSY:
                wait = patience.after_busy(retry_after(answered.headers))
                if wait is not None:
                    await asyncio.sleep(wait)
                    continue
            if 300 <= answered.status < 400:
                raise EndpointError(
                    f"{said}; the service has moved to {answered.headers.get('Location', 'elsewhere')!r}."
                )
            raise AskError(said, kind="fault" if answered.status in RETRIED_STATUS else "request")

    def _read(self, answer: object, call: ServiceCall, *, seconds: float, attempts: int) -> Reply:
        found = self._found(answer, call.text or "", where="[reply] text")
        if not found or not isinstance(found[0], str):
            what = type(found[0]).__name__ if found else "nothing"
            raise AskError(f"[reply] of {self._name}: {call.text!r} finds {what} in the answer, not a text")
        text, thoughts = split_reasoning(found[0])
        return Reply(
            text=text,
            finish="stop",
            reasoning=thoughts,
            memories=None if call.memories is None else self._texts(answer, call.memories, where="[reply] memories"),
            usage=Usage(
                input_tokens=self._number(answer, call.input_tokens),
                output_tokens=self._number(answer, call.output_tokens),
            ),
            latency_s=seconds,
            attempts=attempts,
        )

    def _texts(self, answer: object, path: str, *, where: str) -> tuple[str, ...]:
        found = self._found(answer, path, where=where)
        odd = next((one for one in found if not isinstance(one, str)), None)
        if odd is not None:
            raise AskError(
                f"{where} of {self._name}: {path!r} finds {type(odd).__name__}, not texts; a list ends in [*]",
                kind="request",
            )
        return tuple(str(one) for one in found)

    def _number(self, answer: object, path: str | None) -> int | None:
        found = [] if path is None else self._found(answer, path, where="[reply]")
        return found[0] if found and isinstance(found[0], int) and not isinstance(found[0], bool) else None

    def _found(self, answer: object, path: str, *, where: str) -> list[object]:
        if path not in self._paths:
            self._paths[path] = compiled_path(path, where=f"{self._name}, {where}")
        if not isinstance(answer, dict | list):
            raise AskError(f"{where} of {self._name}: the answer is {msgspec.json.encode(answer)[:100].decode()}")
        return list(self._paths[path].findall(answer))

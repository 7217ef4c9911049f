"""Embeddings of texts from a server that speaks the OpenAI protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
import msgspec

from evenhand.endpoints.base import AskError
from evenhand.endpoints.context import Connection
from evenhand.endpoints.openai.http_body import TooLarge, Unreadable
from evenhand.endpoints.openai.proxy import proxy_for
from evenhand.endpoints.openai.retry import RETRIED_STATUS, Patience, Schedule
from evenhand.endpoints.openai.retry_window import retry_after
from evenhand.endpoints.openai.server_error import error_text
from evenhand.endpoints.openai.session import ChatSession
from evenhand.endpoints.openai.target import read_target
from evenhand.endpoints.redact import cut
from evenhand.records.plan import ModelSpec

__all__ = ["Embedder"]

_LIMIT_S = 60.0


class _Embedding(msgspec.Struct):
    index: int
    embedding: list[float]


class _Embeddings(msgspec.Struct):
    data: list[_Embedding]


class Embedder:
    """An embedding model.

    Args:
        model: Its name on the server.
        base_url: Address of the server; None: OpenAI's own.
        key_env: Environment variable of the key; None: the usual one for OpenAI's own server, none for any other.

    Raises:
        EndpointError: The address cannot be read, or the key is missing.
    """

    def __init__(self, model: str, *, base_url: str | None, key_env: str | None) -> None:
        provider = "openai" if base_url is None else "vllm"
        spec = ModelSpec(name=f"{provider}/{model}", base_url=base_url)
        target = read_target(spec, provider=provider, model=model, connection=Connection(api_key_env=key_env))
        self._model = model
        base = target.base_url
        self._url = base.with_path(f"{base.path.rstrip('/')}/embeddings").with_query(base.query)
        self._target = target
        self._session: ChatSession | None = None

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for every text, in their order.

        Raises:
            AskError: There were none after all attempts.
        """
        body = msgspec.json.encode({"model": self._model, "input": list(texts), "encoding_format": "float"})
        patience = Patience(Schedule(), 0)
        while True:
            patience.sent += 1
            said, wait = "", None
            try:
                received = await self._connected().exchange(self._url, data=body, limit_s=_LIMIT_S)
            except (aiohttp.ClientError, OSError, Unreadable, TooLarge) as error:
                said = cut(f"{type(error).__name__}: {error}")
            else:
                if received.status == 200:
                    return self._read(received.body, many=len(texts))
                said = cut(f"HTTP {received.status}: {error_text(received.body)}")
                if received.status not in RETRIED_STATUS:
                    raise AskError(f"embedding with {self._model!r}: {said}", attempts=patience.sent, kind="request")
                if received.status == 429:
                    wait = patience.after_busy(retry_after(received.headers))
            wait = patience.after_fault() if wait is None else wait
            if wait is None:
                raise AskError(f"embedding with {self._model!r}: {said}", attempts=patience.sent)
            await asyncio.sleep(wait)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.aclose()
            self._session = None

    def _read(self, body: bytes, *, many: int) -> list[list[float]]:
        try:
            found = sorted(msgspec.json.decode(body, type=_Embeddings).data, key=lambda one: one.index)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise AskError(f"embedding with {self._model!r}: the answer is none of embeddings ({error})") from error
        if len(found) != many:
            raise AskError(f"embedding with {self._model!r}: {len(found)} vectors came for {many} texts")
        return [one.embedding for one in found]

    def _connected(self) -> ChatSession:
        if self._session is None:
            self._session = ChatSession(self._target, proxy_for(self._url))
        return self._session

"""HTTP to a service of the user's own: its headers, its proxy, and answers as JSON."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import aiohttp
import msgspec
from multidict import CIMultiDict
from yarl import URL

from evenhand.endpoints.base import AskError
from evenhand.endpoints.local_faults import as_local
from evenhand.endpoints.openai.http_body import ACCEPTED, TooLarge, Unreadable, read_body
from evenhand.endpoints.openai.proxy import proxy_for
from evenhand.endpoints.openai.trust import trusted
from evenhand.endpoints.redact import cut, remember
from evenhand.endpoints.service.file import Service
from evenhand.errors import EndpointError

__all__ = ["ServiceAnswer", "ServiceClient", "headers_of"]

_VARIABLE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]{0,99})")
_CONNECT_S = 15.0
_REFUSED = frozenset({401, 403, 407})


class ServiceAnswer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> str:
        """The status and the beginning of the body, without keys."""
        return cut(f"HTTP {self.status}: {self.body[:2000].decode('utf-8', 'replace')}")

    def json(self) -> object:
        """The body as plain JSON; None where there is none.

        Raises:
            AskError: It is no JSON.
        """
        if not self.body.strip():
            return None
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise AskError(f"the answer is no JSON ({self.said})") from error


def headers_of(service: Service, *, name: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The headers with their values, which are remembered as secrets.

    Raises:
        EndpointError: A variable is not set, or holds what no header can.
    """
    found: dict[str, str] = {}
    for header, template in service.headers.items():
        for variable in _VARIABLE.findall(template):
            value = environment.get(variable, "").strip()
            if not value:
                raise EndpointError(
                    f"{name!r} sends the header {header!r} with the environment variable {variable!r}, which is not "
                    "set; set it and run again."
                )
            if not value.isascii() or not value.isprintable():
                raise EndpointError(f"The value of {variable!r} holds characters that no header has; copy it again.")
            remember(value)
        found[header] = _VARIABLE.sub(lambda one: environment.get(one[1], "").strip(), template)
    return found


class ServiceClient:
    """Connections to a service that read nothing from their surroundings but what is said here.

    Args:
        service: The service.
        name: The model's name, for errors.
    """

    def __init__(self, service: Service, *, name: str) -> None:
        self._service = service
        self._name = name
        self._headers = headers_of(service, name=name)
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, method: str, url: str, body: object, *, limit_s: float) -> ServiceAnswer:
        """Send one request and read the whole answer. Follows no redirect.

        Raises:
            AskError: No answer came.
            EndpointError: The service does not accept the headers, or nobody listens there.
            LocalError: This machine has no room for another connection.
        """
        address = URL(url, encoded=True)
        proxy = proxy_for(address)
        data = None if body is None else msgspec.json.encode(body)
        try:
            async with self._connected().request(
                method,
                address,
                data=data,
                timeout=aiohttp.ClientTimeout(total=limit_s, sock_connect=_CONNECT_S),
                allow_redirects=False,
                proxy=None if proxy is None else proxy.url,
            ) as response:
                answered = ServiceAnswer(response.status, response.headers, await read_body(response))
        except TooLarge as error:
            raise AskError(str(error), kind="request") from error
        except (aiohttp.ClientError, OSError, Unreadable) as error:  # a time limit is an OSError, too
            local = as_local(error)
            if local is not None:
                raise local from error
            raise AskError(cut(f"{method} {url.partition('?')[0]}: {type(error).__name__}: {error}")) from error
        if answered.status in _REFUSED:
            names = ", ".join(self._service.variables) or "none"
            raise EndpointError(
                f"{self._name!r} does not accept the request ({answered.said}); check [headers] and the variables that "
                f"they name ({names})."
            )
        return answered

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = CIMultiDict({"Content-Type": "application/json", "Accept": "application/json"})
            headers.update({"Accept-Encoding": ACCEPTED, "User-Agent": "evenhand"})
            for name, value in self._headers.items():
                headers[name] = value
            secure = any(url.scheme == "https" for url in self._service.urls)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30.0, ssl=trusted() if secure else True),
                headers=headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

"""Who may ask the gateway: programs of this machine, or those that know the token."""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from functools import lru_cache

from multidict import CIMultiDictProxy
from yarl import URL

from evenhand.endpoints.openai.providers import is_loopback
from evenhand.endpoints.redact import remember
from evenhand.errors import UsageError
from evenhand.serve.turned_away import TurnedAway

__all__ = ["SHORTEST_TOKEN", "Guard", "is_loopback_name", "read_token"]

SHORTEST_TOKEN = 16
"""Characters of a token at least."""


def read_token(host: str, *, variable: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The token of a gateway; None where it needs none, because only this machine reaches it.

    Args:
        host: The name or address that it listens on.
        variable: The environment variable of the token.
        environment: Where variables are looked up.

    Raises:
        UsageError: Others can reach it and there is no token, or the token is short or cannot be sent.
    """
    token = environment.get(variable, "").strip()
    if not token:
        if is_loopback(_url(host)):
            return None
        raise UsageError(
            f"On {host!r} other machines can reach the gateway, so it needs a token: put {SHORTEST_TOKEN} characters "
            f"or more into the environment variable {variable}, or listen on 127.0.0.1."
        )
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            f"The token in {variable} is too short or holds characters that no header has; use {SHORTEST_TOKEN} or "
            "more letters and digits."
        )
    remember(token)
    return token


class Guard:
    """Lets a request in or refuses it.

    Args:
        token: What a client must send as a bearer token; None: only this machine can ask.
    """

    def __init__(self, token: str | None) -> None:
        self._token = None if token is None else token.encode()

    @property
    def takes_token(self) -> bool:
        """Whether the client's bearer token is for the gateway, and so is not passed on."""
        return self._token is not None

    def check(self, headers: CIMultiDictProxy[str]) -> None:
        """Raise where a request may not come in.

        Without a token the `Host` must be a name of this machine: a web page that a browser shows could otherwise reach
        the gateway under a name of its own.

        Raises:
            TurnedAway: It may not.
        """
        if self._token is None:
            host = headers.get("Host", "")
            if not host or not is_loopback_name(host):
                raise TurnedAway("This gateway answers this machine only, under a loopback name.", status=403)
            return
        scheme, _, given = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
            raise TurnedAway(
                "The gateway's token is missing or wrong; send it as a bearer token, where a client sends its key.",
                status=401,
                code="invalid_api_key",
            )


def _url(host: str) -> URL:
    return URL.build(scheme="http", host=host)


@lru_cache(maxsize=64)
def is_loopback_name(host: str) -> bool:
    """Whether a `Host` header names this machine by a loopback name or address, whatever its port."""
    try:
        return is_loopback(URL(f"http://{host}"))
    except ValueError:
        return False

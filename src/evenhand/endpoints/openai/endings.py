"""Why no request to a server can be answered, in sentences that say what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, assert_never

import aiohttp

from evenhand.endpoints.openai.proxy import Proxy
from evenhand.endpoints.openai.target import Target
from evenhand.endpoints.openai.trust import certificate_advice
from evenhand.errors import near_miss

__all__ = [
    "Ending",
    "connection_ending",
    "foreign_ending",
    "proxy_ending",
    "refusal_ending",
    "unreachable_ending",
]

Ending = Literal["key", "model", "credit", "effort", "redirect", "path"]
"""The refusals that hold for every request of a run."""


def refusal_ending(
    ending: Ending,
    *,
    target: Target,
    url: str,
    said: str,
    place: str | None = None,
    models: Sequence[str] | None = None,
) -> str:
    """The sentence for a refusal.

    Args:
        ending: What is refused.
        target: The model that was asked.
        url: Where.
        said: What the server said, free of keys.
        place: Where a server that has moved is now.
        models: Models that the server has instead; None where it does not tell.
    """
    match ending:
        case "key" if target.key is None:
            return f"The server at {url} wants a key ({said}); name its variable with --api-key-env."
        case "key":
            return f"The server at {url} does not accept the key in {target.key_env!r} ({said}); check the key."
        case "model":
            return f"The server at {url} has no model {target.model!r} ({said}){_offered(target.model, models)}."
        case "credit":
            return f"The account has no credit left ({said}); what was answered is safe, run again to go on."
        case "effort":
            return f"{target.name!r} does not take this reasoning effort ({said}); choose another, or leave it out."
        case "redirect":
            return f"The server at {url} has moved to {place or 'elsewhere'!r}; give that as --base-url."
        case "path":
            return f"There is no chat endpoint at {url} ({said}); check --base-url: it usually ends in /v1."
    assert_never(ending)


def connection_ending(error: Exception, *, url: str, proxy: Proxy | None, what: str) -> str | None:
    """The sentence for a connection that cannot come about at all; None where another attempt may help.

    Args:
        error: What happened.
        url: The address that was asked.
        proxy: The proxy in between.
        what: The error in words, free of keys.
    """
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"The certificate of {url} is not trusted ({what}); {certificate_advice()}."
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return f"The connection to {url} is not trusted ({what}): perhaps it speaks http, not https; check --base-url."
    refused = isinstance(error, aiohttp.ClientHttpProxyError) and error.status in {403, 407}
    return proxy_ending(proxy, url=url, what=what) if refused and proxy is not None else None


def proxy_ending(proxy: Proxy, *, url: str, what: str) -> str:
    """The sentence for a proxy that does not let a request through."""
    return (
        f"The proxy {proxy.shown} (from {proxy.variable}) refuses the way to {url} ({what}); check its user and "
        "password, or put the host in NO_PROXY."
    )


def unreachable_ending(error: Exception, *, url: str, proxy: Proxy | None, what: str) -> str:
    """The sentence for a server, or the proxy before it, that does not answer at all."""
    if isinstance(error, aiohttp.ClientProxyConnectionError) and proxy is not None:
        return (
            f"The proxy {proxy.shown} (from {proxy.variable}) does not answer ({what}); start it, or put the host of "
            f"{url} in NO_PROXY."
        )
    return f"No server answers at {url} ({what}); start it, or check --base-url."


def foreign_ending(url: str, what: str) -> str:
    """The sentence for something that answers, and never as a chat server would."""
    return (
        f"What answers at {url} is not an OpenAI-compatible server ({what}); check --base-url: it usually ends in /v1."
    )


def _offered(wanted: str, models: Sequence[str] | None) -> str:
    if models is None:
        return "; check the name"
    shown = ", ".join(map(repr, models[:8])) + (" ..." if len(models) > 8 else "")
    return f"{near_miss(wanted, models)}; it has: {shown or 'none'}"

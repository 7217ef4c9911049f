"""The providers whose servers speak the OpenAI chat protocol: where they are and where their key is kept."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from yarl import URL

from evenhand.endpoints.redact import redact
from evenhand.errors import EndpointError

__all__ = [
    "PROTOCOL_HEADERS",
    "PROVIDERS",
    "Protocol",
    "ProtocolHeaders",
    "Provider",
    "address_of",
    "is_local",
    "is_loopback",
    "normalised_url",
    "own_host",
]

Protocol = Literal["openai", "anthropic"]
"""How a server is spoken to: OpenAI's chat completions, or Anthropic's messages."""


class Provider(Struct, frozen=True):
    """One provider."""

    base_url: str
    key_env: str | None
    """Environment variable of the key; None where a server usually needs none."""
    speaks: Protocol = "openai"
    """The protocol of its servers."""
    batches: bool = False
    """Whether its servers take batches in that protocol."""


class ProtocolHeaders(Struct, frozen=True):
    """What a protocol says in the head of every request."""

    key: str
    """The header that carries the key."""
    fixed: Mapping[str, str]
    """Headers with the same value in every request."""


PROTOCOL_HEADERS: Mapping[Protocol, ProtocolHeaders] = {
    "openai": ProtocolHeaders("Authorization", {}),
    "anthropic": ProtocolHeaders("x-api-key", {"anthropic-version": "2023-06-01"}),
}


PROVIDERS: dict[str, Provider] = {
    "openai": Provider("https://api.openai.com/v1", "OPENAI_API_KEY", batches=True),
    "anthropic": Provider("https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", "anthropic", batches=True),
    "deepseek": Provider("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "fireworks": Provider("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "groq": Provider("https://api.groq.com/openai/v1", "GROQ_API_KEY", batches=True),
    "llamacpp": Provider("http://127.0.0.1:8080/v1", None),
    "mistral": Provider("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "ollama": Provider("http://127.0.0.1:11434/v1", None),
    "openrouter": Provider("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "together": Provider("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "vllm": Provider("http://127.0.0.1:8000/v1", None),
}

_ENDINGS = ("/chat/completions", "/completions", "/models", "/messages")
_PRIVATE_ENDINGS = (".local", ".lan", ".internal", ".localhost", ".localdomain", ".home", ".home.arpa", ".intranet")
_SHARED = ipaddress.ip_network("100.64.0.0/10")
"""Addresses that a carrier or an overlay network gives out inside itself (RFC 6598)."""
_SECRET_QUERY = re.compile(r"(?i)(?:.*[-_])?(?:key|apikey|token|secret|password|sig|signature|auth|authorization|code)")
_FORM = "write it as http://HOST:PORT/v1"
_RIGHT_WAY = (
    "put the value into an environment variable and name that: --api-key-env VARIABLE sends it as a bearer token, "
    "--header NAME=VARIABLE as a header of its own"
)


def normalised_url(text: str) -> URL:
    """The base URL without a trailing slash or endpoint path.

    Raises:
        EndpointError: It is not an http or https URL, or it holds a key or a password.
    """
    try:
        url = URL(text.strip())
    except ValueError as error:
        raise EndpointError(f"The base URL {_shown(text)} cannot be read ({redact(str(error))}); {_FORM}.") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise EndpointError(f"The base URL {_shown(text)} is not an http or https address; {_FORM}.")
    _check_no_credentials(url)
    path = url.path.rstrip("/")
    for ending in _ENDINGS:
        path = path.removesuffix(ending)
    return url.with_path(path.rstrip("/")).with_query(url.query).with_fragment(None)


def own_host(provider: str) -> str:
    """The host of a provider's own servers."""
    return URL(PROVIDERS[provider].base_url).host or ""


def is_local(url: URL) -> bool:
    """Whether a server is on this machine or in a private network, where nobody is billed by the call.

    Private are names without a dot, names that end in `.local`, `.lan` and their like, and addresses that are not
    reached from outside, 100.64.0.0/10 among them.
    """
    host = _host(url)
    address = address_of(host)
    if address is None:
        return "." not in host or host.endswith(_PRIVATE_ENDINGS)
    shared = isinstance(address, ipaddress.IPv4Address) and address in _SHARED
    return shared or address.is_loopback or address.is_private or address.is_link_local


def is_loopback(url: URL) -> bool:
    """Whether a server is on this machine."""
    host = _host(url)
    address = address_of(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is; None where it is a name. Short and numeric forms of IPv4 are addresses, too."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _host(url: URL) -> str:
    return (url.host or "").lower().rstrip(".")


def _check_no_credentials(url: URL) -> None:
    shown = _shown(str(url.with_user(None).with_query(None)))
    if url.raw_user is not None or url.raw_password is not None:
        raise EndpointError(f"The base URL {shown} holds a user name or a password; {_RIGHT_WAY}.")
    secret = next((name for name, value in url.query.items() if value and _SECRET_QUERY.fullmatch(name)), None)
    if secret is not None:
        raise EndpointError(f"The base URL {shown} holds a key (in its part {secret!r}); {_RIGHT_WAY}.")
    if redact(str(url)) != str(url):
        raise EndpointError(f"The base URL {shown} holds what looks like a key; {_RIGHT_WAY}.")


def _shown(text: str) -> str:
    """An address as it may be shown: without what precedes an @ or follows a question mark."""
    text = text.strip().partition("?")[0]
    scheme, mark, rest = text.rpartition("//")
    return repr(redact(scheme + mark + rest.rpartition("@")[2]))

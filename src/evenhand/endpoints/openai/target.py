"""Where an OpenAI-compatible model is, and with which key it is asked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from msgspec import Struct
from yarl import URL

from evenhand.endpoints.context import Connection
from evenhand.endpoints.openai.providers import PROTOCOL_HEADERS, PROVIDERS, is_local, normalised_url, own_host
from evenhand.endpoints.redact import HIDDEN, redact, remember
from evenhand.errors import EndpointError
from evenhand.records.plan import ModelSpec

__all__ = ["Target", "check_one_server", "read_target", "usual_concurrency"]

_REMOTE_CONCURRENCY = 64
_LOCAL_CONCURRENCY = 16
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_OWN_HEADERS = frozenset(
    {"host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "accept-encoding"}
)
"""Headers that the protocol needs as they are."""


class Target(Struct, frozen=True, kw_only=True):
    """One model on one server. The key and the headers never leave this value but in a request."""

    name: str
    """The model as named in the plan."""
    model: str
    """The model as the server knows it."""
    base_url: URL
    key: str | None
    key_env: str | None
    """Where the key comes from, or would."""
    headers: dict[str, str] = {}
    """Headers of the user's own, with their values."""
    key_header: str = "Authorization"
    """The header that carries the key."""
    protocol: Mapping[str, str] = {}
    """Headers that the protocol asks for in every request."""
    official: bool
    """Whether this is OpenAI's own server, whose dialect is known."""
    local: bool
    """Whether it is on this machine or in a private network."""
    concurrency: int
    patience_s: float

    def __repr__(self) -> str:
        return f"Target(name={self.name!r}, base_url={str(self.base_url)!r})"


def read_target(
    spec: ModelSpec,
    *,
    provider: str,
    model: str,
    connection: Connection | None,
    environment: Mapping[str, str] = os.environ,
) -> Target:
    """The target of a model whose prefix names a provider.

    A provider's key goes to that provider's own host over https, and nowhere else. Any other server, on this machine
    or elsewhere, gets a key only when `connection` names one. Keys and headers are remembered as secrets
    (`evenhand.endpoints.redact`).

    Args:
        spec: The model.
        provider: The prefix of its name.
        model: The rest of its name.
        connection: Where keys and headers are; None: read none, as for a plan, which needs no key.
        environment: Where variables are looked up.

    Raises:
        EndpointError: The URL cannot be read or holds a key, the key is missing, is not one, or belongs elsewhere.
    """
    known = PROVIDERS[provider]
    url = normalised_url(spec.base_url or known.base_url)
    said = PROTOCOL_HEADERS[known.speaks]
    local = is_local(url)
    named = connection.api_key_env if connection is not None else None
    at_home = url.scheme == "https" and url.host == own_host(provider)
    key_env = named or (known.key_env if at_home else None)
    own_authorization = connection is not None and any(name.lower() == said.key.lower() for name in connection.headers)
    key = None
    if connection is not None and key_env is not None and (named or not own_authorization):
        _check_belongs(key_env, url)
        key = _key(spec, key_env, model=model, environment=environment)
        remember(key)
    return Target(
        name=spec.name,
        model=model,
        base_url=url,
        key=key,
        key_env=key_env,
        headers=_headers(connection.headers, environment) if connection is not None else {},
        key_header=said.key,
        protocol=said.fixed,
        local=local,
        official=url.host == "api.openai.com",
        concurrency=(connection.concurrency if connection is not None else None) or usual_concurrency(url),
        patience_s=connection.patience_s if connection is not None else Connection().patience_s,
    )


def usual_concurrency(url: URL) -> int:
    """Requests in flight at most, where the user names no number."""
    return _LOCAL_CONCURRENCY if is_local(url) else _REMOTE_CONCURRENCY


def check_one_server(urls: Iterable[URL], connection: Connection) -> None:
    """Raise where a key or a header that was named once would go to several servers.

    Raises:
        EndpointError: It would.
    """
    hosts = sorted({f"{url.host}:{url.port}" for url in urls})
    given = [
        option for option, used in (("--api-key-env", connection.api_key_env), ("--header", connection.headers)) if used
    ]
    if given and len(hosts) > 1:
        raise EndpointError(
            f"{given[0]} names what one server may know, and the models are on {len(hosts)} ({', '.join(hosts)}); "
            "audit them one by one, or set the usual variable of each provider instead."
        )


def _key(spec: ModelSpec, key_env: str, *, model: str, environment: Mapping[str, str]) -> str:
    key = environment.get(key_env, "").strip()
    if not key:
        raise EndpointError(
            f"The model {spec.name!r} needs a key in the environment variable {_variable(key_env)}, which is not set; "
            f"set it, name another with --api-key-env, or use vllm/{model} for a server without keys."
        )
    if not key.isascii() or not key.isprintable():
        raise EndpointError(f"The key in {_variable(key_env)} holds characters that no key has; copy it again.")
    return key


def _check_belongs(key_env: str, url: URL) -> None:
    """Raise where the usual key of one provider would go to the host of another."""
    owners = {own_host(name): name for name, known in PROVIDERS.items() if known.key_env is not None}
    owner = next((name for name, known in PROVIDERS.items() if known.key_env == key_env), None)
    if owner is not None and url.host in owners and owners[url.host] != owner:
        raise EndpointError(
            f"The key in {key_env!r} belongs to {own_host(owner)} and is not sent to {url.host}; name the variable "
            f"of {owners[url.host]} instead, usually {PROVIDERS[owners[url.host]].key_env}."
        )


def _headers(named: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The headers with their values.

    Raises:
        EndpointError: A name is not one of a header, or the variable of a value is not set or cannot be sent.
    """
    found: dict[str, str] = {}
    for name, variable in named.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise EndpointError(f"--header got the name {name[:40]!r}, which cannot be set; name another header.")
        value = environment.get(variable, "").strip() if _VARIABLE.fullmatch(variable) else ""
        if not value:
            raise EndpointError(
                f"--header {name}={_variable(variable, quoted=False)} names no variable of the environment that is "
                "set; put the value into a variable and name that, since a value in a command is seen by others."
            )
        if not value.isascii() or not value.isprintable():
            raise EndpointError(f"The value for the header {name!r} holds characters that no header has.")
        remember(value)
        remember(value.rpartition(" ")[2])
        found[name] = value
    return found


def _variable(name: str, *, quoted: bool = True) -> str:
    """The name of a variable as it may be shown: somebody may have written the key itself there."""
    mixed = len(name) >= 20 and any(map(str.islower, name)) and any(map(str.isdigit, name))
    shown = redact(name) if _VARIABLE.fullmatch(name) and not mixed else HIDDEN
    return repr(shown) if quoted else shown

"""Where an OpenAI-compatible model is, and with which key it is asked."""

from __future__ import annotations

import os
from collections.abc import Mapping

from msgspec import Struct
from yarl import URL

from evenhand.endpoints.context import Connection
from evenhand.endpoints.providers import PROVIDERS, is_local, normalised_url
from evenhand.errors import EndpointError
from evenhand.records.plan import ModelSpec

__all__ = ["Target", "read_target"]

_REMOTE_CONCURRENCY = 64
_LOCAL_CONCURRENCY = 16


class Target(Struct, frozen=True, kw_only=True):
    """One model on one server. The key never leaves this value but in a request's header."""

    name: str
    """The model as named in the plan."""
    model: str
    """The model as the server knows it."""
    base_url: URL
    key: str | None
    key_env: str | None
    """Where the key comes from, or would."""
    official: bool
    """Whether this is OpenAI's own server, whose dialect is known."""
    local: bool
    """Whether it is on this machine or in a private network."""
    concurrency: int
    patience_s: float

    def __repr__(self) -> str:
        return f"Target(name={self.name!r}, base_url={str(self.base_url)!r})"


def read_target(
    spec: ModelSpec, *, provider: str, model: str, connection: Connection, environment: Mapping[str, str] = os.environ
) -> Target:
    """The target of a model whose prefix names a provider.

    A server on this machine or in a private network gets a key only when `connection` names one, so that a provider's
    key is not sent to it by accident.

    Raises:
        EndpointError: The URL cannot be read, or the key is missing or is not one.
    """
    known = PROVIDERS[provider]
    url = normalised_url(spec.base_url or known.base_url)
    local = is_local(url)
    key_env = connection.api_key_env or (None if local else known.key_env)
    key = None
    if key_env is not None:
        key = environment.get(key_env, "").strip()
        if not key:
            raise EndpointError(
                f"The model {spec.name!r} needs a key in the environment variable {key_env!r}, which is not set; "
                f"set it, name another with --api-key-env, or use vllm/{model} for a server without keys."
            )
        if not key.isascii() or not key.isprintable():
            raise EndpointError(f"The key in {key_env!r} holds characters that no key has; copy it again.")
    return Target(
        name=spec.name,
        model=model,
        base_url=url,
        key=key,
        key_env=key_env,
        local=local,
        official=url.host == "api.openai.com",
        concurrency=connection.concurrency or (_LOCAL_CONCURRENCY if local else _REMOTE_CONCURRENCY),
        patience_s=connection.patience_s,
    )

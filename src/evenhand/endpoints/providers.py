"""The providers whose servers speak the OpenAI chat protocol: where they are and where their key is kept."""

from __future__ import annotations

import ipaddress

from msgspec import Struct
from yarl import URL

from evenhand.errors import EndpointError

__all__ = ["PROVIDERS", "Provider", "is_local", "normalised_url"]


class Provider(Struct, frozen=True):
    """One provider."""

    base_url: str
    key_env: str | None
    """Environment variable of the key; None where a server usually needs none."""


PROVIDERS: dict[str, Provider] = {
    "openai": Provider("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "deepseek": Provider("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "fireworks": Provider("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "groq": Provider("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "llamacpp": Provider("http://127.0.0.1:8080/v1", None),
    "mistral": Provider("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "ollama": Provider("http://127.0.0.1:11434/v1", None),
    "openrouter": Provider("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "together": Provider("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "vllm": Provider("http://127.0.0.1:8000/v1", None),
}

_ENDINGS = ("/chat/completions", "/completions", "/models")


def normalised_url(text: str) -> URL:
    """The base URL without a trailing slash or endpoint path.

    Raises:
        EndpointError: It is not an http or https URL.
    """
    try:
        url = URL(text.strip())
    except ValueError as error:
        raise EndpointError(
            f"The base URL {text!r} cannot be read ({error}); write it as http://HOST:PORT/v1."
        ) from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise EndpointError(f"The base URL {text!r} is not an http or https address; write it as http://HOST:PORT/v1.")
    path = url.path.rstrip("/")
    for ending in _ENDINGS:
        path = path.removesuffix(ending)
    return url.with_path(path.rstrip("/")).with_query(url.query)


def is_local(url: URL) -> bool:
    """Whether a server is on this machine or in a private network, where nobody is billed by the call."""
    host = url.host or ""
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private

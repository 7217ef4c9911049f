"""The proxy that is between this machine and a server, as the environment names it."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping

from msgspec import Struct
from yarl import URL

from evenhand.endpoints.openai.providers import address_of, is_loopback
from evenhand.endpoints.redact import remember
from evenhand.errors import EndpointError

__all__ = ["Proxy", "proxy_for"]


class Proxy(Struct, frozen=True):
    """A proxy, and the variable that names it."""

    url: URL
    variable: str

    def __repr__(self) -> str:
        return f"Proxy({self.shown!r}, {self.variable!r})"

    @property
    def shown(self) -> str:
        """Its address without credentials."""
        return str(self.url.with_user(None))


def proxy_for(url: URL, environment: Mapping[str, str] = os.environ) -> Proxy | None:
    """The proxy for an address: `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY`, small letters first; None for none.

    This machine is never asked through a proxy, nor is a host in `NO_PROXY`: names with all that ends in them,
    networks such as `10.0.0.0/8`, or `*`.

    Raises:
        EndpointError: The proxy is of a kind that cannot be used.
    """
    if is_loopback(url) or _excepted(url, environment.get("no_proxy") or environment.get("NO_PROXY") or ""):
        return None
    for name in (f"{url.scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            text = environment.get(variable, "").strip()
            if variable == "HTTP_PROXY" and "REQUEST_METHOD" in environment:
                continue  # inside a CGI program the header `Proxy:` of a stranger would be here
            if text:
                return _proxy(text, variable)
    return None


def _proxy(text: str, variable: str) -> Proxy:
    try:
        url = URL(text if "://" in text else f"http://{text}")
    except ValueError as error:
        raise EndpointError(f"The proxy in {variable} cannot be read; write it as http://HOST:PORT.") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise EndpointError(
            f"The proxy in {variable} is of the kind {url.scheme!r}, which is not supported; name an http:// proxy, or "
            "put the server's host in NO_PROXY."
        )
    if url.password:
        remember(url.password)
        remember(f"{url.user or ''}:{url.password}")
    return Proxy(url, variable)


def _excepted(url: URL, exceptions: str) -> bool:
    host = (url.host or "").lower().rstrip(".")
    address = address_of(host)
    for entry in exceptions.lower().replace(" ", ",").split(","):
        name, _, port = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
        if not name or (port and port != str(url.port)):
            continue
        if name == "*" or host == name.lstrip("*.") or host.endswith("." + name.lstrip("*.")):
            return True
        if address is not None and _within(address, name):
            return True
    return False


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network.strip("[]"), strict=False)
    except ValueError:
        return False

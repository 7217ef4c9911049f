"""Who may ask, and what every answer says to a browser.

The server listens on loopback. A page of another origin that runs in the user's browser could still reach it under a
name of its own (DNS rebinding), or send it a form; so the `Host` must be a loopback name, and whatever changes
something needs the token that is in our own forms and must come from our own pages.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping

from multidict import CIMultiDictProxy

from evenhand.serve.guard import is_loopback_name

__all__ = ["DOCUMENT_POLICY", "PAGE_HEADERS", "PAGE_POLICY", "RefusedVisit", "Visitors"]

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Content security policy of our pages: nothing from elsewhere, nothing inline."""
DOCUMENT_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""Of texts and files, which are no pages."""
PAGE_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": PAGE_POLICY,
}


class RefusedVisit(Exception):
    """A request that is not answered, with the reason for people. Never leaves the server."""


class Visitors:
    """Lets requests in or refuses them. Every server has a token of its own."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)

    def check_host(self, headers: CIMultiDictProxy[str]) -> None:
        """Refuse a request that does not name this machine by a loopback name.

        Raises:
            RefusedVisit: It does not.
        """
        hosts = headers.getall("Host", [])
        if len(hosts) != 1 or not is_loopback_name(hosts[0]):
            raise RefusedVisit("This page answers this machine only, under 127.0.0.1, [::1] or localhost.")

    def check_change(self, headers: CIMultiDictProxy[str], token: str) -> None:
        """Refuse a request that changes something unless it comes from our own form.

        Raises:
            RefusedVisit: Its origin is not ours, or the token is missing or old.
        """
        origin, host = headers.get("Origin"), headers.get("Host", "")
        if origin is not None and origin.lower() != f"http://{host}".lower():
            raise RefusedVisit("The form was sent from another page; nothing was changed.")
        if headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise RefusedVisit("The form was sent from another page; nothing was changed.")
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.token.encode()):
            raise RefusedVisit("The form is of a server that has ended; go back, reload the page and send it again.")

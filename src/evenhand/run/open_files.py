"""How many connections this process may hold open, asked for before they are needed."""

from __future__ import annotations

import sys

from msgspec import Struct

from evenhand.endpoints.base import Endpoint

if sys.platform != "win32":
    import resource

__all__ = ["Files", "room_for"]

_OTHERS = 96
"""Files that are open beside the connections: the store, libraries, name look-ups."""


class Files(Struct, frozen=True, kw_only=True):
    """Connections that may be open."""

    wanted: int
    allowed: int
    notes: tuple[str, ...] = ()
    """A sentence where fewer are allowed than wanted."""

    def share(self, endpoint: Endpoint) -> int:
        """How many requests an endpoint may have in flight; at least 1."""
        wanted = max(1, endpoint.concurrency)
        if endpoint.locality != "any" or self.allowed >= self.wanted:
            return wanted
        return max(1, wanted * self.allowed // self.wanted)


def room_for(wanted: int) -> Files:
    """Raise the soft limit of open files so that so many connections fit, as far as the system lets this user.

    Args:
        wanted: Requests in flight at most, one connection each.
    """
    if sys.platform == "win32":
        return Files(wanted=wanted, allowed=wanted)
    soft = _raised(wanted + _OTHERS)
    allowed = max(1, soft - _OTHERS)
    if allowed >= wanted:
        return Files(wanted=wanted, allowed=wanted)
    note = (
        f"At most {allowed:,} requests are in flight, not {wanted:,}: this process may open {soft:,} files; "
        "raise the limit with `ulimit -n`."
    )
    return Files(wanted=wanted, allowed=allowed, notes=(note,))


if sys.platform != "win32":

    def _raised(needed: int) -> int:
        """The soft limit after an attempt to raise it to what is needed."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY or soft >= needed:
            return max(needed, soft)
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        except (OSError, ValueError):  # a system may have a lower limit of its own
            return soft
        return most

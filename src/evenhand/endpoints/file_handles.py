"""How many connections this process can hold open."""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec import Struct

__all__ = ["Room", "room_for"]

_SPARE = 64
"""Files that are kept free for everything but connections."""


class Room(Struct, frozen=True):
    """How many connections may be open at a time."""

    connections: int
    note: str | None = None
    """What to tell the user; None when all that were wished for have room."""


def room_for(wished: int) -> Room:
    """Room for so many connections. Raises the soft limit of open files where that is needed and allowed.

    Args:
        wished: Connections at a time, of all servers together.
    """
    if sys.platform == "win32":
        return Room(wished)
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = _open_files()
    needed = wished + used + _SPARE
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return Room(wished)
    most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (ValueError, OSError):  # some systems have a limit of their own below the hard one
        most = soft
    if most >= needed:
        return Room(wished)
    connections = max(1, min(wished, most - used - _SPARE))
    return Room(
        connections,
        f"{connections} of {wished} requests are sent at a time, since this process may open {most} files only; "
        f"`ulimit -n {needed}` lifts that",
    )


def _open_files() -> int:
    """Files that are open now; a usual number where the system does not tell."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return sum(1 for _ in Path(folder).iterdir())
        except OSError:
            continue
    return _SPARE

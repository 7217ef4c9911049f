"""Errors that are this machine's own, so that no server is blamed for them."""

from __future__ import annotations

import errno

from evenhand.errors import LocalError

__all__ = ["as_local"]

_ADVICE: dict[int, str] = {
    errno.EMFILE: "this process may not open more files or connections; lower --concurrency, or raise `ulimit -n`",
    errno.ENFILE: "this machine has no file handles left; lower --concurrency, or close other programs",
    errno.ENOBUFS: "this machine has no buffers left for connections; lower --concurrency",
    errno.ENOMEM: "this machine has no memory left; lower --concurrency, or close other programs",
    errno.EADDRNOTAVAIL: "this machine has no free port, or no such address; lower --concurrency and run again",
}


def as_local(error: BaseException) -> LocalError | None:
    """The sentence for an error of this machine, looked for in what caused it too; None for any other error."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        advice = _ADVICE.get(found.errno or 0) if isinstance(found, OSError) else None
        if advice is not None:
            return LocalError(f"{advice} ({found}); what was answered is safe, run again to go on.")
        found = found.__cause__ or found.__context__
    return None

"""Which texts are keys, so that none is in anything that is written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

__all__ = ["secrets_of"]

_NAMES = re.compile(r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|AUTH|AUTHORIZATION)$")
_SHORTEST = 8
"""Characters; what is shorter would be found in ordinary text."""


def secrets_of(
    named: Iterable[str | None] = (),
    *,
    known: Iterable[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> tuple[str, ...]:
    """The keys in the environment, the longest first, plain and as they stand in an address.

    Args:
        named: Variables that hold a key whatever they are called; None names nothing. A value of fewer than 8
            characters (`EMPTY`, `x`) is no key there either.
        known: Secrets that were read elsewhere, in every form in which they may come back.
        environment: Where keys are.
    """
    given = {environment.get(name, "").strip() for name in named if name}
    likely = {value.strip() for name, value in environment.items() if _NAMES.search(name.upper())}
    keys = {key for key in given | {key for key in likely if not _is_path(key)} if len(key) >= _SHORTEST}
    return tuple(sorted({*keys, *known, *(quote(key, safe="") for key in keys)}, key=lambda key: (-len(key), key)))


def _is_path(text: str) -> bool:
    """Whether it names a place rather than a key (SSH_AUTH_SOCK and its like)."""
    return text.startswith(("/", "./", "~/"))

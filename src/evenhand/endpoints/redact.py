"""Takes keys out of texts that are shown or stored."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["redact"]

_KEYS = re.compile(
    r"(?i)(bearer\s+)[^\s\"',;]+"
    r"|((?:api[-_ ]?key|authorization|token|secret|password)[\"']?\s*[:=]\s*[\"']?)(?!bearer\b)[^\s\"',;&]{6,}"
    r"|()\b(?:sk|pk|rk|gsk|hf|xai|key)[-_][A-Za-z0-9_-]{12,}"
    r"|(\w+://[^\s/:@]+:)[^\s/@]+(?=@)"
)
_HIDDEN = "[key removed]"


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets and without whatever else looks like a key.

    Args:
        text: An error message, say.
        secrets: Keys known to this process.
    """
    for secret in secrets:
        if secret:
            text = text.replace(secret, _HIDDEN)
    return _KEYS.sub(lambda found: next((kept for kept in found.groups() if kept), "") + _HIDDEN, text)

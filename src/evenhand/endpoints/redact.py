"""Takes keys out of texts that are shown or stored.

There are two ways to know a key: by its form, in texts that are error messages, and by its value, in any text at all.
The values that this process holds are remembered where they are read (`remember`), so that every place where an
artefact is written can take them out (`hide`), an answer of a model included.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

__all__ = ["HIDDEN", "cut", "forget", "hide", "known_secrets", "redact", "remember"]

HIDDEN = "[key removed]"
"""What takes the place of a key."""

_SHORTEST = 8
"""A shorter value is no key but a word (`EMPTY`, `ollama`), and taking it out would only damage texts."""
_PLACEHOLDERS = frozenset({"not-needed", "no-key-required", "lm-studio", "placeholder", "anything"})
_SHOWN = 400
_KEYS = re.compile(
    r"(?i)((?:bearer|basic)\s+)(?=\S{6})[^\s\"',;]+"
    r"|((?:api[-_ ]?key|authorization|token|secret|password)[\"']?\s{0,3}[:=]\s{0,3}[\"']?)"
    r"(?!bearer\b|basic\b)[^\s\"',;&]{6,}"
    r"|()\b(?:sk|pk|rk|gsk|hf|xai|key|ghp|r8|pplx|nvapi)[-_][A-Za-z0-9_-]{12,}"
    r"|()\bAIza[A-Za-z0-9_-]{30,}"
    r"|()\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"
    r"|([a-z][a-z0-9+.-]{0,15}://)(?:[^\s/@\"'<>]{1,400})(?=@)"
    r"|([?&](?:api[-_]?key|key|token|access[-_]token|sig|signature|secret|password|code|auth)=)[^\s&\"'#]{4,}"
)

_known: dict[str, None] = {}
"""Every form of every secret of this process, longest first."""


def remember(secret: str) -> None:
    """Know a secret of this process from now on, in the forms in which it may come back.

    Values shorter than 8 characters, and the usual stand-ins for a key, are not remembered.
    """
    secret = secret.strip()
    if len(secret) < _SHORTEST or secret.lower() in _PLACEHOLDERS:
        return
    forms = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode()}
    merged = sorted({*_known, *forms}, key=lambda form: (-len(form), form))
    _known.clear()
    _known.update(dict.fromkeys(merged))


def forget() -> None:
    """Know no secrets any more."""
    _known.clear()


def known_secrets() -> tuple[str, ...]:
    """Every form of every secret that this process knows, longest first."""
    return tuple(_known)


def hide(text: str) -> str:
    """The text without the secrets that this process holds; nothing else is changed.

    For whatever is written to a file or a page: answers, thoughts, names of models, errors.
    """
    for form in _known:
        if form in text:
            text = text.replace(form, HIDDEN)
    return text


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the secrets of this process, and without whatever else looks like a key.

    For error messages; longer values go first, so that no rest of one is left. Use it before a text is cut: half a key
    is not recognised.

    Args:
        text: An error message, say.
        secrets: Further keys, of any length.
    """
    for known in sorted({*filter(None, secrets), *_known}, key=lambda known: (-len(known), known)):
        text = text.replace(known, HIDDEN)
    return _KEYS.sub(lambda found: next((kept for kept in found.groups() if kept), "") + HIDDEN, text)


def cut(text: str, *, most: int = _SHOWN) -> str:
    """A text in one line, without keys, and no longer than `most` characters."""
    text = " ".join(redact(hide(text)[: 16 * most]).split())
    return text if len(text) <= most else text[:most] + "..."

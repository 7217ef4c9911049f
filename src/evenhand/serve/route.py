"""Which requests carry a conversation, which can be passed on as they are, and which cannot be passed on at all."""

from __future__ import annotations

import re
from typing import Literal

from evenhand.serve.turned_away import TurnedAway

__all__ = ["Route", "route_of"]

Route = Literal["chat", "other"]
"""A chat request, whose memory is looked for; any other one that holds no conversation."""

_PREFIX = "/v1"
_CHAT = "/chat/completions"
_PLAIN = ("/embeddings", "/moderations", "/rerank", "/score", "/tokenize", "/detokenize", "/audio/speech")
_READING = ("GET", "HEAD", "OPTIONS")
_PATH = re.compile(r"(?:/[\w.:@%~+-]+)+/?")


def route_of(method: str, path: str) -> tuple[Route, str]:
    """The kind of a request, and its path behind the base URL.

    Args:
        method: The HTTP method.
        path: The path as it was sent, without the query.

    Raises:
        TurnedAway: The request may carry a conversation in a form that is not looked at, or its path is not plain.
    """
    behind = path.removeprefix(_PREFIX) if path.startswith(_PREFIX + "/") else path
    if _PATH.fullmatch(behind) is None or any(part.strip(".") == "" for part in behind.strip("/").split("/")):
        raise TurnedAway("The path is not one that the gateway passes on.", status=404)
    if method == "POST" and behind.endswith(_CHAT):
        return "chat", behind
    if method in _READING or (method == "POST" and behind in _PLAIN):
        return "other", behind
    raise TurnedAway(
        f"The gateway applies its policy to POST /v1/chat/completions; this {_method(method)} request may carry memory "
        f"in another form, so it is not passed on. Passed on as they are: GET, and POST to {', '.join(_PLAIN)}.",
        status=404,
        code="not_covered",
    )


def _method(method: str) -> str:
    return method if method in {"POST", "PUT", "PATCH", "DELETE"} else "kind of"

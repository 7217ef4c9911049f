"""What a server says went wrong, told apart from what it only repeats of the question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from evenhand.endpoints.openai.lenient_json import parse
from evenhand.endpoints.openai.retry_window import duration, reset_hint, retry_after, said_window, seconds_of

__all__ = ["ServerError", "error_text", "is_error", "read_error", "window_of"]

_TEXTS = ("message", "detail", "msg", "title")
_WORD = re.compile(r"\w+")
_ESCAPE = re.compile(r"\\[nrt\"'\\/]|\\u[0-9a-fA-F]{4}")
_QUOTED = re.compile(r"[\"'`“‘]([^\"'`“”‘’]{3,400})[\"'`”’]")
_RUN = 4
"""So many words in a row that the question has, too, are an echo of it."""


class ServerError(Struct, frozen=True, kw_only=True):
    """An error as a server describes it. Everything but `status` is in lower case and free of echoes."""

    status: int
    """The HTTP status; for an error under a good status its own code, 0 where it has none."""
    code: str = ""
    kind: str = ""
    """Its `type` or `status`, and an inner code."""
    param: str = ""
    """The parameter that it is about."""
    message: str = ""
    wait_s: float | None = None
    """Seconds to wait that a field of the error names."""
    headers: Mapping[str, str] = {}
    """Headers of the provider behind a gateway, where the gateway tells them."""

    @property
    def names(self) -> frozenset[str]:
        """The code and every type, one by one."""
        return frozenset(name for name in (self.code, *self.kind.split()) if name)

    @property
    def words(self) -> str:
        """Code, type, parameter and message as one text to search in."""
        return f"{self.code} {self.kind} {self.param} {self.message}"


def read_error(status: int, body: bytes, *, asked: Iterable[str] = ()) -> ServerError:
    """The error in a body.

    Args:
        status: The HTTP status it came with.
        body: The body; any text will do.
        asked: The texts of the request, whose echo is taken out of the message.
    """
    found = _inner(_parsed(body))
    message, param = _message(found)
    code, kind = _text(found.get("code")), _kinds(found)
    metadata = found.get("metadata")
    headers = metadata.get("headers") if isinstance(metadata, dict) else None
    return ServerError(
        status=_status(status, code),
        code=code.lower(),
        kind=kind.lower(),
        param=(_text(found.get("param")) or param).lower(),
        message=_without_echo(message, asked).lower(),
        wait_s=_wait(found),
        headers={str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {},
    )


def is_error(found: object) -> bool:
    """Whether the `error` of an answer is one, and not an empty field that every answer has."""
    if isinstance(found, str):
        return bool(found.strip())
    return isinstance(found, dict) and any(found.get(name) for name in ("message", "code", "type", "msg", "detail"))


def error_text(body: bytes) -> str:
    """What a server says went wrong, as plain text in one line. May repeat keys and the question."""
    found = _parsed(body)
    inner = _inner(found)
    text = next((inner[name] for name in _TEXTS if inner.get(name)), found)
    metadata = inner.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    shown = text if isinstance(text, str) else msgspec.json.encode(text).decode()
    return " ".join(f"{shown}: {raw}".split() if isinstance(raw, str) and raw else shown.split())


def window_of(error: ServerError, headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait with an error, wherever it says so; None where it does not."""
    asked = retry_after(headers)
    for said in (error.wait_s, said_window(error.message), retry_after(error.headers)):
        asked = said if asked is None else asked
    return asked if asked is not None else reset_hint({**headers, **error.headers}, status=error.status)


def _parsed(body: bytes) -> object:
    try:
        return parse(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _inner(found: object) -> dict[str, object]:
    """The mapping that describes the error; a bare text is its message."""
    for _ in range(4):
        if isinstance(found, list):
            found = next((one for one in found if isinstance(one, dict)), {})
        if not isinstance(found, dict):
            return {"message": _text(found)}
        deeper = found.get("error") or found.get("errors")
        if isinstance(deeper, str):
            return {"code": deeper, **found} if found.get("message") else {**found, "message": deeper}
        detail = found.get("detail")
        deeper = deeper or (detail if isinstance(detail, dict) else None)
        if not deeper:
            return found
        found = deeper
    return {}


def _message(found: dict[str, object]) -> tuple[str, str]:
    """(message, parameter); a list of findings, as FastAPI has it, is read by message and place, never by input."""
    text = next((found[name] for name in _TEXTS if found.get(name)), "")
    if not isinstance(text, list):
        return _text(text) if not isinstance(text, dict) else "", ""
    parts = [one for one in text if isinstance(one, dict)]
    places = [one["loc"] for one in parts if isinstance(one.get("loc"), list)]
    said = [f"{_text(one.get('type'))} {_text(one.get('msg') or one.get('message'))}" for one in parts]
    return "; ".join(said), " ".join(".".join(map(_text, place)) for place in places)


def _kinds(found: dict[str, object]) -> str:
    inner = found.get("innererror")
    kinds = [found.get("type"), found.get("status"), inner.get("code") if isinstance(inner, dict) else None]
    return " ".join(filter(None, map(_text, kinds)))


def _status(status: int, code: str) -> int:
    if not 200 <= status < 300:
        return status
    return int(code) if re.fullmatch(r"[45]\d\d", code) else 0


def _wait(found: dict[str, object]) -> float | None:
    details = found.get("details")
    places = [found, *(one for one in details if isinstance(one, dict))] if isinstance(details, list) else [found]
    for place in places:
        for name in ("retryDelay", "retry_after", "retryAfter", "retry_after_seconds", "estimated_time"):
            value = place.get(name)
            seconds = seconds_of(str(value)) if isinstance(value, int | float) else None
            seconds = duration(value) if isinstance(value, str) else seconds
            if seconds is not None:
                return seconds
    return None


def _text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    return str(value) if isinstance(value, str | int | float) else ""


def _without_echo(message: str, asked: Iterable[str]) -> str:
    """A message without what it repeats of the question."""
    message = _ESCAPE.sub(" ", message)
    theirs = [_words(text) for text in asked]
    if not any(theirs):
        return message
    runs = {tuple(words[at : at + _RUN]) for words in theirs for at in range(len(words) - _RUN + 1)}
    whole = [f" {' '.join(words)} " for words in theirs]

    def quoted(found: re.Match[str]) -> str:
        words = _words(found[1])
        echo = len(words) > 1 and any(f" {' '.join(words)} " in text for text in whole)
        return " " if echo else found[0]

    message = _QUOTED.sub(quoted, message)
    found = list(_WORD.finditer(message))
    said = [one[0].lower() for one in found]
    echoed = {at + step for at in range(len(said)) if tuple(said[at : at + _RUN]) in runs for step in range(_RUN)}
    kept: list[str] = []
    end = 0
    for index, one in enumerate(found):
        kept.append(message[end : one.start()])
        if index not in echoed:
            kept.append(one[0])
        end = one.end()
    return "".join(kept) + message[end:]


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(_ESCAPE.sub(" ", text))]

"""The conversation of a chat request: its turns, and where the texts of each are in the body."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from evenhand.serve.json_text import JsonText, Span

__all__ = ["BadRequest", "ChatTurn", "Conversation", "read_conversation"]


_NAMES = frozenset({"role", "name", "tool_call_id"})
_CALLS = frozenset({"tool_calls", "function_call"})


class BadRequest(Exception):
    """The body is not a chat request that can be read; the message says why, and holds nothing of the body."""


class ChatTurn(Struct, frozen=True, kw_only=True):
    """One message of a request."""

    whole: Span
    """Where it is in the body."""
    role: str
    """Who speaks."""
    texts: tuple[Span, ...]
    """Where its texts are: one for a content that is a text, one for each part that is a text."""
    content: tuple[Span, ...]
    """Where the value of its content is."""
    name: str | None = None
    """The name that it carries, or the tool that it calls."""
    call_id: str | None = None
    """The call that it makes or answers."""
    arguments: str | None = None
    """The arguments of the call that it makes."""
    calls: tuple[tuple[str, str], ...] = ()
    """Id and tool of every call that it makes."""


class Conversation(Struct, frozen=True, kw_only=True):
    """The turns of a chat request."""

    json: JsonText
    """The request as it came."""
    turns: tuple[ChatTurn, ...]
    """Oldest first."""
    lists: tuple[Span, ...]
    """Where the list of messages is."""
    streamed: bool
    """Whether the answer is to come in pieces."""

    def text(self, turn: ChatTurn) -> str:
        """What a turn says; the texts of several parts are joined by line breaks."""
        return "\n".join(self.json.string(span) for span in turn.texts)

    @property
    def body(self) -> bytes:
        """The request as it came."""
        return self.json.text

    @property
    def question(self) -> str:
        """What the user says last; empty where no user speaks."""
        last = next((turn for turn in reversed(self.turns) if turn.role == "user"), None)
        return "" if last is None else self.text(last)


class _CalledTool(Struct):
    name: str
    arguments: str = ""


class _Call(Struct):
    id: str = ""
    function: _CalledTool | None = None


def read_conversation(body: bytes) -> Conversation:
    """The conversation of a request.

    A name that comes twice in one object is read both times: readers of JSON do not agree on which one counts.

    Raises:
        BadRequest: The body is not JSON, not an object, or has messages that cannot be read.
    """
    try:
        json = JsonText(body)
    except RecursionError:
        raise BadRequest("The body is nested too deeply to be read.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadRequest("The body is not valid JSON in UTF-8; send a chat request as one JSON object.") from None
    if not json.is_object(json.top):
        raise BadRequest("The body is not a JSON object; send a chat request as one JSON object.")
    lists: list[Span] = []
    streamed = False
    for name, value in json.members(json.top):
        if name == "messages":
            lists.append(value)
        elif name == "stream":
            streamed = body[value.start : value.end] == b"true"
    turns = [turn for listed in lists for turn in _turns(json, listed)]
    return Conversation(json=json, turns=tuple(turns), lists=tuple(lists), streamed=streamed)


def _turns(json: JsonText, listed: Span) -> Iterator[ChatTurn]:
    if not json.is_list(listed):
        raise BadRequest("'messages' is not a list; send a list of messages.")
    for number, element in enumerate(json.elements(listed)):
        if not json.is_object(element):
            raise BadRequest(f"messages[{number}] is not an object; send a role and a content.")
        yield _turn(json, element, number)


def _turn(json: JsonText, element: Span, number: int) -> ChatTurn:
    named: dict[str, str] = {}
    texts: list[Span] = []
    content: list[Span] = []
    calls: list[_Call] = []
    for name, value in json.members(element):
        if name == "content":
            content.append(value)
            if json.is_string(value):
                texts.append(value)
            else:
                texts += _texts(json, value, number)
        elif name in _NAMES and json.is_string(value):
            if name == "role" and name in named:
                raise BadRequest(f"messages[{number}] names its role twice.")
            named[name] = json.string(value)
        elif name in _CALLS and not json.is_string(value):
            calls += _calls(json.text[value.start : value.end], number)
    if "role" not in named:
        raise BadRequest(f"messages[{number}] names no role; send a role and a content.")
    turn = ChatTurn(
        whole=element,
        role=named["role"],
        texts=tuple(texts),
        content=tuple(content),
        name=named.get("name"),
        call_id=named.get("tool_call_id"),
    )
    return _calling(turn, calls) if calls else turn


def _calling(turn: ChatTurn, calls: list[_Call]) -> ChatTurn:
    """A turn with the calls that it makes; name, id and arguments are those of the first."""
    known = [(call.id, call.function) for call in calls if call.function is not None]
    if not known:
        return turn
    (first, tool), *_ = known
    return replace(
        turn,
        name=tool.name,
        call_id=first,
        arguments=tool.arguments,
        calls=tuple((call_id, function.name) for call_id, function in known),
    )


def _texts(json: JsonText, value: Span, number: int) -> Iterator[Span]:
    if json.is_list(value):
        for part in json.elements(value):
            if json.is_string(part):
                yield part
            elif json.is_object(part):
                yield from (at for name, at in json.members(part) if name == "text" and json.is_string(at))
            else:
                raise BadRequest(f"messages[{number}] has a part that is neither a text nor an object.")
    elif json.text[value.start : value.end] != b"null":
        raise BadRequest(f"The content of messages[{number}] is neither a text nor a list of parts.")


def _calls(written: bytes, number: int) -> list[_Call]:
    """The calls of a turn: a list of them, one in the older form, or none."""
    try:
        if written.startswith(b"{"):
            return [_Call(function=msgspec.json.decode(written, type=_CalledTool))]
        return msgspec.json.decode(written, type=list[_Call] | None) or []
    except msgspec.ValidationError:
        raise BadRequest(f"The tool calls of messages[{number}] cannot be read; send id and function.") from None

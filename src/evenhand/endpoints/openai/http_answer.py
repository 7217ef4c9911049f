"""Reads one HTTP/1.1 answer from the bytes of a connection (RFC 9112), and knows nothing of where they come from.

No more of HTTP is read than a chat server needs: no upgrade, no trailers that mean anything. An answer that leaves a
doubt about where it ends is no answer, or the last one of its connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, assert_never

import aiohttp
from msgspec import Struct
from multidict import CIMultiDict

from evenhand.endpoints.openai.http_body import LARGEST, TooLarge

__all__ = ["AnswerReader", "Received"]

_MOST_HEAD = 64 * 1024
"""Bytes of a head at most, and of the line before a chunk."""
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")

_Next = Literal["head", "body", "chunk line", "chunk", "chunk edge", "trailers", "until closed", "nothing"]
"""What the next bytes are: `body` is of a known length, `until closed` ends with the connection."""


class Received(Struct, frozen=True):
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class AnswerReader:
    """Takes bytes until an answer is whole."""

    def __init__(self) -> None:
        self._next: _Next = "head"
        self._waiting = b""
        self._parts: list[bytes] = []
        self._size = 0
        self._left = 0
        self._status = 0
        self._headers: CIMultiDict[str] = CIMultiDict()
        self._more_may_follow = True

    @property
    def whole(self) -> bool:
        """Whether the answer is there."""
        return self._next == "nothing"

    @property
    def reusable(self) -> bool:
        """Whether the connection may be asked again: the answer is whole, nothing came after it, and nobody closes."""
        return self.whole and self._more_may_follow and not self._waiting

    def feed(self, data: bytes) -> bool:
        """Take bytes as they come; whether the answer is whole now.

        Raises:
            TooLarge: The body is larger than one may be.
            aiohttp.ClientPayloadError: This is no HTTP.
        """
        if self._waiting:
            data = self._waiting + data
        moved = True
        while moved and data and self._next != "nothing":
            before = len(data), self._next
            data = self._step(data)
            moved = (len(data), self._next) != before
        self._waiting = data
        return self.whole

    def closed(self) -> bool:
        """The other side sends no more; whether the answer is whole by that."""
        if self._next == "until closed":
            self._next = "nothing"
            self._more_may_follow = False
        return self.whole

    def answer(self) -> Received:
        """The answer, its body as it was sent."""
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        return Received(self._status, self._headers, body)

    def _step(self, data: bytes) -> bytes:
        """Take one thing; returns what is left, which is the same as before where more must come first."""
        match self._next:
            case "head":
                return self._head(data)
            case "body" | "chunk":
                return self._counted(data)
            case "chunk line":
                return self._chunk_line(data)
            case "chunk edge":
                return self._chunk_edge(data)
            case "trailers":
                return self._trailers(data)
            case "until closed":
                self._take(data)
                return b""
            case "nothing":
                return data
            case _ as unreachable:
                assert_never(unreachable)

    def _head(self, data: bytes) -> bytes:
        end = data.find(b"\r\n\r\n")
        if end < 0 or end > _MOST_HEAD:
            return _wait(data, "the head of the answer has no end")
        first, *lines = data[:end].split(b"\r\n")
        status = _STATUS.fullmatch(first)
        if status is None:
            raise _odd(f"the answer begins with {first[:40]!r}")
        self._status = int(status[2])
        if self._status == 101:
            raise _odd("the server changes to another protocol")
        if self._status >= 200:  # below: "continue" and its like, and the answer is yet to come
            self._headers = _headers(lines)
            connection = self._headers.get("Connection", "").lower()
            self._more_may_follow = "keep-alive" in connection if status[1] == b"0" else "close" not in connection
            self._frame()
        return data[end + 4 :]

    def _frame(self) -> None:
        """Find where the body will end (RFC 9112, 6.3)."""
        coding = ",".join(self._headers.getall("Transfer-Encoding", ())).lower().replace(" ", "")
        lengths = {one.strip() for value in self._headers.getall("Content-Length", ()) for one in value.split(",")}
        if self._status in {204, 304}:
            self._next = "nothing"
        elif coding:
            if coding != "chunked":
                raise _odd(f"the answer is coded as {coding[:40]!r}")
            self._next = "chunk line"
            self._more_may_follow = self._more_may_follow and not lengths
        elif lengths:
            self._left = _length(lengths)
            self._next = "body" if self._left else "nothing"
        else:
            self._next = "until closed"

    def _counted(self, data: bytes) -> bytes:
        """Take what belongs to a body of a known length, or to a chunk."""
        mine = data[: self._left] if len(data) > self._left else data
        self._take(mine)
        self._left -= len(mine)
        if self._left == 0:
            self._next = "nothing" if self._next == "body" else "chunk edge"
        return data[len(mine) :]

    def _chunk_line(self, data: bytes) -> bytes:
        end = data.find(b"\r\n")
        if end < 0:
            return _wait(data, "the length of a chunk has no end")
        found = _CHUNK.fullmatch(data, 0, end)
        if found is None:
            raise _odd(f"the length of a chunk is {data[: min(end, 40)]!r}")
        self._left = int(found[1], 16)
        self._next = "chunk" if self._left else "trailers"
        return data[end + 2 :]

    def _chunk_edge(self, data: bytes) -> bytes:
        if len(data) < 2:
            return data
        if not data.startswith(b"\r\n"):
            raise _odd("a chunk is longer than it says")
        self._next = "chunk line"
        return data[2:]

    def _trailers(self, data: bytes) -> bytes:
        if data.startswith(b"\r\n"):
            self._next = "nothing"
            return data[2:]
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return _wait(data, "the trailers have no end")
        self._next = "nothing"
        return data[end + 4 :]

    def _take(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > LARGEST:
            raise TooLarge
        self._parts.append(data)


def _headers(lines: list[bytes]) -> CIMultiDict[str]:
    """Header lines by name; a name may come several times.

    Raises:
        aiohttp.ClientPayloadError: A line is no header.
    """
    found: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or _NAME.fullmatch(name) is None or b"\r" in value or b"\n" in value or b"\0" in value:
            raise _odd(f"a line of the head is {line[:40]!r}")
        found.append((name.decode("ascii"), value.strip(b" \t").decode("utf-8", "surrogateescape")))
    return CIMultiDict(found)


def _length(lengths: set[str]) -> int:
    """The one length that the headers name.

    Raises:
        TooLarge: It is more than an answer may have.
        aiohttp.ClientPayloadError: They name several, or none that is a number.
    """
    text = lengths.pop()
    if lengths or not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise _odd("the length of the answer cannot be read")
    if int(text) > LARGEST:
        raise TooLarge
    return int(text)


def _wait(data: bytes, what: str) -> bytes:
    """The bytes again, until more come.

    Raises:
        aiohttp.ClientPayloadError: There are so many already that no more would help.
    """
    if len(data) > _MOST_HEAD:
        raise _odd(what)
    return data


def _odd(what: str) -> aiohttp.ClientPayloadError:
    return aiohttp.ClientPayloadError(f"what came is no HTTP answer: {what}")

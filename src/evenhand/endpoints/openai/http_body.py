"""The body of an HTTP answer, read in chunks and never larger than what an answer may be."""

from __future__ import annotations

import zlib

import aiohttp

__all__ = ["ACCEPTED", "LARGEST", "TooLarge", "Unreadable", "decoded", "read_body"]

LARGEST = 8 * 1024 * 1024
"""Bytes of a body at most, before and after decompression."""
ACCEPTED = "gzip, deflate"
"""The compressions that are asked for; an answer in any other one is not read."""

_GZIP, _ZLIB, _RAW = 31, 15, -15
_MOST_LAYERS = 2


class Unreadable(Exception):
    """The body is not a whole chat answer: cut off, not JSON, or something else altogether. Worth another attempt."""


class TooLarge(Exception):
    """The body is larger than an answer may be. Another attempt would bring the same."""

    def __init__(self, largest: int = LARGEST) -> None:
        super().__init__(f"the answer is larger than {largest // 1024**2} MB and was not read")


async def read_body(response: aiohttp.ClientResponse, *, largest: int = LARGEST) -> bytes:
    """The whole body, decompressed.

    Args:
        response: An answer of a session that leaves decompression to the caller.
        largest: Bytes that are read at most.

    Raises:
        TooLarge: It is larger than that, as sent or decompressed; nothing beyond that is kept in memory.
        Unreadable: It is cut off, damaged, or in a compression that was not asked for.
    """
    layers = _layers(response.headers.get("Content-Encoding", ""), largest=largest)
    if not layers and response.content_length is not None and response.content_length <= largest:
        return await response.read()  # HTTP itself holds the server to the length it names
    received = 0
    parts: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        received += len(chunk)
        if received > largest:
            raise TooLarge(largest)
        for layer in layers:
            chunk = layer.feed(chunk)
        size += len(chunk)
        if size > largest:
            raise TooLarge(largest)
        parts.append(chunk)
    if received and any(not layer.ended for layer in layers):
        raise Unreadable("the compressed answer is cut off")
    return b"".join(parts)


def decoded(body: bytes, *, coding: str) -> bytes:
    """A body that was read whole, decompressed.

    Args:
        body: As it was sent; no larger than `LARGEST`.
        coding: The header `Content-Encoding`; empty: it was not compressed.

    Raises:
        TooLarge: It decompresses to more than an answer may have.
        Unreadable: It is cut off, damaged, or in a compression that was not asked for.
    """
    layers = _layers(coding, largest=LARGEST) if coding else []
    found = body
    for layer in layers:
        found = layer.feed(found)
    if body and any(not layer.ended for layer in layers):
        raise Unreadable("the compressed answer is cut off")
    return found


def _layers(header: str, *, largest: int) -> list[_Compression]:
    """The compressions to take off, outermost first."""
    names = [name for name in (part.strip().lower() for part in header.split(",")) if name not in {"", "identity"}]
    for name in names:
        if name not in {"gzip", "x-gzip", "deflate"}:
            raise Unreadable(f"the answer is compressed as {name[:20]!r}, and only {ACCEPTED} was asked for")
    if len(names) > _MOST_LAYERS:
        raise Unreadable(f"the answer is compressed {len(names)} times")
    return [_Compression(gzip=name != "deflate", largest=largest) for name in reversed(names)]


class _Compression:
    """One compression of a body.

    Args:
        gzip: Whether it is gzip, of which several may follow each other; otherwise deflate, with or without the
            zlib header, since servers disagree (RFC 9110, 8.4.1.2).
        largest: Bytes that may come out of it at a time.
    """

    def __init__(self, *, gzip: bool, largest: int = LARGEST) -> None:
        self._gzip = gzip
        self._largest = largest
        self._inflater = zlib.decompressobj(_GZIP) if gzip else None
        self._head = b""

    @property
    def ended(self) -> bool:
        """Whether the end of the compressed data was seen."""
        return self._inflater is not None and self._inflater.eof

    def feed(self, data: bytes) -> bytes:
        """What the next bytes decompress to.

        Raises:
            TooLarge: They decompress to more than an answer may have.
            Unreadable: They are damaged.
        """
        if self._inflater is None:
            data = self._head = self._head + data
            if len(data) < 2:
                return b""
            self._inflater = zlib.decompressobj(_ZLIB if _has_zlib_header(data) else _RAW)
        out = bytearray()
        while data:
            if self._inflater.eof:
                if not self._gzip or not data.strip(b"\0"):
                    break
                self._inflater = zlib.decompressobj(_GZIP)
            try:
                out += self._inflater.decompress(data, self._largest + 1 - len(out))
            except zlib.error as error:
                raise Unreadable(f"the compressed answer is damaged ({error})") from error
            if len(out) > self._largest:
                raise TooLarge(self._largest)
            data = self._inflater.unconsumed_tail or self._inflater.unused_data
        return bytes(out)


def _has_zlib_header(data: bytes) -> bool:
    return data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0

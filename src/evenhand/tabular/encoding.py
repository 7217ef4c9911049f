"""How a text file is encoded: UTF-8, UTF-16 or Windows-1252, told from its bytes; anything else is named."""

from __future__ import annotations

import codecs
from typing import IO

from evenhand.errors import InputError

__all__ = ["encoding_of"]

_BLOCK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNDEFINED = bytes((0x81, 0x8D, 0x8F, 0x90, 0x9D))
"""Bytes that Windows-1252 does not define."""


def encoding_of(stream: IO[bytes], *, name: str, error: type[InputError]) -> str:
    """The codec that reads a stream, which is read to its end.

    A byte order mark decides. Without one it is UTF-8 where all bytes are; UTF-16 where every other byte is zero; and
    Windows-1252 where no byte contradicts it and no sequence of bytes speaks for UTF-8.

    Raises:
        InputError: As `error`, naming the first byte that fits nothing.
    """
    head = stream.read(_BLOCK)
    for mark, codec in _MARKS:
        if head.startswith(mark):
            _require(head, stream, codec, name=name, error=error)
            return codec
    if b"\0" in head:
        codec = _wide(head, name=name, error=error)
        _require(head, stream, codec, name=name, error=error)
        return codec
    return _narrow(head, stream, name=name, error=error)


def _wide(head: bytes, *, name: str, error: type[InputError]) -> str:
    sample = head[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.3 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.3 * half and odd < 0.05 * half:
        return "utf-16-be"
    raise error(f"{name!r} holds zero bytes (byte {head.index(0)}), so it is no text; save it as UTF-8.")


def _require(head: bytes, stream: IO[bytes], codec: str, *, name: str, error: type[InputError]) -> None:
    decoder = codecs.getincrementaldecoder(codec)()
    block = head
    try:
        while block:
            decoder.decode(block)
            block = stream.read(_BLOCK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as cause:
        raise error(f"{name!r} begins as {codec} but is not ({cause.reason}); save it as UTF-8.") from cause


def _narrow(head: bytes, stream: IO[bytes], *, name: str, error: type[InputError]) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    block, done, failed, multibyte = head, 0, None, False
    undefined: tuple[int, int] | None = None
    while block:
        if failed is None:
            try:
                multibyte = multibyte or not decoder.decode(block).isascii()
            except UnicodeDecodeError as cause:
                multibyte = multibyte or not cause.object[: cause.start].isascii()
                failed = max(done + len(block) - len(cause.object), 0) + cause.start
        if undefined is None:
            places = [place for byte in _UNDEFINED if (place := block.find(byte)) >= 0]
            undefined = (done + min(places), block[min(places)]) if places else None
        done += len(block)
        block = stream.read(_BLOCK)
    if failed is None:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as cause:
            raise error(f"{name!r} is not UTF-8 at its end (a character is cut off); copy it again.") from cause
        return "utf-8"
    if multibyte:
        raise error(
            f"{name!r} is UTF-8 in parts and not UTF-8 near byte {failed}; two encodings were mixed, save it again as "
            f"UTF-8."
        )
    if undefined is not None:
        raise error(
            f"{name!r} is neither UTF-8 (near byte {failed}) nor Windows-1252 (byte {undefined[0]} is "
            f"{undefined[1]:#04x}); convert it, for instance with `iconv -f ENCODING -t UTF-8`."
        )
    return "cp1252"

"""Packed tables: gzip, bzip2 and xz are unpacked, within bounds; others are named."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, assert_never

from evenhand.errors import InputError

__all__ = ["Compression", "compression_of", "expanded"]

Compression = Literal["plain", "gzip", "bzip2", "xz"]
_MARKS: tuple[tuple[bytes, Compression], ...] = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"))
_NAMED = (
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", "unpack it first, as in `zstd -d FILE`"),
    (b"PK\x03\x04", "a ZIP archive or a workbook of a spreadsheet", "unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "a workbook of an old spreadsheet", "save the sheet as CSV"),
    (b"\x04\x22\x4d\x18", "an LZ4 file", "unpack it first, as in `lz4 -d FILE`"),
)
_BLOCK = 1 << 20
_SMALL = 64 << 20
"""Bytes that any packed table may expand to."""
_RATIO = 200
"""Largest growth beyond that; tables of text grow by 3 to 50."""


def compression_of(path: Path, *, error: type[InputError]) -> Compression:
    """How a file is packed, by its first bytes.

    Raises:
        InputError: As `error`, for a kind that is known and not unpacked here.
    """
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as cause:
        reason = (cause.strerror or type(cause).__name__).lower()
        raise error(f"{str(path)!r} cannot be read ({reason}); check the path and its permissions") from cause
    for mark, name, step in _NAMED:
        if head.startswith(mark):
            raise error(f"{str(path)!r} is {name}; {step}.")
    return next((name for mark, name in _MARKS if head.startswith(mark)), "plain")


def expanded(path: Path, compression: Compression, *, error: type[InputError]) -> bytes:
    """The whole of a packed file, unpacked.

    Raises:
        InputError: As `error`: damaged, or it grows like a file that was made to fill memory.
    """
    most = max(_SMALL, _RATIO * path.stat().st_size)
    parts: list[bytes] = []
    total = 0
    try:
        with _opened(path, compression) as stream:
            while block := stream.read(_BLOCK):
                parts.append(block)
                total += len(block)
                if total > most:
                    raise error(
                        f"{str(path)!r} grows beyond {most:,} bytes when it is unpacked; tables do not do that, unpack "
                        f"it and look at it."
                    )
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as cause:
        raise error(f"{str(path)!r} is a damaged {compression} file ({cause}); make it again.") from cause
    return b"".join(parts)


def _opened(path: Path, compression: Compression) -> AbstractContextManager[io.BufferedIOBase]:
    match compression:
        case "plain":
            return path.open("rb")
        case "gzip":
            return gzip.open(path, "rb")
        case "bzip2":
            return bz2.open(path, "rb")
        case "xz":
            return lzma.open(path, "rb")
        case _:
            assert_never(compression)

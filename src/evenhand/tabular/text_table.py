"""A file of rows as it stands on disk: how it is compressed, encoded and separated, recognised before it is read.

Whatever was recognised is stated, so that a report can say how a table was read; whatever cannot be recognised is
refused by its name with the next step.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from msgspec import Struct

from evenhand.errors import InputError
from evenhand.tabular.compression import Compression, compression_of, expanded
from evenhand.tabular.encoding import encoding_of
from evenhand.tabular.separator import SEPARATORS, Header, header_of

__all__ = ["FORMATS", "TableFormat", "TextTable", "opened", "opened_text", "text_table"]

TableFormat = Literal["CSV", "JSON lines", "Parquet"]
FORMATS: dict[str, TableFormat] = {
    ".parquet": "Parquet",
    ".csv": "CSV",
    ".tsv": "CSV",
    ".txt": "CSV",
    ".jsonl": "JSON lines",
    ".ndjson": "JSON lines",
}
"""Suffix, without that of a compression, -> format."""
_PACKED = (".gz", ".bz2", ".xz", ".zst")


class TextTable(Struct, frozen=True, kw_only=True):
    """How a file of rows is written."""

    path: Path
    format: TableFormat
    compression: Compression
    encoding: str
    """Name of the codec; `utf-8-sig` where the file begins with a byte order mark."""
    separator: str | None
    """Between fields; None for formats that have none."""
    columns: tuple[str, ...]
    """Names in the header without the spaces around them; empty for formats without a header."""
    skipped: int
    """Lines before the header."""

    def says(self) -> tuple[str, ...]:
        """What was recognised and is not the common case, one part each."""
        parts: list[str] = [self.compression] if self.compression != "plain" else []
        parts += [self.encoding] if self.encoding not in {"utf-8", "utf-8-sig"} else []
        if self.separator not in {None, ","}:
            parts.append(f"separated by {SEPARATORS.get(self.separator or '', repr(self.separator))}")
        return tuple(parts)


def text_table(path: Path, *, error: type[InputError]) -> TextTable:
    """Recognise how a file of rows is written.

    Raises:
        InputError: As `error`: absent, empty, of another format, or written in a way that cannot be told.
    """
    bare = path.with_suffix("") if path.suffix.lower() in _PACKED else path
    suffix = bare.suffix.lower()
    if suffix not in FORMATS:
        allowed = ", ".join(sorted(FORMATS))
        raise error(
            f"the table {str(path)!r} has the suffix {suffix!r}; allowed are {allowed}, also packed as .gz, .bz2 or "
            f".xz; save it as one."
        )
    if not path.is_file():
        raise error(f"there is no table at {str(path)!r}; check the path.")
    if _size(path, error=error) == 0:
        raise error(f"the table {str(path)!r} is empty (0 bytes); it needs a header and at least one row.")
    compression = compression_of(path, error=error)
    form = FORMATS[suffix]
    if form == "Parquet":
        if compression != "plain":
            raise error(f"the table {str(path)!r} is a packed Parquet file; unpack it first, Parquet packs by itself.")
        return TextTable(
            path=path, format=form, compression="plain", encoding="", separator=None, columns=(), skipped=0
        )
    with _binary(path, compression, error=error) as stream:
        encoding = encoding_of(stream, name=str(path), error=error)
    header = Header(separator=None, columns=(), skipped=0)
    if form == "CSV":
        with _text(path, compression, encoding, error=error) as lines:
            header = header_of(lines, name=str(path), tabs=suffix == ".tsv", error=error)
    return TextTable(
        path=path,
        format=form,
        compression=compression,
        encoding=encoding,
        separator=header.separator,
        columns=header.columns,
        skipped=header.skipped,
    )


@contextmanager
def opened(table: TextTable, *, error: type[InputError]) -> Iterator[IO[str]]:
    """The text of a table, from its header on, line ends as they are.

    Raises:
        InputError: As `error`, when the file cannot be read.
    """
    with _text(table.path, table.compression, table.encoding, error=error) as stream:
        for _ in range(table.skipped):
            stream.readline()
        yield stream


@contextmanager
def opened_text(path: Path, *, error: type[InputError]) -> Iterator[IO[str]]:
    """The text of any file, its compression and encoding recognised.

    Raises:
        InputError: As `error`, when the file cannot be read.
    """
    compression = compression_of(path, error=error)
    with _binary(path, compression, error=error) as stream:
        encoding = encoding_of(stream, name=str(path), error=error)
    with _text(path, compression, encoding, error=error) as lines:
        yield lines


def _size(path: Path, *, error: type[InputError]) -> int:
    try:
        return path.stat().st_size
    except OSError as cause:
        raise _unreadable(path, cause, error=error) from cause


@contextmanager
def _binary(path: Path, compression: Compression, *, error: type[InputError]) -> Iterator[IO[bytes]]:
    if compression != "plain":
        yield io.BytesIO(expanded(path, compression, error=error))
        return
    try:
        stream = path.open("rb")
    except OSError as cause:
        raise _unreadable(path, cause, error=error) from cause
    with stream:
        yield stream


@contextmanager
def _text(path: Path, compression: Compression, encoding: str, *, error: type[InputError]) -> Iterator[IO[str]]:
    with _binary(path, compression, error=error) as stream:
        yield io.TextIOWrapper(stream, encoding=encoding, newline="")


def _unreadable(path: Path, cause: OSError, *, error: type[InputError]) -> InputError:
    reason = (cause.strerror or type(cause).__name__).lower()
    return error(f"{str(path)!r} cannot be read ({reason}); check the path and its permissions")

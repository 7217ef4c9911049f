"""A table on disk: Parquet, CSV or JSON lines -> data frame, with errors a person can act on."""

from __future__ import annotations

import codecs
from pathlib import Path

import polars as pl

from evenhand.analysis.table.table_guard import refuse_bomb
from evenhand.errors import TableError

__all__ = ["read_table_file"]

_FORMATS = {".parquet": "Parquet", ".csv": "CSV", ".tsv": "CSV", ".jsonl": "JSON lines", ".ndjson": "JSON lines"}
_BLOCK = 1 << 20


def read_table_file(path: Path) -> pl.DataFrame:
    """The rows of a table file.

    CSV columns come back as text (empty fields as null), so that nothing is guessed; Parquet and JSON lines keep
    their types. The format follows the file's suffix.

    Raises:
        TableError: The file is absent, empty, of another format, not UTF-8, or cannot be parsed.
    """
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        allowed = ", ".join(sorted(_FORMATS))
        raise TableError(f"the table {str(path)!r} has the suffix {suffix!r}; allowed are {allowed}; save it as one.")
    if not path.is_file():
        raise TableError(f"there is no table at {str(path)!r}; check the path.")
    if path.stat().st_size == 0:
        raise TableError(f"the table {str(path)!r} is empty (0 bytes); it needs a header and at least one row.")
    if suffix != ".parquet":
        _require_utf8(path)
    try:
        refuse_bomb(path, suffix)
        frame = _parse(path, suffix)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise TableError(
            f"the table {str(path)!r} cannot be read as {_FORMATS[suffix]} ({reason}); write it again from its source."
        ) from error
    if frame.height == 0:
        raise TableError(f"the table {str(path)!r} has a header but no rows; it needs at least one row.")
    return frame


def _parse(path: Path, suffix: str) -> pl.DataFrame:
    if suffix == ".parquet":
        return pl.read_parquet(path)
    if suffix in {".jsonl", ".ndjson"}:
        return pl.read_ndjson(path, infer_schema_length=None)
    return pl.read_csv(path, separator="\t" if suffix == ".tsv" else ",", infer_schema=False)


def _require_utf8(path: Path) -> None:
    """Read the file once in blocks and name the first byte that is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    done = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                raise _encoding_error(path, done + error.start) from error
            done += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _encoding_error(path, done) from error


def _encoding_error(path: Path, byte: int) -> TableError:
    return TableError(
        f"the table {str(path)!r} is not UTF-8 (near byte {byte}); allowed is UTF-8 only; "
        f"convert it, for instance with `iconv -f WINDOWS-1252 -t UTF-8`."
    )

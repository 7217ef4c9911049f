"""Tables that would fill a machine are refused before they are read: a kilobyte of Parquet can state a billion rows.

Parquet states its sizes in a footer (https://github.com/apache/parquet-format, `FileMetaData`, in Thrift's compact
protocol); only that footer is read here. Text tables are looked at for the number of their columns.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from evenhand.errors import TableError

__all__ = ["refuse_bomb", "refuse_wide"]

_MOST_COLUMNS = 2_000
_HEADER = 1 << 20
"""Bytes; the longest header line of a text table."""
_FOOTER = 1 << 20
"""Bytes; 100 columns in 100 row groups need about as many."""
_HARMLESS = 64 << 20
"""Bytes in memory that are taken whatever the file's size."""
_RATIO = 300
"""Bytes in memory per byte of the file beyond that; two million answers in shuffled order have about 20."""
_VALUE = 8
"""Bytes of a value in memory, at least."""
_DEEPEST = 16
"""Structures within structures; Parquet has six."""
_BOOLEANS, _INTEGERS, _DOUBLE, _BINARY, _LISTS, _STRUCT = (1, 2), (4, 5, 6), 7, 8, (9, 10), 12


def refuse_bomb(path: Path, suffix: str) -> None:
    """Return where the table can be read in memory that its file is worth.

    Raises:
        TableError: It has more than 2,000 columns, or states sizes out of all proportion to its file.
        OSError: The file cannot be read.
    """
    match suffix:
        case ".parquet":
            _check_parquet(path)
        case ".jsonl" | ".ndjson":
            _check_lines(path)
        case _:
            _check_header(path)


def _check_lines(path: Path) -> None:
    try:
        for rows in (_MOST_COLUMNS + 1, None):  # first a few: the time grows with rows times columns
            refuse_wide(path, len(pl.scan_ndjson(path, infer_schema_length=rows).collect_schema()))
    except pl.exceptions.PolarsError:
        return  # no strict JSON, such as NaN: read line by line, and counted there


def refuse_wide(path: Path, columns: int) -> None:
    """Return where a table has no more columns than an analysis can want.

    Raises:
        TableError: It has more than 2,000.
    """
    if columns > _MOST_COLUMNS:
        raise TableError(
            f"the table {str(path)!r} has more than {_MOST_COLUMNS:,} columns; keep those that the analysis needs."
        )


def _check_header(path: Path) -> None:
    with path.open("rb") as stream:
        header = stream.readline(_HEADER)
    refuse_wide(path, max(map(header.count, (b",", b";", b"\t", b"|"))) + 1)


def _check_parquet(path: Path) -> None:
    found = _stated(path)
    if found is None:
        raise TableError(
            f"the table {str(path)!r} cannot be read as Parquet (damaged footer); write it again from its source."
        )
    columns, rows, stated = found
    refuse_wide(path, columns)
    size, on_disk = max(stated, rows * columns * _VALUE), path.stat().st_size
    if size > _HARMLESS and size > _RATIO * on_disk:
        raise TableError(
            f"the table {str(path)!r} has {on_disk:,} bytes and states {rows:,} x {columns:,} values, "
            f"{size:,} bytes in memory; such a file is made to fill a machine; write it again from its source."
        )


def _stated(path: Path) -> tuple[int, int, int] | None:
    """Columns, rows and bytes in memory, as the footer states them; None where it cannot be read."""
    with path.open("rb") as stream:
        length = stream.seek(0, 2)
        if length < 12:
            return None
        stream.seek(length - 8)
        tail = stream.read(8)
        size = int.from_bytes(tail[:4], "little")
        if tail[4:] != b"PAR1" or not 0 < size <= min(length - 12, _FOOTER):
            return None
        stream.seek(length - 8 - size)
        footer = stream.read(size)
    try:
        return _sizes(_Compact(footer).structure())
    except (IndexError, KeyError, ValueError, TypeError, AttributeError):
        return None


def _sizes(file: dict[int, Any]) -> tuple[int, int, int]:
    """Fields of the file: 2 schema, 3 rows, 4 row groups; of a group: 1 columns, 3 rows; of a column: 3.6 its bytes."""
    groups = file[4]
    rows = max(file[3], sum(group[3] for group in groups))
    stated = sum(column[3][6] for group in groups for column in group[1])
    leaves = sum(1 for element in file[2] if not element.get(5))  # 5: children of a schema element
    return leaves, rows, stated


class _Compact:
    """Thrift's compact protocol: a structure as a dictionary from field number to value."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._depth = 0

    def structure(self) -> dict[int, Any]:
        """The structure that starts here.

        Raises:
            IndexError: It breaks off.
            ValueError: It is no compact Thrift, or nested too deeply.
        """
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("nested too deeply")
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            number = number + step if step else self._integer()
            fields[number] = kind == _BOOLEANS[0] if kind in _BOOLEANS else self._value(kind)
        self._depth -= 1
        return fields

    def _byte(self) -> int:
        byte = self._data[self._at]
        self._at += 1
        return byte

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("an integer of more than 64 bits")

    def _integer(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)

    def _value(self, kind: int) -> Any:
        if kind in _INTEGERS:
            return self._integer()
        if kind == _STRUCT:
            return self.structure()
        if kind in _LISTS:
            return self._list()
        if kind == _BINARY:
            return self._skip(self._unsigned())
        if kind == _DOUBLE:
            return self._skip(8)
        if kind in (*_BOOLEANS, 3):
            return self._byte()
        raise ValueError(f"a value of kind {kind}")

    def _skip(self, length: int) -> None:
        self._at += length
        if self._at > len(self._data):
            raise IndexError

    def _list(self) -> list[Any]:
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._unsigned()
        if count > len(self._data) - self._at:
            raise IndexError
        return [self._value(head & 15) for _ in range(count)]

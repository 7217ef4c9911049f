"""Tables that would fill a machine: what a Parquet footer states, and where the bounds lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from evenhand.analysis.table.table_guard import _Compact, _stated, refuse_bomb
from evenhand.errors import TableError

MEBI = 1 << 20


def number(value: int) -> bytes:
    """A whole number as the compact protocol writes it: zigzag, seven bits a byte."""
    rest = (value << 1) ^ (value >> 63)
    out = b""
    while rest > 127:
        out += bytes([rest & 127 | 128])
        rest >>= 7
    return out + bytes([rest])


def listed(kind: int, values: list[bytes]) -> bytes:
    head = bytes([len(values) << 4 | kind]) if len(values) < 15 else bytes([240 | kind]) + bytes([len(values)])
    return head + b"".join(values)


def structure(fields: dict[int, tuple[int, bytes]]) -> bytes:
    """Fields in the order of their numbers, the step to each beside its kind."""
    out, last = b"", 0
    for at, (kind, value) in fields.items():
        step = at - last
        out += (bytes([step << 4 | kind]) if step < 16 else bytes([kind]) + number(at)) + value
        last = at
    return out + b"\0"


INTEGER, BYTES, LIST, STRUCT = 6, 8, 9, 12


def parquet(folder: Path, *, rows: int, columns: int, column_bytes: int, group_rows: int, padding: int = 0) -> Path:
    """A file with nothing but a footer, which states one row group."""
    text = b"\4" + b"name"
    elements = [structure({4: (BYTES, text), 5: (INTEGER, number(columns))})]
    elements += [structure({1: (INTEGER, number(2)), 4: (BYTES, text)})] * columns
    column = structure({3: (STRUCT, structure({6: (INTEGER, number(column_bytes))}))})
    group = structure({1: (LIST, listed(STRUCT, [column] * columns)), 3: (INTEGER, number(group_rows))})
    footer = structure(
        {
            1: (INTEGER, number(1)),
            2: (LIST, listed(STRUCT, elements)),
            3: (INTEGER, number(rows)),
            4: (LIST, listed(STRUCT, [group])),
        }
    )
    path = folder / "t.parquet"
    path.write_bytes(b"PAR1" + bytes(padding) + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    return path


def test_the_footer_of_a_real_file_states_its_columns_rows_and_bytes(tmp_path: Path) -> None:
    frame = pl.DataFrame({"text": ["a", "bb", None] * 400, "n": range(1200), "yes": [True, False, None] * 400})
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=100, compression="uncompressed")
    found = _stated(tmp_path / "t.parquet")
    assert found is not None
    columns, rows, stated = found
    assert (columns, rows) == (3, 1200)
    # Nothing is packed, so that what is stated lies in the file, which has headers and a footer besides.
    size = (tmp_path / "t.parquet").stat().st_size
    assert 1200 * 8 < stated < size
    refuse_bomb(tmp_path / "t.parquet", ".parquet")


def test_fields_of_a_structure_are_one_column(tmp_path: Path) -> None:
    pl.DataFrame({"s": [{"x": 1, "y": [2.5]}], "n": [1]}).write_parquet(tmp_path / "t.parquet")
    found = _stated(tmp_path / "t.parquet")
    assert found is not None and found[:2] == (3, 1)


@pytest.mark.parametrize(("stated", "told"), [(64 * MEBI, False), (64 * MEBI + 1, True)])
def test_64_mebibytes_in_memory_are_taken_from_any_file_and_no_byte_more(
    tmp_path: Path, stated: int, told: bool
) -> None:
    path = parquet(tmp_path, rows=10, columns=1, column_bytes=stated, group_rows=10)
    assert _stated(path) == (1, 10, stated)
    if told:
        with pytest.raises(TableError, match=f"{stated:,} bytes in memory"):
            refuse_bomb(path, ".parquet")
    else:
        refuse_bomb(path, ".parquet")


def test_300_bytes_in_memory_for_each_byte_of_the_file_are_taken_and_no_byte_more(tmp_path: Path) -> None:
    padding = 1_000_000
    for beyond in (0, 1):
        path = parquet(tmp_path, rows=1, columns=1, column_bytes=2 << 40, group_rows=1, padding=padding)
        size = path.stat().st_size
        # As wide as the number before it, so that the file keeps its size.
        path = parquet(tmp_path, rows=1, columns=1, column_bytes=300 * size + beyond, group_rows=1, padding=padding)
        spare = size - path.stat().st_size
        path = parquet(
            tmp_path, rows=1, columns=1, column_bytes=300 * size + beyond, group_rows=1, padding=padding + spare
        )
        assert path.stat().st_size == size
        if beyond:
            with pytest.raises(TableError, match="made to fill a machine"):
                refuse_bomb(path, ".parquet")
        else:
            refuse_bomb(path, ".parquet")


@pytest.mark.parametrize("where", ["rows", "group_rows"])
def test_rows_count_eight_bytes_a_value_whatever_the_file_says_of_its_bytes(tmp_path: Path, where: str) -> None:
    limit = 64 * MEBI // 8 // 2
    sizes = {"rows": 1, "group_rows": 1, "columns": 2, "column_bytes": 0}
    refuse_bomb(parquet(tmp_path, **{**sizes, where: limit}), ".parquet")
    with pytest.raises(TableError, match=f"{limit + 1:,} x 2 values"):
        refuse_bomb(parquet(tmp_path, **{**sizes, where: limit + 1}), ".parquet")


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
def test_two_thousand_columns_are_taken_and_one_more_is_refused(tmp_path: Path, suffix: str) -> None:
    for columns in (2_000, 2_001):
        frame = pl.DataFrame({f"c{index}": [index] for index in range(columns)})
        path = tmp_path / f"t{suffix}"
        writers: dict[str, Callable[[Path], object]] = {
            ".parquet": frame.write_parquet,
            ".jsonl": frame.write_ndjson,
            ".csv": frame.write_csv,
        }
        writers[suffix](path)
        if columns == 2_000:
            refuse_bomb(path, suffix)
        else:
            with pytest.raises(TableError, match="more than 2,000 columns"):
                refuse_bomb(path, suffix)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_columns_are_counted_by_whatever_separates_them(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(separator.join(f"c{index}" for index in range(2_001)) + "\n1\n", encoding="utf-8")
    with pytest.raises(TableError, match="more than 2,000 columns"):
        refuse_bomb(path, ".csv")
    # Only the header line says how many columns there are.
    path.write_text("a,b\n" + separator * 3_000 + "\n", encoding="utf-8")
    refuse_bomb(path, ".csv")


def test_a_column_that_comes_late_in_json_lines_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    rows = [f'{{"c{index}": 1}}' for index in range(2_500)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(TableError, match="more than 2,000 columns"):
        refuse_bomb(path, ".ndjson")
    path.write_text('{"a": NaN}\n', encoding="utf-8")
    refuse_bomb(path, ".jsonl")  # no strict JSON: counted where it is read


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PAR1PAR1PAR",
        b"PAR1\0\0\0\0PAR1",
        b"PAR1" + b"\0" + (1).to_bytes(4, "little") + b"PARX",
        b"PAR1" + b"\0" + (2).to_bytes(4, "little") + b"PAR1",
        b"PAR1" + b"\0" + (1).to_bytes(4, "little") + b"PAR1",
    ],
    ids=["empty", "short", "no footer", "another mark", "longer than the file", "nothing in it"],
)
def test_a_footer_that_cannot_be_read_is_refused_as_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(content)
    with pytest.raises(TableError, match="damaged footer"):
        refuse_bomb(path, ".parquet")


def test_every_kind_of_value_is_read_or_passed_over() -> None:
    data = structure(
        {
            1: (1, b""),
            2: (2, b""),
            3: (3, b"\7"),
            5: (7, bytes(8)),
            6: (BYTES, b"\3abc"),
            7: (LIST, listed(INTEGER, [number(value) for value in (-3, 0, 300, 1 << 40)])),
            8: (10, listed(INTEGER, [number(value) for value in range(15)])),
            9: (LIST, listed(INTEGER, [number(1)] * 14)),
            40: (STRUCT, structure({1: (4, number(-1)), 2: (5, number(63))})),
            41: (LIST, listed(1, [b"\1", b"\2"])),
        }
    )
    assert _Compact(data).structure() == {
        1: True,
        2: False,
        3: 7,
        5: None,
        6: None,
        7: [-3, 0, 300, 1 << 40],
        8: list(range(15)),
        9: [1] * 14,
        40: {1: -1, 2: 63},
        41: [1, 2],
    }


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (structure({1: (13, b"")}), ValueError),
        (structure({1: (INTEGER, b"\xff" * 10 + b"\1")}), ValueError),
        (b"\x16", IndexError),
        (structure({1: (BYTES, b"\x40ab")}), IndexError),
        (structure({1: (LIST, b"\xf6\x7f" + b"\2\2")}), IndexError),
        (b"\x1c" * 17 + b"\0" * 17, ValueError),
    ],
    ids=["unknown kind", "more than 64 bits", "breaks off", "bytes beyond the end", "list beyond the end", "too deep"],
)
def test_what_is_no_compact_thrift_is_told(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        _Compact(data).structure()


def test_sixteen_structures_within_each_other_are_read_and_ten_bytes_of_a_number() -> None:
    found = _Compact(b"\x1c" * 15 + b"\0" * 16).structure()
    for _ in range(15):
        found = found[1]
    assert found == {}
    assert _Compact(structure({1: (INTEGER, b"\x80" * 9 + b"\1")})).structure() == {1: 1 << 62}
    # A structure that has ended is no longer around those that follow.
    many = structure(dict.fromkeys(range(1, 30), (STRUCT, b"\x00")))
    assert len(_Compact(many).structure()) == 29

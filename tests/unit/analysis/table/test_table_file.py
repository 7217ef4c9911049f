"""Reading a table from disk: what is accepted, and what each refusal says."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from evenhand.analysis.table.table_file import read_table_file
from evenhand.errors import TableError


def test_csv_comes_back_as_text_with_empty_fields_as_null(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\n,y\n", encoding="utf-8")
    assert read_table_file(path).rows() == [("1", "x"), (None, "y")]


def test_parquet_and_json_lines_keep_their_types(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [0.5, None]})
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ndjson(tmp_path / "t.jsonl")
    assert read_table_file(tmp_path / "t.parquet").equals(frame)
    assert read_table_file(tmp_path / "t.jsonl").equals(frame)


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfa,b\n1,2\n")
    assert read_table_file(path).columns == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.xlsx", b"a", "'.xlsx'"),
        ("t.csv", b"", "empty"),
        ("t.csv", b"a,b\n", "no rows"),
        ("t.csv", b"a,b\n1,caf\xe9\n", "not UTF-8 (near byte 9)"),
        ("t.csv", "a,b\n1,2\n".encode("utf-16"), "not UTF-8"),
        ("t.parquet", b"this is no parquet", "cannot be read as Parquet"),
        ("t.jsonl", b"{not json}\n", "cannot be read as JSON lines"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TableError) as caught:
        read_table_file(path)
    assert says in str(caught.value)


def test_a_cut_multibyte_character_at_the_end_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("a\nné".encode()[:-1])
    with pytest.raises(TableError, match="not UTF-8"):
        read_table_file(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no table at"):
        read_table_file(tmp_path / "absent.csv")

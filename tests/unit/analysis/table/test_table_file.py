"""Reading a table from disk: what is accepted, and what each refusal says."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from evenhand.analysis.table.table_file import column_names, read_table_file, table_file
from evenhand.errors import TableError
from tests.unit.analysis.table.test_table_guard import parquet


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
        ("t.csv", b"a,b\n\xc3\xa9,caf\xe9\n", "two encodings were mixed"),
        ("t.csv", b"a,b\n1,\x81\xe9\n", "nor Windows-1252 (byte 6 is 0x81)"),
        ("t.csv", b"PK\x03\x04rest", "save the sheet as CSV"),
        ("t.csv.zst", b"\x28\xb5\x2f\xfdrest", "`zstd -d FILE`"),
        ("t.csv.gz", b"\x1f\x8brest", "damaged gzip file"),
        ("t.csv", b"a,a \n1,2\n", "'a' is given twice"),
        ("t.csv", b"a,b;c\n1,2;3\n", "could be separated by commas or semicolons"),
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
    with pytest.raises(TableError, match="not UTF-8 at its end"):
        read_table_file(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no table at"):
        read_table_file(tmp_path / "absent.csv")


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encoding_and_separator_are_recognised(tmp_path: Path, codec: str, separator: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(separator.join(("name", " mood\nZo\xeb", "caf\xe9\n")).encode(codec))
    assert read_table_file(path).rows(named=True) == [{"name": "Zo\xeb", "mood": "caf\xe9"}]


def test_a_spreadsheet_may_say_its_separator_itself(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("sep=|\r\na|b\r\n1|2\r\n", encoding="utf-8")
    assert read_table_file(path).rows(named=True) == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(("suffix", "packed"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)])
def test_packed_tables_are_unpacked(tmp_path: Path, suffix: str, packed: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"t.csv{suffix}"
    path.write_bytes(packed(b"a;b\n1;2\n"))
    file = table_file(path)
    assert file.frame.rows() == [("1", "2")]
    assert file.text.says()[1:] == ("separated by semicolons",)


def test_a_packed_file_that_grows_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(bytes(200 << 20)))
    with pytest.raises(TableError, match="grows beyond"):
        read_table_file(path)


def test_columns_of_lists_do_no_harm_even_where_their_types_are_mixed(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": 1, "x": [["B"]], "ok": true}\n{"a": NaN, "x": {"y": 2}, "ok": false}\n', encoding="utf-8")
    file = table_file(path)
    assert file.nested == ("x",)
    assert file.frame.rows(named=True) == [{"a": "1", "ok": "true"}, {"a": None, "ok": "false"}]


def test_too_many_columns_are_refused_where_the_lines_are_no_strict_json_either(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    wide = ", ".join(f'"c{number}": 1' for number in range(2_001))
    path.write_text(f'{{"a": NaN, {wide}}}\n', encoding="utf-8")
    with pytest.raises(TableError, match="more than 2,000 columns"):
        table_file(path)


def test_a_row_with_too_few_fields_is_named_and_not_filled_up(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('item,gold,said,user\n1,A,"B\nC",u1\n2,A,u2\n', encoding="utf-8")
    with pytest.raises(TableError, match=r"3 fields in line 4 and 4 columns; write an empty field"):
        table_file(path)


def test_an_empty_last_field_and_an_empty_line_are_no_short_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("item,gold,said\n1,A,\n\n2,A,B\n", encoding="utf-8")
    assert table_file(path).frame["said"].to_list()[0] is None


def test_lines_that_end_in_a_carriage_return_alone_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\r1,2\r3,4\r")
    with pytest.raises(TableError, match="carriage return alone"):
        read_table_file(path)


def test_named_text_columns_of_a_parquet_file_are_kept_as_codes(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": ["x", None, "x"], "n": [1, 2, 3], "b": ["u", "v", "w"]})
    frame.write_parquet(tmp_path / "t.parquet")
    read = read_table_file(tmp_path / "t.parquet", coded=("a", "n", "absent"))
    assert read.schema == {"a": pl.Categorical(), "n": pl.Int64(), "b": pl.String()}
    assert read.with_columns(pl.col("a").cast(pl.String)).equals(frame)


def test_column_names_are_those_of_the_table(tmp_path: Path) -> None:
    pl.DataFrame({" a ": ["x"], "b": [1]}).write_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_text("a, b\n1,2\n", encoding="utf-8")
    assert column_names(tmp_path / "t.parquet") == column_names(tmp_path / "t.csv") == {"a", "b"}
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and then nothing of use PAR1")
    with pytest.raises(TableError, match="cannot be read as Parquet"):
        column_names(tmp_path / "bad.parquet")


def test_the_columns_of_a_parquet_file_that_would_fill_a_machine_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="made to fill a machine"):
        column_names(parquet(tmp_path, rows=1, columns=1, column_bytes=2 << 40, group_rows=1, padding=0))


def test_names_that_differ_in_blanks_alone_are_one_name_twice(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": [1], "a ": [2], "b": [3]}).write_parquet(path)
    with pytest.raises(TableError, match="has the column 'a' twice; give each column its own name"):
        table_file(path)

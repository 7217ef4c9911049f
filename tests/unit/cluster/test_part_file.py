"""A file of answers gives back what was written, and says what it is when it is damaged."""

from __future__ import annotations

from io import BytesIO

import polars as pl
import pytest

from evenhand.cluster.part_file import NumberedRow, answered_numbers, read_rows, written
from evenhand.errors import StoreError
from evenhand.records.message import Reply
from evenhand.records.trial import Answered, Failed, Outcome
from evenhand.store.rows import row_of
from tests.support.scripted_run import make_work


def rows(count: int = 5) -> list[NumberedRow]:
    def outcome(number: int) -> Outcome:
        return Failed(error="timeout", attempts=3) if number == 2 else Answered(choice="b")

    def reply(number: int) -> Reply | None:
        return None if number == 2 else Reply(text=f"B{number}", finish="stop")

    return [
        NumberedRow(100 + number, row_of(make_work(number), outcome(number), reply(number))) for number in range(count)
    ]


def test_rows_come_back_as_they_were_written() -> None:
    wrote = rows()
    read = list(read_rows(written(wrote), name="f"))
    assert [one.number for one in read] == [100, 101, 102, 103, 104]
    assert [one.row.columns for one in read] == [one.row.columns for one in wrote]
    assert [one.row.outcome for one in read] == [one.row.outcome for one in wrote]


def test_a_text_is_kept_once_in_a_file_and_none_is_lost() -> None:
    wrote = rows()
    read = [text for one in read_rows(written(wrote), name="f") for text in one.row.texts]
    assert len(read) == len(set(read))
    assert set(read) == {text for one in wrote for text in one.row.texts}


def test_a_failure_is_no_answer() -> None:
    assert answered_numbers(written(rows()), name="f") == [100, 101, 103, 104]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PAR1 cut off", "no readable Parquet file"),
        (b"", "no readable Parquet file"),
    ],
)
def test_what_is_no_file_of_answers_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(StoreError, match=f"'here.parquet'.*{said}"):
        list(read_rows(data, name="here.parquet"))


def test_other_columns_are_refused() -> None:
    file = BytesIO()
    pl.DataFrame({"number": [1], "outcome": ["answered"]}).write_parquet(file)
    with pytest.raises(StoreError, match="other columns"):
        list(read_rows(file.getvalue(), name="f"))


def test_a_row_that_is_no_answer_is_refused() -> None:
    frame = pl.read_parquet(BytesIO(written(rows()))).with_columns(detail=pl.lit("{}"))
    file = BytesIO()
    frame.write_parquet(file)
    with pytest.raises(StoreError, match="a row that is no answer"):
        list(read_rows(file.getvalue(), name="f"))

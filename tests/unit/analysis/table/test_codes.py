"""Codes: whole numbers in alphabetical order of what they stand for."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.analysis.table.codes import codes, groups_of, joint_codes


@pytest.mark.parametrize("kind", [pl.String(), pl.Categorical(), pl.Enum(["b", "a", "Z", "é", "unused"])])
def test_codes_count_the_values_that_occur_in_alphabetical_order(kind: pl.DataType) -> None:
    code, values = codes(pl.Series(["b", "a", "é", "b", "Z"], dtype=pl.String).cast(kind))
    assert values == ["Z", "a", "b", "é"]
    assert code.tolist() == [2, 1, 3, 2, 0]


@pytest.mark.parametrize("kind", [pl.String(), pl.Categorical()])
def test_a_null_has_the_code_0_and_no_value(kind: pl.DataType) -> None:
    code, values = codes(pl.Series(["b", None, "a"], dtype=pl.String).cast(kind))
    assert (code.tolist(), values) == ([1, 0, 0], ["a", "b"])
    code, values = codes(pl.Series([None, None], dtype=pl.String).cast(kind))
    assert (code.tolist(), values) == ([0, 0], [])
    assert codes(pl.Series([], dtype=kind))[1] == []


def test_codes_do_not_depend_on_what_was_read_before() -> None:
    pl.Series([f"before-{n}" for n in range(5000)]).cast(pl.Categorical)
    part = pl.Series(["x", "w", "x", "y"]).cast(pl.Categorical)[1:3]
    assert (codes(part)[0].tolist(), codes(part)[1]) == ([0, 1], ["w", "x"])


@given(st.lists(st.integers(-(2**40), 2**40), max_size=30))
def test_groups_are_numbered_in_the_order_of_their_codes(values: list[int]) -> None:
    groups = groups_of(np.array(values, dtype=np.int64))
    keys = sorted(set(values))
    assert groups.keys.tolist() == keys
    assert [keys[group] for group in groups.of_row] == values
    assert groups.first.tolist() == [values.index(key) for key in keys]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=30))
def test_joint_codes_keep_the_order_of_their_columns(rows: list[tuple[int, int, int]]) -> None:
    columns = np.array(rows).T
    joint = joint_codes(*zip(columns, (6, 4, 3), strict=True))
    order = np.argsort(joint, kind="stable")
    assert [rows[place] for place in order] == sorted(rows)
    assert len(set(joint.tolist())) == len(set(rows))


def test_more_combinations_than_a_number_can_hold_keep_their_order_too() -> None:
    high = 2**40
    columns = [np.array([5, 5, 0, high - 1]), np.array([high - 1, 7, 3, 0]), np.array([1, 2, 0, high - 1])]
    joint = joint_codes(*((column, high) for column in columns))
    assert np.argsort(joint).tolist() == [2, 1, 0, 3]

"""The first tables of rows of the calibration page."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from msgspec.structs import replace

from bench.first_tables import FirstTables, first_jobs, noted_numbers, told_apart, whole_jobs
from evenhand.analysis.estimators.paired import paired_gap

SEEN = FirstTables(row="small/x", tables=20, lines=(("a", "5.0 ± 1.0"),), numbers=(0.1, None, 30.0))


def test_every_row_has_its_first_tables_and_none_is_a_whole_row() -> None:
    first, whole = first_jobs(seed=1), whole_jobs(seed=1)
    assert first.keys() == whole.keys()
    for name, job in first.items():
        assert f"{job.section}/{job.name}" == name
        assert 20 <= job.tables < whole[name].tables


def test_the_numbers_of_every_estimate_are_noted() -> None:
    table = np.random.default_rng(1).standard_normal((6, 7))
    with noted_numbers() as numbers:
        found = paired_gap(table)
        other = paired_gap(table + 1)
    after = paired_gap(table)
    assert sys.getprofile() is None
    for one in (found, other):
        assert {one.estimate, one.se, one.df, one.low, one.high, one.p} <= set(numbers)
    assert after == found and numbers.count(found.estimate) == numbers.count(other.estimate) >= 1
    with noted_numbers() as none:
        np.linalg.eigh(table @ table.T)
    assert none == []


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (SEEN, None),
        (replace(SEEN, numbers=(0.1 + 9e-9, None, 30.0 - 2e-6)), None),
        (replace(SEEN, numbers=(0.1, None, 30.00001)), "has 30.00001 as number 3 of 3, and had 30.0"),
        (replace(SEEN, numbers=(0.1, 0.0, 30.0)), "has 0.0 as number 2 of 3, and had None"),
        (replace(SEEN, numbers=(0.1, None)), "has 2 numbers of 20 tables, and had 3 of 20"),
        (replace(SEEN, tables=21), "has 3 numbers of 21 tables, and had 3 of 20"),
        (replace(SEEN, lines=(("a", "10.0 ± 2.0"),)), "says (('a', '10.0 ± 2.0'),), and said (('a', '5.0 ± 1.0'),)"),
    ],
)
def test_two_codes_agree_where_all_numbers_do_to_seven_digits(after: FirstTables, words: str | None) -> None:
    assert told_apart(SEEN, after) == words


def test_a_row_of_still_older_code_is_not_compared() -> None:
    assert told_apart(replace(SEEN, own=False), SEEN) == "was made by still older code; name its commit"

"""Repeats of a table: their numbers, and the column that tells them apart."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest

from evenhand.analysis.table.repeats import named_replicates, repeats_read, replicates
from evenhand.errors import TableError

CELLS = [("m", item, arm) for item, arm in product(("i", "j"), ("u", "v"))]


def frame(cells: list[tuple[str, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(cells, schema=["model", "item", "arm"], orient="row")


THREE = frame(sorted(CELLS * 3))
NOBODY = pl.DataFrame()


def test_repeats_of_a_cell_are_numbered_from_0_in_an_order_that_is_drawn() -> None:
    drawn = [replicates(THREE, rng=np.random.default_rng(seed)).to_list() for seed in range(20)]
    assert all(sorted(row[at : at + 3]) == [0, 1, 2] for row in drawn for at in range(0, 12, 3))
    assert len({tuple(row) for row in drawn}) > 15
    assert replicates(frame(CELLS), rng=np.random.default_rng(1)).to_list() == [0, 0, 0, 0]
    assert replicates(THREE, rng=np.random.default_rng(1)).name == "replicate"


def test_numbers_that_a_column_gives_are_kept() -> None:
    found = named_replicates(pl.Series("run", ["0", "7", "2"]))
    assert (found.name, found.to_list()) == ("replicate", [0, 7, 2])


@pytest.mark.parametrize("odd", ["-1", "1.5", "first", None])
def test_an_entry_that_is_no_whole_number_is_named(odd: str | None) -> None:
    with pytest.raises(TableError, match=f"the column 'run' holds {odd!r} in row 2; allowed are whole numbers from 0"):
        named_replicates(pl.Series("run", ["0", odd, "-5"]))


def test_cells_that_are_asked_more_than_once_are_counted() -> None:
    once = repeats_read(frame(CELLS), NOBODY, named=False)
    assert (once.most, once.cells, once.told_apart_by) == (1, 0, None)
    none = repeats_read(frame([]), NOBODY, named=False)
    assert (none.most, none.cells) == (1, 0)
    some = frame([*CELLS, *CELLS[:1] * 3])
    for named in (True, False):
        found = repeats_read(some, NOBODY, named=named)
        assert (found.most, found.cells, found.told_apart_by, found.name_with) == (4, 1, None, None)


def told(**others: list[str]) -> tuple[str | None, str | None]:
    """(column that tells the repeats of `THREE` apart, how to name it)."""
    found = repeats_read(THREE, pl.DataFrame(others), named=False)
    return found.told_apart_by, found.name_with


PEOPLE = [f"{arm}{number}" for _, _, arm in sorted(CELLS) for number in range(3)]
RUNS = ["1", "2", "3"] * 4


def test_a_column_of_people_is_to_be_named_as_the_user() -> None:
    assert told(run=RUNS, person=PEOPLE) == ("person", "--profile")
    assert repeats_read(THREE, pl.DataFrame({"person": PEOPLE}), named=True).told_apart_by is None


@pytest.mark.parametrize("name", ["model", "item", "arm"])
def test_a_column_that_nobody_named_may_have_the_name_of_one_of_ours(name: str) -> None:
    assert told(**{name: PEOPLE}) == (name, "--profile")
    assert told(**{name: RUNS}) == (name, "--profile or --replicate")


def test_a_column_of_runs_may_be_the_user_or_the_repeat() -> None:
    assert told(run=RUNS) == ("run", "--profile or --replicate")


def test_texts_of_answers_and_columns_with_one_entry_tell_nothing_apart() -> None:
    assert told(answer=[str(number) for number in range(12)]) == (None, None)
    assert told(place=["here"] * 12) == (None, None)
    assert told(half=["1", "1", "2"] * 4) == (None, None)
    assert told(six=["1", "2", "3", "4", "5", "6"] * 2) == ("six", "--profile")
    assert told(seven=["1", "2", "3", "4", "5", "6", "7", "1", "2", "3", "4", "5"]) == (None, None)


def test_nearly_all_repeats_must_have_an_entry_of_their_own() -> None:
    rows = frame(sorted(CELLS * 10))
    runs = [str(number) for number in range(10)] * 4
    two_twice = [
        "1",
        *runs[1:],
    ]
    assert repeats_read(rows, pl.DataFrame({"run": two_twice}), named=False).told_apart_by == "run"
    three = ["1", "1", "1", "1", *runs[4:]]
    assert repeats_read(rows, pl.DataFrame({"run": three}), named=False).told_apart_by is None
    just = ["1", "1", "1", *runs[3:]]
    assert repeats_read(rows, pl.DataFrame({"run": just}), named=False).told_apart_by == "run"


def test_only_cells_that_are_repeated_count() -> None:
    rows = frame([*sorted(CELLS * 3), ("m", "k", "u")])
    assert repeats_read(rows, pl.DataFrame({"run": [*RUNS, "1"]}), named=False).told_apart_by == "run"
    single = [("m", f"k{number}", "u") for number in range(30)]
    others = pl.DataFrame({"run": [*RUNS, *(name for _, name, _ in single)]})
    assert repeats_read(frame([*sorted(CELLS * 3), *single]), others, named=False).told_apart_by == "run"


def test_two_repeats_are_enough() -> None:
    found = repeats_read(frame(sorted(CELLS * 2)), pl.DataFrame({"run": ["1", "2"] * 4}), named=False)
    assert (found.most, found.cells, found.told_apart_by) == (2, 4, "run")

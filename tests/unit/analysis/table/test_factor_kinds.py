"""What a factor is a property of, and what its levels look like."""

from __future__ import annotations

import polars as pl
import pytest

from evenhand.analysis.table.factor_kinds import factor_kind, factor_read
from evenhand.errors import TableError

ITEMS = pl.Series("item", ["i", "i", "j", "j"])
USERS = pl.Series("user", ["u", "v", "u", "v"])


@pytest.mark.parametrize(
    ("levels", "users", "kind"),
    [
        (["a", "b", "a", "b"], USERS, "between users"),
        (["a", "a", "b", "b"], USERS, "of the item"),
        (["a", "b", "b", "a"], USERS, "within users"),
        (["a", "a", "a", "a"], USERS, "between users"),
        (["a", "a", "b", "b"], None, "of the item"),
        (["a", "b", "b", "a"], None, "between users"),
        (["a", None, "b", "b"], None, "of the item"),
    ],
)
def test_the_kind_follows_from_who_has_which_level(levels: list[str], users: pl.Series | None, kind: str) -> None:
    assert factor_kind(pl.Series("f", levels), item=ITEMS, profile=users) == kind


@pytest.mark.parametrize("word", ["None", "NaN", "null", "NA", "n/a", "nil", "Missing", "-", "?"])
def test_a_level_that_others_write_for_an_absent_value_is_said(word: str) -> None:
    found = factor_read(pl.Series("f", ["red", word, "red"]), kind="between users", reference=None)
    assert found.words == (word,)
    assert dict(found.levels) == {"red": 2, word: 1}


@pytest.mark.parametrize(
    ("name", "levels", "reference"),
    [
        ("Gender", ["female", "Male", "female"], "Male"),
        ("age", ["65+", "34-65", "65+"], "34-65"),
        ("religion", ["Muslim", "Muslim", "Christian"], "Christian"),
        ("ethnicity", ["Black", "Black", "white"], "white"),
        ("mood", ["b", "a", "b", "a"], "a"),
        ("mood", ["b", "a", "b"], "b"),
    ],
)
def test_the_reference_is_that_of_the_published_study_or_the_most_frequent(
    name: str, levels: list[str], reference: str
) -> None:
    assert factor_read(pl.Series(name, levels), kind="between users", reference=None).reference == reference
    assert factor_read(pl.Series(name, levels), kind="between users", reference="x").reference == "x"


@pytest.mark.parametrize("name", ["rows", "level", "value"])
def test_a_factor_may_be_called_like_a_column_of_ours(name: str) -> None:
    found = factor_read(pl.Series(name, ["b", "b", "a"]), kind="between users", reference=None)
    assert (found.factor, found.levels, found.reference) == (name, (("a", 1), ("b", 2)), "b")


def test_a_factor_without_any_level_has_no_reference() -> None:
    found = factor_read(pl.Series("f", [None], dtype=pl.String), kind="between users", reference=None)
    assert (found.levels, found.reference, found.alike, found.words) == ((), "", (), ())


def test_a_factor_that_follows_users_and_items_alike_is_refused() -> None:
    items, users = pl.Series("item", ["i", "i", "j", "j"]), pl.Series("user", ["u", "v", "w", "x"])
    with pytest.raises(TableError, match="'f' cannot be told from users and items"):
        factor_kind(pl.Series("f", ["a", "a", "b", "b"]), item=items, profile=users)


def test_levels_that_differ_in_case_or_spaces_are_named_together() -> None:
    levels = pl.Series("f", ["New York", "newyork", "Paris", None])
    found = factor_read(levels, kind="between users", reference=None)
    assert found.alike == (("New York", "newyork"),)
    assert found.levels == (("New York", 1), ("Paris", 1), ("newyork", 1))

"""Arms of a table: who the user is, and what is no user."""

from __future__ import annotations

import polars as pl
import pytest

from evenhand.analysis.table.prediction_columns import PredictionColumns
from evenhand.analysis.table.user_arms import arms_of

ROWS = pl.DataFrame(
    {"item": ["1", "2", "3"], "a": ["x/", "x", None], "b": ["y", "/y", None], "user": ["u", "none", "v"]}
)


def columns(**changes: object) -> PredictionColumns:
    return PredictionColumns(item="item", gold="g", prediction="p", factors=("a", "b"), **changes)  # type: ignore[arg-type]


def test_different_combinations_of_levels_are_different_users_whatever_signs_they_hold() -> None:
    found = arms_of(ROWS, columns(), between=("a", "b"), contrast=None)
    assert found.frame["arm"].n_unique() == 3
    assert found.frame["arm_kind"].to_list() == ["profile", "profile", "none"]
    assert found.no_memory_by == "empty factors"


def test_without_factors_between_users_there_is_one_user_and_no_arm_without_memory() -> None:
    found = arms_of(ROWS, columns(), between=(), contrast=None)
    assert set(found.frame["arm_kind"]) == {"profile"}
    assert found.frame["arm"].n_unique() == 1
    assert found.no_memory_by is None


@pytest.mark.parametrize(
    "name", ["None", "no_memory", "no memory", "No-Memory", "baseline", "null", "nan", "NA", "n/a"]
)
def test_a_user_called_like_an_arm_stays_a_user_and_is_said(name: str) -> None:
    rows = ROWS.with_columns(user=pl.Series(["u", name, "v"]))
    found = arms_of(rows, columns(profile="user"), between=("a", "b"), contrast=None)
    assert found.words == (name,)
    assert set(found.frame["arm_kind"]) == {"profile"}
    named = arms_of(rows, columns(profile="user", none_arm=name), between=("a", "b"), contrast=None)
    assert named.frame["arm_kind"].to_list() == ["profile", "none", "profile"]
    assert (named.no_memory_by, named.words) == ("named", ())

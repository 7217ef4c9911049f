"""Arms of a table: who the user is, and what is no user."""

from __future__ import annotations

import polars as pl
import pytest

from evenhand.analysis.table.prediction_columns import PredictionColumns, TableContrast
from evenhand.analysis.table.user_arms import arms_of
from evenhand.errors import TableError

ROWS = pl.DataFrame(
    {"item": ["1", "2", "3"], "a": ["x/", "x", None], "b": ["y", "/y", None], "user": ["u", "none", "v"]}
)


def columns(**changes: object) -> PredictionColumns:
    return PredictionColumns(item="item", gold="g", prediction="p", factors=("a", "b"), **changes)  # type: ignore[arg-type]


def test_different_combinations_of_levels_are_different_users_whatever_signs_they_hold() -> None:
    found = arms_of(ROWS, columns(), between=("a", "b"), contrast=None)
    assert found.frame["arm"].n_unique() == 3
    assert set(found.frame.dtypes) == {pl.String}
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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a/b", "c"), ("a", "b/c")),
        (("x\\", "y/z"), ("x/y\\", "z")),
        (("\\-", "a"), (None, "a")),
        (("a", "XX"), ("aXX", "")),
        (("/", ""), ("", "/")),
    ],
)
def test_no_two_combinations_share_a_name(one: tuple[str | None, str], other: tuple[str | None, str]) -> None:
    rows = pl.DataFrame([one, other], schema={"a": pl.String, "b": pl.String}, orient="row")
    assert arms_of(rows, columns(), between=("a", "b"), contrast=None).frame["arm"].n_unique() == 2


def test_a_combination_is_named_by_its_levels() -> None:
    rows = pl.DataFrame({"a": ["x", "x/y", "x\\y", None], "b": ["1", "2", "3", "4"]})
    found = arms_of(rows, columns(), between=("a", "b"), contrast=None)
    assert found.frame["arm"].to_list() == ["user x/1", "user x\\/y/2", "user x\\\\y/3", "user \\-/4"]
    alone = arms_of(rows, columns(), between=(), contrast=None)
    assert set(alone.frame["arm"]) == {"user everybody"}


NAMED = pl.DataFrame(
    {
        "user": ["u", "v", "base", "filler", None],
        "age": ["old", "young", None, None, None],
        "tone": ["warm", "cold", "warm", "cold", "flat"],
        "pair": ["p", "p", "p", "p", "p"],
    }
)


def test_users_placebos_and_the_arm_without_memory_stand_in_their_columns() -> None:
    given = columns(profile="user", none_arm="base", placebo_arms=("filler",))
    found = arms_of(NAMED[:4], given, between=("age",), contrast=None)
    assert found.frame.to_dicts() == [
        {"arm": arm, "arm_kind": kind, "cohort": cohort, "matched_set": None, "cue": cue}
        for arm, kind, cohort, cue in [
            ("user u", "profile", "predictions", "stated"), ("user v", "profile", "predictions", "stated"),
            ("none", "none", None, None), ("user filler", "placebo", None, None),
        ]
    ]  # fmt: skip


def test_a_row_without_user_is_refused_unless_an_empty_cell_is_the_arm_without_memory() -> None:
    with pytest.raises(TableError, match=r"row 5 has no user in the column 'user' \(1 in all\)"):
        arms_of(NAMED, columns(profile="user", none_arm="base"), between=("age",), contrast=None)
    found = arms_of(NAMED, columns(profile="user", none_arm=""), between=("age",), contrast=None)
    assert found.frame["arm_kind"].to_list() == ["profile"] * 4 + ["none"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"none_arm": "no"}, "--none-arm 'no' does not occur in the column 'user', which holds 'base', 'filler', 'u'"),
        ({"none_arm": "", "placebo_arms": ("no",)}, "--placebo-arms 'no' does not occur in the column 'user'"),
    ],
)
def test_an_arm_that_does_not_occur_is_refused_with_those_that_do(changes: dict[str, object], says: str) -> None:
    with pytest.raises(TableError) as caught:
        arms_of(NAMED, columns(profile="user", **changes), between=("age",), contrast=None)
    assert str(caught.value).startswith(says)


def test_at_most_six_users_are_listed_where_a_named_arm_does_not_occur() -> None:
    rows = pl.DataFrame({"user": list("abcdefgh")})
    with pytest.raises(TableError, match="which holds 'a', 'b', 'c', 'd', 'e', 'f'\\."):
        arms_of(rows, columns(profile="user", none_arm="no"), between=(), contrast=None)


def test_a_user_called_placebo_is_said() -> None:
    rows = pl.DataFrame({"user": ["u", "Placebo 2", "placebo"]})
    found = arms_of(rows, columns(profile="user", placebo_arms=("placebo",)), between=(), contrast=None)
    assert found.words == ("Placebo 2",)


WARM = TableContrast(factor="tone", first="warm", second="cold")


def matched(rows: pl.DataFrame, given: PredictionColumns, between: tuple[str, ...]) -> list[str | None]:
    return arms_of(rows, given, between=between, contrast=WARM).frame["matched_set"].to_list()


def test_levels_of_a_contrast_meet_in_the_set_that_is_named() -> None:
    rows = NAMED.with_columns(user=pl.Series(["u", "v", "w", "x", "y"]))
    assert matched(rows, columns(profile="user", matched_set="pair"), ("tone",)) == ["p", "p", "p", "p", None]
    assert matched(rows, columns(profile="user", none_arm="w", matched_set="pair"), ("tone",))[2] is None


def test_levels_of_a_contrast_meet_within_the_user_or_else_among_users_alike_in_the_other_factors() -> None:
    rows = pl.DataFrame({"user": ["u", "u", "v"], "age": ["old", "old", "young"], "tone": ["warm", "cold", "flat"]})
    within = arms_of(rows, columns(profile="user"), between=("age",), contrast=WARM).frame
    assert within["matched_set"].to_list() == ["u", "u", None]
    assert within["arm"].to_list() == ["user u/warm", "user u/cold", "user v/flat"]
    assert matched(rows, columns(profile="user"), ("age", "tone")) == ["old", "old", None]
    assert matched(rows, columns(), ("age",)) == ["old", "old", None]


def test_a_contrast_without_anything_to_match_by_is_refused() -> None:
    with pytest.raises(TableError, match="the contrast 'tone' needs matched sets"):
        matched(NAMED[:4], columns(), ("tone",))

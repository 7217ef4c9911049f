"""Which column of a table of predictions is what."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from evenhand.analysis.table.prediction_columns import PredictionColumns, TableContrast, columns_read, resolved
from evenhand.analysis.table.table_file import TableFile, table_file
from evenhand.errors import TableError
from evenhand.records.as_read import ColumnRead

BETWEEN = TableContrast(factor="age", first="young", second="old")


def table(folder: Path, *columns: str) -> TableFile:
    path = folder / "t.csv"
    path.write_text(",".join(columns) + "\n" + ",".join("x" for _ in columns) + "\n", encoding="utf-8")
    return table_file(path)


@pytest.mark.parametrize(
    ("names", "role"),
    [
        (("question_id", "item_id", "item"), "item"),
        (("gold_label", "gold", "label"), "gold"),
        (
            ("prediction", "pred_label", "predicted_label", "pred", "parsed_label", "response", "output", "answer"),
            "prediction",
        ),
        (("model", "model_name"), "model"),
    ],
)
def test_each_role_is_found_under_any_of_its_names_the_first_of_them_first(
    tmp_path: Path, names: tuple[str, ...], role: str
) -> None:
    others = {"item": "item", "gold": "gold", "prediction": "output"}
    rest = [name for one, name in others.items() if one != role]
    for place, name in enumerate(names):
        later = names[place:][::-1]
        found = resolved(table(tmp_path, "gender", *rest, *later), PredictionColumns())
        assert getattr(found, role) == name


def test_a_model_column_may_be_absent_or_a_factor(tmp_path: Path) -> None:
    file = table(tmp_path, "item", "gold", "pred", "model", "gender")
    assert resolved(file, PredictionColumns()).model == "model"
    assert resolved(file, PredictionColumns(factors=("model",))).model is None
    assert resolved(table(tmp_path, "item", "gold", "pred", "gender"), PredictionColumns()).model is None


def test_reference_factors_are_found_in_any_case_and_in_their_own_order(tmp_path: Path) -> None:
    file = table(tmp_path, "Ethnicity", "item", "AGE", "gold", "pred", "Gender", "job")
    assert resolved(file, PredictionColumns()).factors == ("Gender", "AGE", "Ethnicity")
    # Of two that differ in nothing but their case, the first is meant.
    assert resolved(table(tmp_path, "item", "gold", "pred", "AGE", "age"), PredictionColumns()).factors == ("AGE",)


def test_named_factors_stand_for_all_and_a_contrast_is_one_more(tmp_path: Path) -> None:
    file = table(tmp_path, "item", "gold", "pred", "gender", "age", "job")
    assert resolved(file, PredictionColumns(factors=("job",))).factors == ("job",)
    assert resolved(file, PredictionColumns(factors=("job",), contrast=BETWEEN)).factors == ("job", "age")
    assert resolved(file, PredictionColumns(factors=("age",), contrast=BETWEEN)).factors == ("age",)
    assert resolved(file, PredictionColumns(contrast=BETWEEN)).factors == ("age",)


def test_a_reference_factor_that_has_another_role_is_no_factor(tmp_path: Path) -> None:
    file = table(tmp_path, "item", "gold", "pred", "gender", "age")
    assert resolved(file, PredictionColumns(profile="gender")).factors == ("age",)
    with pytest.raises(TableError, match="'gender' is taken as profile and as factor; it can be one of them"):
        resolved(file, PredictionColumns(profile="gender", factors=("gender",)))


def test_a_column_of_right_and_wrong_needs_neither_gold_labels_nor_predictions(tmp_path: Path) -> None:
    file = table(tmp_path, "item", "right", "gender")
    found = resolved(file, PredictionColumns(correct="right"))
    assert (found.correct, found.gold, found.prediction) == ("right", None, None)


def test_every_named_column_is_looked_for_under_its_own_option(tmp_path: Path) -> None:
    roles = ("item", "profile", "correct", "prediction", "gold", "matched_set", "model", "replicate")
    columns = PredictionColumns(
        **{role: f"c {role}" for role in roles},  # type: ignore[arg-type]
        factors=("f",),
        covariates=("v",),
    )
    assert list(columns.named()) == [
        *((role.replace("_", " "), f"--{role.replace('_', '-')}", f"c {role}") for role in roles),
        ("factor", "--factors", "f"),
        ("covariate", "--covariates", "v"),
    ]
    assert replace(columns, gold="c item").taken().count("c item") == 1
    file = table(tmp_path, *(f"c {role}" for role in roles if role != "gold"), "f", "v")
    with pytest.raises(TableError, match="no column 'c gold'; it has 'c item'"):
        resolved(file, columns)


def test_columns_are_told_with_the_option_that_named_them(tmp_path: Path) -> None:
    file = table(tmp_path, "item", "gold", "pred", "gender", "age")
    given = PredictionColumns(factors=("gender",), gold="gold", contrast=BETWEEN)
    assert columns_read(given, resolved(file, given)) == (
        ColumnRead(column="item", role="item", option=None),
        ColumnRead(column="pred", role="prediction", option=None),
        ColumnRead(column="gold", role="gold", option="--gold"),
        ColumnRead(column="gender", role="factor", option="--factors"),
        ColumnRead(column="age", role="factor", option="--contrast"),
    )
    both = replace(given, factors=("gender", "age"))
    assert columns_read(both, resolved(file, both))[-1].option == "--factors"


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (PredictionColumns(correct="right", prediction="pred"), "--prediction 'pred' would not be used"),
        (PredictionColumns(placebo_arms=("p",)), "--none-arm and --placebo-arms are entries of the profile column"),
        (PredictionColumns(none_arm=""), "--none-arm and --placebo-arms are entries of the profile column"),
        (PredictionColumns(matched_set="set"), "--matched-set 'set' would not be used without two levels"),
        (
            PredictionColumns(matched_set="set", contrast=BETWEEN, factors=("age", "gender")),
            "the factor 'gender' would not be used",
        ),
        (PredictionColumns(contrast=replace(BETWEEN, factor="agee")), "no column 'agee'"),
        (PredictionColumns(contrast=replace(BETWEEN, factor="agee")), "did you mean 'age'?"),
    ],
)
def test_what_would_not_be_used_is_refused(tmp_path: Path, columns: PredictionColumns, says: str) -> None:
    file = table(tmp_path, "item", "gold", "pred", "right", "set", "gender", "age")
    with pytest.raises(TableError) as caught:
        resolved(file, columns)
    assert says in str(caught.value)


def test_a_matched_set_with_its_contrast_is_taken(tmp_path: Path) -> None:
    file = table(tmp_path, "item", "gold", "pred", "set", "age")
    found = resolved(file, PredictionColumns(matched_set="set", contrast=BETWEEN, factors=("age",)))
    assert (found.matched_set, found.factors) == ("set", ("age",))


def test_a_column_of_lists_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"item": "a", "gold": "A", "pred": ["A"], "gender": "f"}\n', encoding="utf-8")
    with pytest.raises(TableError, match=r"'pred' \(--prediction\) holds lists or objects"):
        resolved(table_file(path), PredictionColumns(prediction="pred"))


def test_twelve_columns_are_listed_and_the_others_counted(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(12)]
    with pytest.raises(TableError, match=r"it has 'c0', .*'c11'; name one of these$"):
        resolved(table(tmp_path, *names), PredictionColumns(item="zzz"))
    for more in (1, 2):
        with pytest.raises(TableError, match=f"'c11' and {more} more; name one"):
            resolved(table(tmp_path, *names, *("c12", "c13")[:more]), PredictionColumns(item="zzz"))


def test_a_table_without_users_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"no factor columns \(gender, age, religion, ethnicity\).*it has 'item'"):
        resolved(table(tmp_path, "item", "gold", "pred"), PredictionColumns())
    found = resolved(table(tmp_path, "item", "gold", "pred", "user"), PredictionColumns(profile="user"))
    assert (found.profile, found.factors) == ("user", ())

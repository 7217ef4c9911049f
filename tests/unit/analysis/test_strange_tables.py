"""Tables as strangers write them, with the right figures: pandas and statsmodels (cell means), R lme4 (log-odds)."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.prediction_columns import PredictionColumns
from evenhand.analysis.table.predictions import read_predictions
from evenhand.errors import TableError
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings

TABLES = Path(__file__).parent / "tables"
USERS = PredictionColumns(profile="user")
SCORED = PredictionColumns(profile="user", correct="ok")


def analysed(name: str, columns: PredictionColumns) -> Findings:
    return analyse(read_predictions(TABLES / name, columns=columns))


def numbers(
    findings: Findings, measure: str, *, scale: str = "probability"
) -> dict[tuple[str, str, str | None], Finding]:
    return {
        (one.factor, one.level, one.reference): found
        for found in findings.findings
        if found.measure == measure and found.quantity.scale == scale
        for one in found.contrast[:1]
    }


def gap(findings: Findings, factor: str, level: str, reference: str) -> float:
    """A factor gap, whichever of the two levels is the reference."""
    gaps = numbers(findings, "factor_gap")
    if (factor, level, reference) in gaps:
        value = gaps[factor, level, reference].value
        assert value is not None
        return value
    value = gaps[factor, reference, level].value
    assert value is not None
    return -value


def accuracy(findings: Findings) -> float | None:
    return next(found.value for found in findings.findings if found.measure == "accuracy")


@pytest.mark.parametrize("name", ["01a_item_level_factor_sorted.csv", "01b_item_level_factor_shuffled.csv"])
def test_a_factor_of_the_items_has_its_own_estimate_in_any_order_of_rows(name: str) -> None:
    columns = PredictionColumns(item="item", profile="person", correct="y", factors=("gender", "situ"))
    findings = analysed(name, columns)
    # glmer(y ~ gender + situ + (1 | item) + (1 | person)): situ self -1.0365, gender M 0.6985.
    odds = numbers(findings, "mixed_model", scale="log-odds")
    assert odds["situ", "self", "other"].value == pytest.approx(-1.0365, abs=2e-3)
    assert odds["gender", "M", "F"].value == pytest.approx(0.6985, abs=2e-3)
    assert gap(findings, "situ", "self", "other") == pytest.approx(-0.2156, abs=1e-4)
    assert findings.as_read is not None
    assert [factor.kind for factor in findings.as_read.factors] == ["between users", "of the item"]
    situ = numbers(findings, "factor_gap")["situ", "self", "other"]
    assert (situ.sample.items, situ.sample.profiles, situ.contrast[0].of) == (16, 40, "item")


def test_the_same_rows_in_another_order_give_the_same_findings() -> None:
    columns = PredictionColumns(item="item", profile="person", correct="y", factors=("gender", "situ"))
    first = analysed("01a_item_level_factor_sorted.csv", columns)
    second = analysed("01b_item_level_factor_shuffled.csv", columns)
    assert first.findings == second.findings


def test_gold_words_and_predicted_letters_are_refused() -> None:
    with pytest.raises(TableError, match="no entry of the column 'prediction' names one of the gold labels 'anger'"):
        analysed("02a_gold_words_prediction_letters.csv", USERS)


def test_a_letter_that_is_talked_about_is_not_the_answer() -> None:
    findings = analysed("02b_reasoning_before_the_answer.csv", USERS)
    assert accuracy(findings) == pytest.approx(0.6375)
    assert gap(findings, "gender", "female", "male") == pytest.approx(-0.1375)
    assert gap(findings, "age", "18-33", "34-65") == pytest.approx(0.0875)


def test_a_refusal_that_begins_with_i_is_no_option() -> None:
    findings = analysed("02c_refusals_that_begin_with_I.csv", USERS)
    assert accuracy(findings) == pytest.approx(0.65625)
    assert findings.as_read is not None
    assert findings.as_read.unread_rows == 160
    assert findings.as_read.unread[0].answer == "Answer: I would rather not guess what this person feels."


@pytest.mark.parametrize("factors", [(), ("religion",)])
def test_the_word_none_is_a_level(factors: tuple[str, ...]) -> None:
    findings = analysed("03a_religion_None.csv", PredictionColumns(profile="user", correct="ok", factors=factors))
    assert gap(findings, "religion", "None", "Christian") == pytest.approx(-0.00833, abs=1e-5)
    assert not numbers(findings, "memory_effect")
    assert findings.as_read is not None
    assert [f.words for f in findings.as_read.factors if f.factor == "religion"] == [("None",)]


def test_a_table_without_named_users_has_no_memory_effect_for_a_level_called_none() -> None:
    findings = analysed("03a_religion_None.csv", PredictionColumns(correct="ok", factors=("religion",)))
    assert not [found for found in findings.findings if found.measure == "memory_effect"]


def test_rows_without_a_level_are_counted_for_every_comparison() -> None:
    findings = analysed("03b_blank_gender.csv", SCORED)
    assert findings.as_read is not None
    left = {one.comparison: (one.rows, one.users, one.empty) for one in findings.as_read.left_out}
    assert left == {"gender": (45, 3, ("gender",)), "age": (45, 3, ("gender",))}


@pytest.mark.parametrize(
    ("name", "factor", "other"),
    [
        ("04a_factor_named_value.csv", "value", "age"),
        ("04b_factor_named_unit.csv", "unit", "age"),
        ("04c_factor_with_a_dot.csv", "user.gender", "user.age"),
    ],
)
def test_a_factor_may_have_any_name(name: str, factor: str, other: str) -> None:
    findings = analysed(name, PredictionColumns(profile="user", correct="ok", factors=(factor, other)))
    assert gap(findings, factor, "female", "male") == pytest.approx(-0.26667, abs=1e-5)
    odds = numbers(findings, "mixed_model", scale="log-odds")
    found = {key: one.value for key, one in odds.items() if key[0] == factor}
    assert found == {(factor, "male", "female"): pytest.approx(1.2294, abs=1e-3)}
    published = {one.factor for one in (f.contrast[0] for f in findings.findings if f.measure == "published_model")}
    assert published == {factor, other}


@pytest.mark.parametrize(
    "name", ["model", "item", "score", "outcome", "trials", "arm", "level of gender", "covariate x"]
)
def test_no_name_of_ours_is_taken(tmp_path: Path, name: str) -> None:
    frame = pl.read_csv(TABLES / "04a_factor_named_value.csv").rename({"value": name})
    frame.write_csv(tmp_path / "t.csv")
    columns = PredictionColumns(item="question_id", profile="user", correct="ok", factors=(name, "age"))
    findings = analyse(read_predictions(tmp_path / "t.csv", columns=columns))
    assert gap(findings, name, "female", "male") == pytest.approx(-0.26667, abs=1e-5)


def test_columns_of_lists_that_nobody_names_do_no_harm() -> None:
    columns = PredictionColumns(item="doc_id", profile="user", correct="acc", factors=("gender",))
    findings = analysed("05_sample_log_with_lists.jsonl", columns)
    assert gap(findings, "gender", "female", "male") == pytest.approx(-0.26667, abs=1e-5)
    assert findings.as_read is not None
    assert findings.as_read.nested == ("doc", "resps", "filtered_resps")


def test_a_column_of_lists_that_is_named_is_refused() -> None:
    columns = PredictionColumns(item="doc_id", profile="user", correct="acc", factors=("doc",))
    with pytest.raises(TableError, match=r"'doc' \(--factors\) holds lists or objects"):
        analysed("05_sample_log_with_lists.jsonl", columns)


def test_a_position_may_be_a_job() -> None:
    columns = PredictionColumns(profile="user", correct="ok", factors=("gender", "position"))
    findings = analysed("06_position_is_a_job.csv", columns)
    assert gap(findings, "gender", "female", "male") == pytest.approx(-0.16667, abs=1e-5)
    assert gap(findings, "position", "nurse", "manager") == pytest.approx(0.11667, abs=1e-5)


@pytest.mark.parametrize("name", ["07a_spaces_in_header.csv", "07c_semicolons.csv"])
def test_spaces_in_the_header_and_semicolons_change_nothing(name: str) -> None:
    assert gap(analysed(name, SCORED), "gender", "female", "male") == pytest.approx(-0.17778, abs=1e-5)


def test_further_header_rows_of_a_survey_are_no_data() -> None:
    findings = analysed("07b_two_extra_header_rows.csv", USERS)
    assert accuracy(findings) == pytest.approx(0.63333, abs=1e-5)
    assert findings.as_read is not None
    assert (findings.as_read.rows, findings.as_read.header_rows) == (180, 2)


def test_levels_that_differ_only_in_case_are_said() -> None:
    read = analysed("08_levels_in_two_cases.csv", SCORED).as_read
    assert read is not None
    gender = read.factors[0]
    assert gender.alike == (("FEMALE", "female"), ("MALE", "male"))
    assert gender.reference == "male"


def test_a_covariate_is_named_with_its_coefficient() -> None:
    columns = PredictionColumns(profile="user", correct="ok", covariates=("anger",))
    read = analysed("09_covariate.csv", columns).as_read
    assert read is not None
    (anger,) = read.covariates
    # glmer: 0.03151 per unit, se 0.0286; 0.13106 per standard deviation, se 0.119.
    assert anger.coefficient == pytest.approx(0.03151, abs=1e-4)
    assert anger.se == pytest.approx(0.0286, abs=1e-4)
    assert anger.sd is not None
    assert anger.coefficient is not None
    assert anger.coefficient * anger.sd == pytest.approx(0.13106, abs=1e-3)


def test_users_who_are_not_named_withhold_the_verdict() -> None:
    findings = analysed("10_users_not_named.csv", PredictionColumns(correct="ok", factors=("gender",)))
    found = numbers(findings, "factor_gap")["gender", "female", "male"]
    assert found.value == pytest.approx(0.0867, abs=1e-4)
    assert found.verdict == "not assessable"
    assert not [f for f in findings.findings if f.verdict in {"difference", "equivalent"}]
    assert findings.as_read is not None
    assert findings.as_read.repeats.told_apart_by == "user"
    assert findings.as_read.repeats.name_with == "--profile"
    assert any("'user'" in warning for warning in findings.warnings)


def test_named_users_are_the_units() -> None:
    columns = PredictionColumns(profile="user", correct="ok", factors=("gender",))
    found = numbers(analysed("10_users_not_named.csv", columns), "factor_gap")["gender", "female", "male"]
    # t-test over user means: gap 0.0867, p 0.228.
    assert found.value == pytest.approx(0.0867, abs=1e-4)
    assert found.p == pytest.approx(0.228, abs=0.02)


def test_long_options_are_labels_too() -> None:
    findings = analysed("12_options_longer_than_60.csv", USERS)
    assert accuracy(findings) == pytest.approx(0.6375)
    assert gap(findings, "gender", "female", "male") == pytest.approx(-0.1375)

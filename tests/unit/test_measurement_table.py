from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace

import evenhand
from evenhand.analysis.table.measurements import measurements_from_frame
from evenhand.design.cells import Crossing
from evenhand.errors import TableError, UsageError
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.plan.questions import Questions
from evenhand.records.measurement import MEASUREMENT_COLUMNS
from evenhand.records.plan import Design, ModelSpec
from evenhand.records.settings import AnalysisSettings
from evenhand.rundir import RunDirectory
from tests.support.small_plan import small_plan

RATED = Design(kinds=("intensity",), pairs_per_item=2, placebo_per_item=1)


def audited(folder: Path, *, design: Design = RATED, banks: tuple[str, ...] = (), **options: str) -> RunDirectory:
    model = ModelSpec(name="simulated/custom", options=options)
    request = PlanRequest(models=(model,), design=design, banks=banks, cohorts=("explicit",))
    return evenhand.audit(request, folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return audited(tmp_path_factory.mktemp("rated"), rating_gap="-0.8", refusal="0.02")


def test_a_rated_trial_has_a_row_for_every_number_under_the_names_of_its_cell(run: RunDirectory) -> None:
    frame = run.measurements
    assert frame.columns[: len(MEASUREMENT_COLUMNS)] == [column.name for column in MEASUREMENT_COLUMNS]
    assert "position" in frame.columns
    assert set(frame["answer"]) == {"rating"}
    one = frame.filter(pl.col("cell_key") == frame["cell_key"][0])
    assert one.filter(pl.col("quantity") == "rating").height == 5
    assert one["item"].n_unique() == one["arm"].n_unique() == 1


def test_a_trial_without_an_answer_keeps_its_rows_without_values(run: RunDirectory) -> None:
    refused = run.measurements.filter(pl.col("outcome") == "refused")
    assert refused.height > 0
    assert refused["value"].null_count() == refused.height
    answered = run.measurements.filter(pl.col("outcome") == "answered")
    assert answered["value"].null_count() == 0


def test_a_planted_shift_goes_through_the_whole_pipeline(run: RunDirectory) -> None:
    found = run.findings.findings
    (negative,) = [f for f in found if f.measure == "shift" and f.quantity.tag == "negative" and f.arms.arm == "pairs"]
    assert negative.role == "confirmatory" and negative.verdict == "difference"
    assert negative.covers(-0.8)
    (sensitivity,) = [f for f in found if f.measure == "sensitivity"]
    assert sensitivity.value == pytest.approx(5.0, abs=0.5)
    page = run.report.read_text(encoding="utf-8")
    assert "points more negative emotion read into the same scene with disadvantaged users" in page


def test_without_a_shift_none_is_claimed(tmp_path: Path) -> None:
    found = audited(tmp_path).findings.findings
    shifts = [f for f in found if f.measure in ("shift", "divergence")]
    assert shifts
    assert [f for f in shifts if f.verdict == "difference"] == []
    primary = [f for f in shifts if f.role == "confirmatory"]
    assert primary and {f.verdict for f in primary} == {"equivalent"}


def test_a_respondent_that_ignores_the_scene_is_not_assessed(tmp_path: Path) -> None:
    found = audited(tmp_path, rating_moves="0", rating_gap="-2").findings.findings
    shifts = [f for f in found if f.measure == "shift" and f.quantity.scale == "rating"]
    assert shifts and all(f.value is None for f in shifts)


def test_distributions_are_scored_by_their_expectation_beside_letters(tmp_path: Path) -> None:
    design = Design(kinds=("understanding",), answers=("letter", "distribution"), pairs_per_item=1)
    scores = audited(tmp_path, design=design, gap="0.1").scores
    stated = scores.filter((pl.col("answer") == "distribution") & (pl.col("outcome") == "answered"))
    assert stated.filter((pl.col("score") > 0) & (pl.col("score") < 1)).height > 0.9 * stated.height
    letters = scores.filter(pl.col("answer") == "letter")
    assert set(letters["score"].drop_nulls()) == {0.0, 1.0}
    assert stated["score"].mean() == pytest.approx(letters["score"].mean(), abs=0.05)
    none = scores.filter(pl.col("arm_kind") == "none").group_by("answer").len()
    assert none["len"].n_unique() == 1 and none.height == 2


def test_cells_of_letters_keep_their_keys_when_another_format_is_asked_too() -> None:
    letters = small_plan()
    both = replace(letters, design=replace(letters.design, answers=("letter", "distribution")))
    before = {cell.cell_key for cell, _ in Crossing(letters).pairs()}
    after = {cell.cell_key: cell for cell, _ in Crossing(both).pairs()}
    assert before < set(after)
    assert Crossing(both).size() == len(after) == 2 * len(before)
    assert all(Crossing(both).holds(cell) for cell in after.values())


def test_percentages_are_asked_with_letters_and_without_log_probabilities() -> None:
    request = PlanRequest(
        models=("simulated/null",), design=Design(kinds=("understanding",), answers=("distribution",))
    )
    questions = Questions(make_plan(request))
    cell, meeting = next(iter(questions.crossing.pairs()))
    asked = questions.work(cell, meeting).request
    assert 'of the form "<letter>: <percentage>%"' in asked.messages[-1].content
    assert not asked.settings.logprobs


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            PlanRequest(models=("specimen/tilted",), design=RATED),
            "cannot answer in the format 'rating'.*--kind intensity",
        ),
        (
            PlanRequest(models=("specimen/tilted",), design=Design(answers=("distribution",))),
            "cannot answer in the format 'distribution'.*--answer distribution",
        ),
        (
            PlanRequest(
                models=("simulated/null",),
                design=RATED,
                extractor="llm_extract",
                extractor_options={"model": "openai/x"},
            ),
            "'llm_extract' reads letters",
        ),
        (PlanRequest(models=("simulated/null",), design=Design(answers=())), "no answer format"),
    ],
)
def test_formats_that_cannot_be_asked_are_refused_with_the_way_out(request_: PlanRequest, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_plan(request_)


def test_presets_ask_ratings_where_the_endpoint_can() -> None:
    asked = make_plan(PlanRequest(models=("simulated/null",), preset="quick"))
    assert {"intensity", "advice"} < set(asked.design.kinds) and asked.preset == "quick"
    specimen = make_plan(PlanRequest(models=("specimen/tilted",), preset="quick"))
    assert "intensity" not in specimen.design.kinds and specimen.preset == "quick"


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("value", 11.0, "holds the rating 11.0; allowed are finite numbers from 0 to 10"),
        ("quantity", "mood", "holds the quantity 'mood'; allowed are rating"),
        ("replicate", "first", "holds 'first' in row 1; allowed is int"),
        ("item", None, "'item' of the measurement table has an empty field"),
    ],
)
def test_a_measurement_table_with_a_wrong_value_is_refused(
    run: RunDirectory, column: str, value: object, message: str
) -> None:
    frame = run.measurements.filter(pl.col("quantity") == "rating").head(3)
    wrong = frame.with_columns(pl.lit(value).alias(column))
    with pytest.raises(TableError, match=message):
        measurements_from_frame(wrong, factors=("position",), settings=AnalysisSettings())
    with pytest.raises(TableError, match="lacks the column 'value'"):
        measurements_from_frame(frame.drop("value"), factors=("position",), settings=AnalysisSettings())

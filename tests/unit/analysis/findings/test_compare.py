"""Two tables of the same cells."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.compare import compare
from evenhand.analysis.table.scores import Scores, level_column
from evenhand.errors import TableError
from evenhand.records.estimate import Absent
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import the

POSITION = level_column("position")


def scores(respondent: Respondent, seed: int = 0, **design: object) -> Scores:
    sized = SimulatedDesign(**{"items": 20, "sets": 12, "crossing": True, **design})  # type: ignore[arg-type]
    return simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed))


def test_a_removed_gap_is_a_change_of_the_gap_and_of_nothing_else() -> None:
    findings = compare(scores(Respondent(gap=1.5)), scores(Respondent(), seed=1, models=("simulated/repaired",)))
    gap = the(findings.findings, measure="gap_change")
    assert gap.model == "simulated/model -> simulated/repaired"
    assert gap.value is not None and gap.value < -0.1
    assert gap.verdict == "difference"
    female = the(findings.findings, measure="factor_gap_change", levels={"gender": "female"})
    assert female.p is not None and female.p > 0.001


def test_the_change_is_the_difference_of_the_two_gaps() -> None:
    first, second = scores(Respondent(gap=1.0)), scores(Respondent(), seed=1)

    def gap(table: Scores) -> float:
        pairs = table.frame.filter(pl.col(POSITION).is_not_null())
        means = dict(pairs.group_by(pl.col(POSITION).cast(pl.String)).agg(pl.col("score").mean()).iter_rows())
        return float(means["advantaged"] - means["disadvantaged"])

    found = the(compare(first, second).findings, measure="gap_change")
    assert found.value == pytest.approx(gap(second) - gap(first))


def test_a_table_against_itself_has_no_change() -> None:
    table = scores(Respondent(gap=1.0))
    for found in compare(table, table).findings:
        assert (found.value, found.p) == (0.0, 1.0)


def test_two_models_of_one_name_each_are_matched_by_name() -> None:
    table = scores(Respondent(), models=("a", "b"), crossing=False)
    assert {found.model for found in compare(table, table).findings} == {"a", "b"}


def test_an_item_that_only_one_table_has_is_named() -> None:
    with pytest.raises(TableError, match="only the first has the item 'item-019'"):
        compare(scores(Respondent()), scores(Respondent(), items=19))


def test_a_missing_cell_is_named() -> None:
    table = scores(Respondent())
    shorter = replace(table, frame=table.frame.filter(pl.int_range(pl.len()) != 500))
    with pytest.raises(TableError, match=r"1 only in the second|1 are only in the first"):
        compare(table, shorter)


def test_different_factors_and_contrasts_are_refused() -> None:
    table = scores(Respondent())
    with pytest.raises(TableError, match="different factors"):
        compare(table, scores(Respondent(), crossing=False))
    other = replace(table, settings=replace(table.settings, contrast="gender"))
    with pytest.raises(TableError, match="different contrasts"):
        compare(table, other)


def test_probabilities_and_answers_are_not_compared() -> None:
    with pytest.raises(TableError, match="log-probabilities"):
        compare(scores(Respondent()), scores(Respondent(), logprobs=True))


def test_no_cell_answered_in_both_is_no_number_and_a_reason() -> None:
    gone = Respondent(missing={"advantaged": 1.0, "disadvantaged": 1.0})
    found = compare(scores(Respondent(), crossing=False), scores(gone, crossing=False)).findings
    assert [one.value for one in found] == [None, None]
    assert all(isinstance(one.number, Absent) and one.number.reason for one in found)

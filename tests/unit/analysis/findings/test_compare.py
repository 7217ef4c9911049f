"""Two tables of the same cells."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.analyse import analyse
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
    lost = [one for one in found if one.arms.arm != "placebo"]
    assert [one.value for one in lost] == [None, None, None]
    assert all(isinstance(one.number, Absent) and one.number.reason for one in lost)


def test_every_contrast_of_a_run_has_its_change_with_what_stood_before_and_after() -> None:
    first, second = scores(Respondent(gap=1.5)), scores(Respondent(), seed=1)
    findings = compare(first, second)
    assert findings.comparison is not None
    assert {one.measure for one in findings.findings} == {
        *("gap_change", "memory_effect_change", "factor_gap_change", "interaction_change")
    }
    assert {one.arms.baseline for one in findings.findings if one.measure == "memory_effect_change"} == {
        *("none", "placebo")
    }
    alone = [
        next(f for f in analyse(table, published=False).findings if f.measure == "gap").value
        for table in (first, second)
    ]
    for found, both in zip(findings.findings, findings.comparison.changes, strict=True):
        assert found.value is not None and both.before is not None and both.after is not None
        assert both.after - both.before == pytest.approx(found.value, abs=1e-9)
        if found.measure == "gap_change":
            assert [both.before, both.after] == pytest.approx(alone)


def test_items_that_moved_are_listed_with_their_cells_and_a_run_against_itself_moves_none() -> None:
    first, second = scores(Respondent(gap=1.0)), scores(Respondent(), seed=1)
    found = compare(first, second).comparison
    assert found is not None and found.items and found.cells == found.answered == first.frame.height
    assert sum(one.moved for one in found.items) == found.moved
    ways = [abs(one.after - one.before) for one in found.items]
    assert ways == sorted(ways, reverse=True)
    same = compare(first, first).comparison
    assert same is not None and same.items == () and same.moved == 0


def test_only_cells_answered_in_both_tables_count() -> None:
    lossy = Respondent(missing={"advantaged": 0.3})
    found = compare(scores(Respondent()), scores(lossy, seed=1)).comparison
    assert found is not None and 0 < found.answered < found.cells

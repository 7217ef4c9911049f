"""Two tables of the same cells."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.analyse import analyse
from evenhand.analysis.findings.compare import compare
from evenhand.analysis.table.scores import Scores, level_column, scores_from_frame
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


def in_two_cues(table: Scores, *, implied: float) -> Scores:
    """The crossing asked a second time under implied cues, its scores there moved for women by as much."""
    rows = table.frame.filter(pl.col("arm_kind") == "profile", pl.col(POSITION).is_null())
    women = pl.col(level_column("gender")).cast(pl.String) == "female"
    again = rows.with_columns(
        pl.lit("implied").cast(rows["cue"].dtype).alias("cue"),
        (pl.col("arm").cast(pl.String) + "-implied").cast(rows["arm"].dtype).alias("arm"),
        (pl.col("score") * (1 - implied * women)).alias("score"),
    )
    return replace(table, frame=pl.concat([table.frame, again]))


def test_levels_are_compared_under_each_cue_style() -> None:
    """Only the second cue style moves, so its change is not that of the first, nor is it left out."""
    first = scores(Respondent())
    findings = compare(in_two_cues(first, implied=0.0), in_two_cues(first, implied=0.5))
    female = {
        one.where.cue: one
        for one in findings.findings
        if one.measure == "factor_gap_change" and one.contrast[0].level == "female"
    }
    women = first.frame.filter(pl.col(level_column("gender")).cast(pl.String) == "female", pl.col(POSITION).is_null())[
        "score"
    ].mean()
    assert set(female) == {"stated", "implied"}
    assert female["stated"].value == 0.0
    assert female["implied"].value == pytest.approx(-0.5 * float(str(women)))
    for measure, number in (("factor_gap_change", 8), ("interaction_change", 6 * 4)):
        told = [(one.contrast, one.where.cue) for one in findings.findings if one.measure == measure]
        assert len(set(told)) == len(told) == 2 * number


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


def means(scores: Scores, by: pl.Expr) -> dict[object, float]:
    return dict(scores.frame.group_by(by).agg(pl.col("score").mean()).drop_nulls().iter_rows())


def by_unit(scores: Scores) -> dict[str, float]:
    """Mean score of each kind of arm; the two versions of a persona count as one user."""
    text = pl.col("arm_kind", "arm", "matched_set").cast(pl.String)
    unit = (
        pl.when(pl.col(POSITION).is_null()).then(pl.col("arm").cast(pl.String)).otherwise("matched_set").alias("unit")
    )
    users = scores.frame.with_columns(text).group_by("arm_kind", unit).agg(pl.col("score").mean())
    return dict(users.group_by("arm_kind").agg(pl.col("score").mean()).iter_rows())


def test_each_change_is_of_the_arms_and_levels_that_it_names() -> None:
    first, second = scores(Respondent(gap=1.0)), scores(Respondent(memory=-0.8), seed=1)
    findings = compare(first, second)
    assert findings.comparison is not None
    changes = dict(zip(findings.findings, findings.comparison.changes, strict=True))
    memory = [one for one in findings.findings if one.measure == "memory_effect_change"]
    assert [(one.arms.arm, one.arms.baseline, one.where.cue) for one in memory] == [
        *(("profile", "none", "stated"), ("profile", "placebo", "stated")),
        ("placebo", "none", None),
    ]
    arms = [by_unit(table) for table in (first, second)]
    for one in memory:
        expected = [side[one.arms.arm] - side[str(one.arms.baseline)] for side in arms]
        assert [changes[one].before, changes[one].after] == pytest.approx(expected)
        assert one.method == "change of paired differences, crossed random effects (quasi-F, Satterthwaite)"
    level = the(findings.findings, measure="factor_gap_change", levels={"religion": "Muslim"})
    groups = [means(table, pl.col(level_column("religion")).cast(pl.String)) for table in (first, second)]
    assert [changes[level].before, changes[level].after] == pytest.approx(
        [side["Muslim"] - side["Christian"] for side in groups]
    )
    assert level.where.cue == "stated"
    assert (level.arms.arm, level.sample.trials, level.sample.profiles) == ("crossing", 81 * 20, 81)
    both = the(findings.findings, measure="interaction_change", levels={"gender": "female", "ethnicity": "Black"})
    cells = []
    for table in (first, second):
        of = means(table, pl.concat_str(level_column("gender"), level_column("ethnicity"), separator="/"))
        cells.append(of["female/Black"] - of["male/Black"] - of["female/White"] + of["male/White"])
    assert [changes[both].before, changes[both].after] == pytest.approx(cells)
    assert len([one for one in findings.findings if one.measure == "factor_gap_change"]) == 8
    assert len([one for one in findings.findings if one.measure == "interaction_change"]) == 6 * 4


def test_the_record_counts_cells_answers_and_moves_and_names_both_runs() -> None:
    lossy = Respondent(missing={"advantaged": 0.3, "none": 0.2})
    first, second = scores(lossy), scores(Respondent(gap=1.0), seed=1, models=("simulated/other",))
    findings = compare(first, second)
    found = findings.comparison
    assert found is not None and findings.run is None
    assert (found.first, found.second) == ("simulated/model", "simulated/other")
    before, after = first.frame["score"], second.frame["score"]
    both = before.is_not_null() & after.is_not_null()
    assert (found.cells, found.answered) == (first.frame.height, int(both.sum()))
    apart = both & (before != after)
    assert found.moved == int(apart.sum())
    assert findings.warnings == ("Every number is a change: the second table minus the first, cell by cell.",)
    for one in found.items:
        own = both & (first.frame["item"].cast(pl.String) == one.item)
        assert (one.cells, one.moved) == (int(own.sum()), int((own & apart).sum()))
        assert (one.before, one.after) == pytest.approx((before.filter(own).mean(), after.filter(own).mean()))
        assert (one.model, one.kind) == ("simulated/model -> simulated/other", "understanding")
    keys = [(-abs(one.after - one.before), -one.moved, one.item) for one in found.items]
    assert keys == sorted(keys)


def test_items_of_several_banks_are_named_with_their_bank_and_models_by_their_own_name() -> None:
    def two_banks(seed: int, gap: float) -> Scores:
        table = scores(Respondent(gap=gap), seed=seed, models=("b", "a"), crossing=False)
        plain = table.frame.with_columns(pl.selectors.categorical().cast(pl.String))
        other = plain.with_columns(pl.lit("other").alias("bank"), pl.col("cell_key") + "o")
        both = pl.concat([plain, other]).rename({POSITION: "position"})
        return scores_from_frame(both, settings=table.settings)

    found = compare(two_banks(0, 1.0), two_banks(1, 0.0)).comparison
    assert found is not None and (found.first, found.second) == ("a, b", "a, b")
    assert {one.model for one in found.items} == {"a", "b"}
    assert {one.item.partition("/")[0] for one in found.items} == {"simulated", "other"} or all(
        "/" in one.item for one in found.items
    )


def test_two_answers_that_differ_only_in_cells_lost_in_one_table_have_no_change() -> None:
    table = scores(Respondent(gap=1.0), crossing=False)
    lost = (pl.int_range(pl.len()) % 5 == 0).alias("lost")
    frame = table.frame.with_columns(
        pl.when(lost)
        .then(pl.lit("refused"))
        .otherwise(pl.col("outcome").cast(pl.String))
        .cast(pl.Categorical)
        .alias("outcome"),
        *(pl.when(~lost).then(name).alias(name) for name in ("score", "choice")),
    )
    findings = compare(table, replace(table, frame=frame))
    assert findings.comparison is not None
    for one, both in zip(findings.findings, findings.comparison.changes, strict=True):
        assert (one.value, one.p) == (0.0, 1.0)
        assert both.before == pytest.approx(both.after)


def test_where_the_tables_differ_is_said_for_either_side() -> None:
    table = scores(Respondent(), crossing=False)
    with pytest.raises(TableError, match=r"only the second has the item 'item-019' \(1 such in all\)"):
        compare(scores(Respondent(), items=19, crossing=False), table)
    shorter = replace(table, frame=table.frame.filter(pl.int_range(pl.len()) != 500))
    with pytest.raises(TableError, match=r"1 are only in the first and 0 only in the second, such as .* in the first"):
        compare(table, shorter)
    with pytest.raises(TableError, match=r"0 are only in the first and 1 only in the second, such as .* in the second"):
        compare(shorter, table)
    with pytest.raises(TableError, match="only the first has the model 'a'"):
        compare(
            scores(Respondent(), models=("a", "b"), crossing=False),
            scores(Respondent(), models=("b", "c"), crossing=False),
        )

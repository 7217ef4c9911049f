from __future__ import annotations

from collections.abc import Mapping

import pytest

from evenhand.analysis.table.prediction_columns import PredictionColumns, TableContrast
from evenhand.analysis.table.predictions import predictions_of
from evenhand.errors import TableError
from evenhand.interop.log import LoggedAnswer, ToolLog
from evenhand.interop.log_table import LogTable, log_table, with_log
from evenhand.interop.open_log import open_log
from evenhand.records.as_read import AsRead
from evenhand.report.as_read import as_read_facts
from tests.support.tool_logs import LOGS

ALL = (
    "promptfoo.json.gz",
    "promptfoo.jsonl.gz",
    "lm-eval",
    "inspect-samples.parquet",
    "deepeval-result.json.gz",
    "deepeval-run.json.gz",
    "openai-evals.jsonl.gz",
)
GIVEN = PredictionColumns(none_arm="nobody", factors=("gender", "age"))


def opened(name: str) -> ToolLog:
    log = open_log(LOGS / name)
    assert log is not None
    return log


def made(*rows: Mapping[str, str], scores: dict[str, str] | None = None, **log: object) -> ToolLog:
    answers = tuple(
        LoggedAnswer(
            sample=f"s{number}",
            scores={"match": "1"} if scores is None else scores,
            fields={f"metadata.{name}": value for name, value in row.items()},
        )
        for number, row in enumerate(rows)
    )
    return ToolLog(tool="Inspect", name="x.eval", answers=answers, **log)  # type: ignore[arg-type]


def read_as(table: LogTable) -> AsRead:
    scores = predictions_of(table.file, columns=table.columns)
    assert scores.as_read is not None
    return with_log(scores.as_read, table)


TWO = ({"item": "a", "user": "ada"}, {"item": "a", "user": "ben"}, {"item": "b", "user": "ada"})


@pytest.mark.parametrize("name", ALL)
def test_item_user_and_correctness_are_taken_by_their_names(name: str) -> None:
    table = log_table(opened(name), GIVEN)
    used = table.columns
    assert (used.item, used.profile, used.factors) == ("item", "user", ("gender", "age"))
    scores = predictions_of(table.file, columns=used)
    kinds = scores.frame.group_by("arm_kind").len().sort("arm_kind").rows()
    assert sorted((str(kind), count) for kind, count in kinds) == [("none", 5), ("profile", 20)]
    assert scores.frame["score"].sum() == 17


def test_as_read_says_first_what_the_log_is_and_where_everything_stood() -> None:
    facts = as_read_facts(read_as(log_table(opened("promptfoo.json.gz"), GIVEN)))
    assert [fact.name for fact in facts][:4] == ["Table", "Log", "Not used", "Columns"]
    said = {fact.name: fact.value for fact in facts}
    assert said["Log"] == "of promptfoo 0.123.1: 25 answers; answered by 'openai:chat:letters'"
    assert "'item' as item (by its name; the field 'vars.item')" in said["Columns"]
    assert "'score.success' as correctness (by its name; the score 'success')" in said["Columns"]
    assert "'gender' as factor (named with --factors; the field 'metadata.gender')" in said["Columns"]
    assert said["Not used"] == "fields of the log: 'score.score', 'prompt', 'memory', 'question'"


@pytest.mark.parametrize("name", ["user", "metadata.user"])
def test_a_field_may_be_named_by_its_last_part_or_in_full(name: str) -> None:
    assert log_table(made(*TWO), PredictionColumns(profile=name)).columns.profile == "user"


def test_a_field_that_two_objects_have_is_named_in_full() -> None:
    answers = tuple(
        LoggedAnswer(sample="q", scores={"ok": "1"}, fields={"vars.who": who, "metadata.who": who.upper()})
        for who in ("ada", "ben")
    )
    log = ToolLog(tool="promptfoo", name="x.json", answers=answers)
    with pytest.raises(TableError, match=r"--profile 'who' may be 'vars.who', 'metadata.who' of 'x.json'"):
        log_table(log, PredictionColumns(profile="who"))
    assert log_table(log, PredictionColumns(profile="metadata.who")).columns.profile == "metadata.who"


def test_an_unknown_field_is_refused_with_the_near_miss_and_what_there_is() -> None:
    with pytest.raises(TableError) as raised:
        log_table(made(*TWO), PredictionColumns(profile="usr"))
    said = str(raised.value)
    assert said.startswith("--profile names 'usr', which 'x.eval' has not (did you mean 'user'?)")
    assert "'item', 'user'" in said


def test_without_users_the_fields_that_were_found_are_named() -> None:
    with pytest.raises(TableError) as raised:
        log_table(made({"item": "a", "level": "easy"}, {"item": "b", "level": "hard"}), PredictionColumns())
    said = str(raised.value)
    assert "does not say who the users are" in said and "'level'" in said and "--profile" in said


def test_samples_that_are_each_of_one_user_need_the_question_named() -> None:
    rows = [{"user": who, "q": q} for q in ("1", "2") for who in ("ada", "ben")]
    with pytest.raises(TableError, match=r"no question of 'x.eval' was asked for two users.*--item.*'q'"):
        log_table(made(*rows), PredictionColumns())
    assert log_table(made(*rows), PredictionColumns(item="q")).columns.item == "q"


def test_several_scores_need_one_named() -> None:
    log = made(*TWO, scores={"match": "1", "style": "0.5"})
    with pytest.raises(TableError, match=r"several scores \('score.match', 'score.style'\); say with --correct"):
        log_table(log, PredictionColumns())
    assert log_table(log, PredictionColumns(correct="style")).columns.correct == "score.style"


def test_without_a_score_answers_are_held_against_right_answers() -> None:
    answers = tuple(
        LoggedAnswer(sample="q", answer="A", target="A", fields={"metadata.user": who}) for who in ("ada", "ben")
    )
    used = log_table(ToolLog(tool="Inspect", name="x", answers=answers), PredictionColumns()).columns
    assert (used.prediction, used.gold, used.correct) == ("answer", "target", None)
    bare = tuple(LoggedAnswer(sample="q", answer="A", fields={"metadata.user": who}) for who in ("ada", "ben"))
    with pytest.raises(TableError, match="has no score, and it has not a right answer for every sample"):
        log_table(ToolLog(tool="Inspect", name="x", answers=bare), PredictionColumns())


def test_rows_of_one_answer_are_kept_apart_by_what_the_user_says() -> None:
    rows = [{"item": "a", "user": who, "filter": name} for who in ("ada", "ben") for name in ("strict", "loose")]
    answers = tuple(
        LoggedAnswer(sample="q", scores={"acc": "1"}, fields={"filter": row.pop("filter"), **row}) for row in rows
    )
    log = ToolLog(tool="lm-evaluation-harness", name="x", answers=answers, single=("filter",))
    with pytest.raises(TableError, match=r"several times, by 'filter' \('loose', 'strict'\).*--where filter=VALUE"):
        log_table(log, PredictionColumns())
    kept = log_table(log, PredictionColumns(), where=[("filter", "strict")])
    assert kept.file.frame.height == 2
    assert kept.read.kept == (("filter", "strict"),)
    with pytest.raises(
        TableError, match=r"--where filter=other keeps nothing: 'filter' of 'x' holds 'loose', 'strict'"
    ):
        log_table(log, PredictionColumns(), where=[("filter", "other")])


def test_an_answer_that_ended_with_an_error_is_missing_and_never_wrong() -> None:
    rows = [
        LoggedAnswer(
            sample=item, scores={"ok": None if bad else "1"}, error="timeout" if bad else None, fields={"user": u}
        )
        for item in ("a", "b")
        for u, bad in (("ada", False), ("ben", item == "b"))
    ]
    table = log_table(ToolLog(tool="DeepEval", name="x", answers=tuple(rows)), PredictionColumns())
    assert table.read.failed == 1
    outcomes = predictions_of(table.file, columns=table.columns).frame["outcome"].cast(str).to_list()
    assert sorted(outcomes) == ["answered", "answered", "answered", "unparsed"]


def test_epochs_are_replicates() -> None:
    answers = tuple(
        LoggedAnswer(sample="q", repeat=epoch, scores={"ok": "1"}, fields={"user": who})
        for who in ("ada", "ben")
        for epoch in (1, 2)
    )
    table = log_table(ToolLog(tool="Inspect", name="x", answers=answers), PredictionColumns())
    assert table.columns.replicate == "repeat"
    assert predictions_of(table.file, columns=table.columns).frame["replicate"].sort().to_list() == [1, 1, 2, 2]


def test_a_contrast_and_lists_are_found_by_their_last_part_too() -> None:
    given = PredictionColumns(contrast=TableContrast(factor="metadata.side", first="x", second="y"), profile="user")
    rows = [{"item": "a", "user": who, "side": side} for who in ("ada", "ben") for side in ("x", "y")]
    contrast = log_table(made(*rows), given).columns.contrast
    assert contrast is not None and contrast.factor == "side"
    with pytest.raises(TableError, match=r"the field 'metadata.tags' \(--factors\) of 'x.eval' holds lists"):
        log_table(made(*TWO, nested=("metadata.tags",)), PredictionColumns(factors=("metadata.tags",)))


def test_a_log_with_too_many_fields_is_refused() -> None:
    with pytest.raises(TableError, match="more than 2,000 columns"):
        log_table(made({f"f{n}": "1" for n in range(2_100)}), PredictionColumns())

"""Every log file was made by its tool (scripts/tool_logs); all hold the same 25 answers to the same questions."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from evenhand.errors import TableError
from evenhand.interop.log import ToolLog
from evenhand.interop.open_log import open_log
from scripts.tool_logs.questions import QUESTIONS, answer
from tests.support.tool_logs import LOGS, MISTAKES

FILES = (
    ("promptfoo.json.gz", "promptfoo", "vars", "success"),
    ("promptfoo.jsonl.gz", "promptfoo", "vars", "success"),
    ("lm-eval", "lm-evaluation-harness", "doc", "exact_match"),
    ("inspect-samples.parquet", "Inspect", "metadata", "match"),
    ("deepeval-result.json.gz", "DeepEval", "metadata", "success"),
    ("deepeval-run.json.gz", "DeepEval", "metadata", "success"),
    ("openai-evals.jsonl.gz", "OpenAI evals", "raw_sample", "correct"),
)


def opened(name: str) -> ToolLog:
    log = open_log(LOGS / name)
    assert log is not None
    return log


@pytest.mark.parametrize(("name", "tool", "where", "score"), FILES, ids=[one[0] for one in FILES])
def test_a_file_is_told_from_what_is_in_it_and_every_answer_is_read(
    name: str, tool: str, where: str, score: str
) -> None:
    log = opened(name)
    assert log.tool == tool
    assert len(log.answers) == len(QUESTIONS) == 25
    read = {f"{one.fields[f'{where}.item']}-{one.fields[f'{where}.user']}": one for one in log.answers}
    assert set(read) == {one["id"] for one in QUESTIONS}
    wrong = {name for name, one in read.items() if one.scores[score] in ("0", "0.0", "false")}
    right = {name for name, one in read.items() if one.scores[score] in ("1", "1.0", "true")}
    assert wrong == set(MISTAKES) != set()
    assert right == set(read) - wrong
    assert all(one.error is None for one in log.answers)


@pytest.mark.parametrize("name", [one[0] for one in FILES if one[1] != "Inspect"])
def test_answers_are_kept_word_for_word(name: str) -> None:
    said = [one.answer for one in opened(name).answers]
    assert said == [answer(f"{one['memory']}\n\n{one['question']}") for one in QUESTIONS]
    assert [one.reply.text if one.reply else None for one in opened(name).answers] == said


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("promptfoo.json.gz", "openai:chat:letters"),
        ("lm-eval", "letters"),
        ("inspect-samples.parquet", "openai-api/local/letters"),
        ("openai-evals.jsonl.gz", "letters"),
        ("deepeval-run.json.gz", None),
    ],
)
def test_the_model_is_named_where_the_tool_names_it(name: str, model: str | None) -> None:
    assert {one.model for one in opened(name).answers} == {model}


@pytest.mark.parametrize("name", ["promptfoo.json.gz", "lm-eval"])
def test_what_was_asked_is_known_turn_by_turn(name: str) -> None:
    first = opened(name).answers[0]
    asked = QUESTIONS[0]
    assert first.asked == (("system", asked["memory"]), ("user", asked["question"]))


def test_a_data_frame_of_samples_is_known_as_csv_too(tmp_path: Path) -> None:
    pl.read_parquet(LOGS / "inspect-samples.parquet").write_csv(tmp_path / "samples.csv")
    found = open_log(tmp_path / "samples.csv")
    assert found is not None
    packed = opened("inspect-samples.parquet")
    assert [one.scores for one in found.answers] == [one.scores for one in packed.answers]
    assert [one.fields for one in found.answers] == [one.fields for one in packed.answers]


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.txt"])
def test_a_table_of_nobody_in_particular_is_left_to_the_reader_of_tables(name: str, tmp_path: Path) -> None:
    text = '{"item": "a", "ok": 1}\n' if name.endswith("jsonl") else "item,ok\na,1\n"
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert open_log(tmp_path / name) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"items": [], "name": "x"}', "JSON of no tool that is known (an object with 'items', 'name')"),
        ("[1, 2]", "JSON of no tool that is known (no object)"),
        ("{", "cannot be read as JSON"),
        ("[" * 200_000, "cannot be read as JSON"),
        ('{"evalId": "e", "results": {"results": [1]}}', "'results.results' of"),
        ('{"evalId": "e", "results": {"results": []}}', "holds no results"),
        ('{"evalId": "e", "results": {"results": [{"testCase": {}}]}}', "result 1 of"),
        ('{"test_results": [{"name": "x"}]}', "has no 'success'"),
        ('{"test_results": []}', "holds no results"),
        ('{"testCases": [{"success": true, "metricsData": [3]}]}', "must be a list of objects"),
    ],
)
def test_a_document_that_is_none_is_refused_with_what_was_found(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text(text, encoding="utf-8")
    with pytest.raises(TableError) as raised:
        open_log(tmp_path / "log.json")
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ("[1]", "holds no JSON object in line 2"),
        ("{", "line 2"),
        ('{"doc_id": 1}', "line 2 of"),
    ],
)
def test_a_line_that_is_none_is_named(second: str, says: str, tmp_path: Path) -> None:
    first = next(LOGS.rglob("samples_*.jsonl")).read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / "samples_x.jsonl").write_text(f"{first}\n{second}\n", encoding="utf-8")
    with pytest.raises(TableError) as raised:
        open_log(tmp_path / "samples_x.jsonl")
    assert says in str(raised.value)


def test_a_folder_with_several_files_of_samples_names_them(tmp_path: Path) -> None:
    text = next(LOGS.rglob("samples_*.jsonl")).read_text(encoding="utf-8")
    for name in ("samples_a.jsonl", "samples_b.jsonl"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=r"2 files of samples \('samples_a.jsonl', 'samples_b.jsonl'\)"):
        open_log(tmp_path)


def test_a_folder_without_a_log_says_what_is_known(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"neither a run directory .* samples of lm-eval"):
        open_log(tmp_path)


def test_a_packed_file_that_fills_memory_is_refused(tmp_path: Path) -> None:
    import gzip

    (tmp_path / "log.json.gz").write_bytes(gzip.compress(b"[" + b"0," * (70 << 20) + b"0]", 9))
    with pytest.raises(TableError, match="grows beyond"):
        open_log(tmp_path / "log.json.gz")


def test_what_is_in_a_log_is_never_run(tmp_path: Path) -> None:
    text = json.dumps({"test_results": [{"success": True, "metrics_data": [], "name": "__import__('os').abort()"}]})
    (tmp_path / "log.json").write_text(text, encoding="utf-8")
    log = open_log(tmp_path / "log.json")
    assert log is not None and log.answers[0].sample == "__import__('os').abort()"

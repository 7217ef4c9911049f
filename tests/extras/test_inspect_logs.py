"""Logs of Inspect AI, read with its own reader; the log was made by Inspect (scripts/tool_logs)."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from evenhand.analysis.table.prediction_columns import PredictionColumns
from evenhand.analysis.table.predictions import predictions_of
from evenhand.errors import TableError
from evenhand.interop.log_table import log_table
from evenhand.interop.open_log import open_log
from scripts.tool_logs.questions import QUESTIONS, answer
from tests.support.tool_logs import LOGS, MISTAKES

pytestmark = [pytest.mark.extras, pytest.mark.filterwarnings("default")]  # other people's deprecations

inspect = pytest.importorskip("inspect_ai.log")


def test_a_log_is_read_with_its_answers_scores_and_metadata() -> None:
    log = open_log(LOGS / "inspect.eval")
    assert log is not None and (log.tool, len(log.answers)) == ("Inspect", 25)
    by_name = {one.sample: one for one in log.answers}
    assert {name for name, one in by_name.items() if one.scores["match"] == "0"} == set(MISTAKES)
    for asked in QUESTIONS:
        one = by_name[asked["id"]]
        assert one.answer == answer(f"{asked['memory']}\n\n{asked['question']}")
        assert one.target == asked["gold"]
        turns = (*((("system", asked["memory"]),) if asked["memory"] else ()), ("user", asked["question"]))
        assert one.asked == turns
        assert one.reply is not None and (one.reply.finish, one.reply.usage.input_tokens) == ("stop", 40)
    table = log_table(log, PredictionColumns(none_arm="nobody", factors=("gender", "age")))
    assert predictions_of(table.file, columns=table.columns).frame["score"].sum() == 17


def test_the_json_form_and_a_folder_with_one_log_are_the_same_log(tmp_path: Path) -> None:
    inspect.write_eval_log(inspect.read_eval_log(str(LOGS / "inspect.eval")), str(tmp_path / "log.json"))
    (tmp_path / "folder").mkdir()
    shutil.copy(LOGS / "inspect.eval", tmp_path / "folder" / "one.eval")
    packed = open_log(LOGS / "inspect.eval")
    for path in (tmp_path / "log.json", tmp_path / "folder"):
        found = open_log(path)
        assert found is not None and packed is not None
        key = {one.sample: one for one in packed.answers}
        assert {one.sample: one for one in found.answers} == key
    shutil.copy(LOGS / "inspect.eval", tmp_path / "folder" / "two.eval")
    with pytest.raises(TableError, match="2 logs of Inspect"):
        open_log(tmp_path / "folder")


def test_a_sample_that_ended_with_an_error_is_missing(tmp_path: Path) -> None:
    log = inspect.read_eval_log(str(LOGS / "inspect.eval"))
    log.samples[0].error = inspect.EvalError(message="timeout", traceback="", traceback_ansi="")
    log.status = "error"
    inspect.write_eval_log(log, str(tmp_path / "log.eval"))
    found = open_log(tmp_path / "log.eval")
    assert found is not None
    (bad,) = [one for one in found.answers if one.error is not None]
    assert (bad.error, bad.answer, bad.reply, dict(bad.scores)) == ("timeout", None, None, {})
    assert "The log ends with the status 'error': not all was asked." in found.notes


def test_an_archive_that_fills_the_machine_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", b"0" * (300 << 20))
    with pytest.raises(TableError, match="fill a machine"):
        open_log(tmp_path / "x.eval")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_log_that_breaks_off_is_refused_in_a_sentence(share: float, tmp_path: Path) -> None:
    data = (LOGS / "inspect.eval").read_bytes()
    (tmp_path / "x.eval").write_bytes(data[: int(share * len(data))])
    with pytest.raises(TableError, match="cannot be read as a log of Inspect"):
        open_log(tmp_path / "x.eval")


@pytest.mark.parametrize("place", range(200, 29_000, 1_900))
def test_a_log_with_a_damaged_byte_is_read_or_refused(place: int, tmp_path: Path) -> None:
    data = bytearray((LOGS / "inspect.eval").read_bytes())
    data[place : place + 8] = bytes(255 - byte for byte in data[place : place + 8])
    (tmp_path / "x.eval").write_bytes(data)
    try:
        log = open_log(tmp_path / "x.eval")
    except TableError as error:
        assert "cannot be read as a log of Inspect" in str(error) or "holds no samples" in str(error)
    else:
        assert log is not None and len(log.answers) <= 25


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.eval", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(TableError, match="cannot be read as a log of Inspect"):
        open_log(tmp_path / "x.eval")

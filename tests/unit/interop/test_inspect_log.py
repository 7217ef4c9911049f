"""What can be told without Inspect AI; tests/extras/test_inspect_logs.py reads logs with it."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

from evenhand.errors import MissingExtraError, TableError
from evenhand.interop.inspect_log import inspect_frame, inspect_log
from tests.support.tool_logs import LOGS


def test_without_inspect_the_extra_and_another_way_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    with pytest.raises(MissingExtraError, match=r"evenhand\[inspect\].*samples_df"):
        inspect_log(LOGS / "inspect.eval")


def test_grades_are_numbers_and_no_answer_is_no_score() -> None:
    frame = pl.DataFrame(
        {
            "sample_id": list("abcd"),
            "eval_id": ["e"] * 4,
            "id": ["q"] * 4,
            "epoch": [1, 2, 3, 4],
            "metadata_user": ["ada"] * 4,
            "score_match": ["C", "I", "P", "N"],
            "error": [None, None, None, None],
        }
    )
    log = inspect_frame(frame, path=Path("x.parquet"))
    assert [one.scores["match"] for one in log.answers] == ["1", "0", "0.5", None]
    assert [one.repeat for one in log.answers] == [1, 2, 3, 4]


def test_a_sample_with_an_error_has_no_score() -> None:
    frame = pl.DataFrame(
        {"sample_id": ["a"], "eval_id": ["e"], "id": ["q"], "epoch": [1], "score_match": ["I"], "error": ["timeout"]}
    )
    (one,) = inspect_frame(frame, path=Path("x.parquet")).answers
    assert (one.scores["match"], one.error) == (None, "timeout")


def test_an_epoch_that_is_no_number_is_refused() -> None:
    frame = pl.DataFrame({"sample_id": ["a"], "eval_id": ["e"], "id": ["q"], "epoch": ["one"]})
    with pytest.raises(TableError, match=r"'epoch' of 'x.parquet' holds 'one'"):
        inspect_frame(frame, path=Path("x.parquet"))

"""Logs of other tools with anything in any place: they are read, or refused in a sentence; nothing else happens."""

from __future__ import annotations

import copy
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenhand.analysis.table.prediction_columns import PredictionColumns
from evenhand.analysis.table.predictions import predictions_of
from evenhand.errors import InputError
from evenhand.interop.log_table import log_table
from evenhand.interop.open_log import open_log
from tests.support.tool_logs import LOGS

JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**30),
    st.floats(),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
    st.just([[1, "x"], {"a": None}]),
    st.just({"item": ["x"], "user": {"name": 3}}),
    st.just("\ud800"),
)
NAMES = (
    "promptfoo.json.gz",
    "promptfoo.jsonl.gz",
    "deepeval-result.json.gz",
    "deepeval-run.json.gz",
    "openai-evals.jsonl.gz",
)


def values(name: str) -> list[Any]:
    """A file as its JSON values: one, or one a line."""
    path = LOGS / name
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in data.splitlines()] if "jsonl" in name else [json.loads(data)]


def changed(value: Any, junk: Any, draw: st.DataObject) -> Any:
    """The value with something else in one place of it."""
    parts = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    if not parts or draw.draw(st.integers(0, 6)) == 0:
        return junk
    key, part = draw.draw(st.sampled_from(parts[:12]))
    made = copy.copy(value)
    made[key] = changed(part, junk, draw)
    return made


@pytest.mark.parametrize("name", [*NAMES, "samples.jsonl"])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(draw=st.data())
def test_anything_in_any_place_is_read_or_refused(name: str, tmp_path: Path, draw: st.DataObject) -> None:
    source = str(next(LOGS.rglob("samples_*.jsonl")).relative_to(LOGS)) if name == "samples.jsonl" else name
    found = values(source)
    place = draw.draw(st.integers(0, min(2, len(found) - 1)))
    found[place] = changed(found[place], draw.draw(JUNK), draw)
    path = tmp_path / name.removesuffix(".gz")
    path.write_text("".join(json.dumps(one) + "\n" for one in found), encoding="utf-8")
    try:
        log = open_log(path)
        if log is None:
            return
        table = log_table(log, PredictionColumns(none_arm="nobody"))
        scores = predictions_of(table.file, columns=table.columns)
    except InputError as error:
        assert str(error).strip()
    else:
        assert 0 < scores.frame.height <= 25

"""The same file of answers is read the same way in every version: rows, their order, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import msgspec
import polars as pl
import pytest

from evenhand.analysis.table.prediction_columns import PredictionColumns, TableContrast
from evenhand.analysis.table.predictions import read_predictions
from tests.support.stated import assert_stated
from tests.unit.analysis.table.test_predictions import reference_rows, users, written

Made = Callable[[Path], Path]


def with_gaps(folder: Path) -> Path:
    """Two models, two kinds, a number, runs, users without an age, and answers that name no option."""
    rows: list[dict[str, object]] = [
        {
            **{
                "q": f"q{q}",
                "who": f"u{who}",
                "gold": "ABC"[q],
                "said": ("A", "(b) relief", "no", "nan")[(q + who) % 4],
            },
            **{
                "run": run,
                "words": 10.5 + q * who - run,
                "age": ("old", "young", None)[who % 3],
                "side": "lr"[who % 2],
            },
            **{"model": f"m{run}", "kind": "management" if q else "understanding", "note": "same"},
        }
        for q, who, run in product(range(3), range(5), range(2))
    ]
    return written(folder / "p.csv", rows)


NAMED = PredictionColumns(
    item="q", profile="who", gold="gold", prediction="said", factors=("age",), covariates=("words",), missing=("nan",)
)
TABLES: dict[str, tuple[Made, PredictionColumns]] = {
    "reference": (lambda folder: written(folder / "p.csv", reference_rows()), PredictionColumns()),
    "reference twice": (lambda folder: written(folder / "p.csv", reference_rows() * 2), PredictionColumns()),
    "users": (users, PredictionColumns(profile="user", correct="ok", factors=("sex",))),
    "named arms": (
        users,
        PredictionColumns(
            profile="user", correct="ok", factors=("sex",), none_arm="baseline", placebo_arms=("placebo-1",)
        ),
    ),
    "within users": (users, PredictionColumns(profile="user", correct="ok", factors=("sex", "tone"))),
    "contrast": (
        users,
        PredictionColumns(
            profile="user", correct="ok", contrast=TableContrast(factor="tone", first="warm", second="cold")
        ),
    ),
    "gaps": (with_gaps, NAMED),
    "models": (
        with_gaps,
        PredictionColumns(
            item="q",
            profile="who",
            gold="gold",
            prediction="said",
            model="model",
            replicate="run",
            factors=("age",),
            contrast=TableContrast(factor="side", first="l", second="r"),
        ),
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_as_it_was_stated(name: str, tmp_path: Path) -> None:
    made, columns = TABLES[name]
    scores = read_predictions(made(tmp_path), columns=columns)
    plain = scores.frame.with_columns(pl.selectors.categorical().cast(pl.String))
    held = {column: plain[column].to_list() for column in plain.columns if plain[column].null_count() < plain.height}
    read = scores.as_read
    assert read is not None
    kinds = (scores.factors, scores.item_factors, scores.within_factors, scores.covariates)
    assert_stated("read", name, [held, kinds, scores.settings, _without_path(read, tmp_path)])


def _without_path(read: object, folder: Path) -> object:
    """The record without the folder in which the file lay."""
    return msgspec.json.decode(msgspec.json.encode(read).replace(str(folder).encode(), b""))

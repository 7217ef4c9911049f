"""The cost of a table grows about linearly in its users: 41 s of CPU for 2,000 of them were measured once."""

from __future__ import annotations

from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.prediction_columns import PredictionColumns
from evenhand.analysis.table.predictions import read_predictions
from tests.support.quickest import quickest

ITEMS = 20
COLUMNS = PredictionColumns(item="item", profile="user", correct="ok", factors=("gender", "age"))
CPU_S = 5.0
"""For 2,000 users by 20 items: 1.5 s were measured on cores shared with ten other programs."""
GROWTH = 3.0
"""Twice the users cost twice as much; where the cost grows with their square, 4 times."""


def table(path: Path, *, users: int) -> Path:
    rng = np.random.default_rng(users)
    rows = [
        {
            "item": f"q{item}",
            "user": f"u{user}",
            "gender": ("female", "male")[user % 2],
            "age": ("18-33", "34-65", "65+")[user // 2 % 3],
            "ok": int(rng.random() < 0.6 + 0.01 * item),
        }
        for user, item in product(range(users), range(ITEMS))
    ]
    pl.DataFrame(rows).write_csv(path)
    return path


def read_and_analysed(path: Path) -> None:
    analyse(read_predictions(path, columns=COLUMNS))


def test_two_thousand_users_take_seconds_and_twice_as_many_about_twice_as_long(tmp_path: Path) -> None:
    few, many = table(tmp_path / "few.csv", users=2_000), table(tmp_path / "many.csv", users=4_000)
    one, two = (quickest(partial(read_and_analysed, path), times=2) for path in (few, many))
    assert one < CPU_S
    assert two < GROWTH * one

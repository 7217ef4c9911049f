"""The cost of a table grows about linearly in its users: 41 s of CPU for 2,000 of them were measured once."""

from __future__ import annotations

import time
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.prediction_columns import PredictionColumns
from evenhand.analysis.table.predictions import read_predictions

ITEMS = 20
COLUMNS = PredictionColumns(item="item", profile="user", correct="ok", factors=("gender", "age"))
GROWTH = 8.0
"""Four times the users cost 3 to 4 times as much; where the cost grows with their square, 16 times."""


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


def seconds(path: Path) -> float:
    """CPU time to read and to analyse."""
    began = time.process_time()
    analyse(read_predictions(path, columns=COLUMNS))
    return time.process_time() - began


def test_four_times_the_users_cost_at_most_eight_times_as_much(tmp_path: Path) -> None:
    few, many = table(tmp_path / "few.csv", users=500), table(tmp_path / "many.csv", users=2_000)
    seconds(few)  # loads what is loaded once
    # The quickest of two: other work on the machine disturbs a single reading.
    assert min(seconds(many) for _ in range(2)) < GROWTH * min(seconds(few) for _ in range(2))

"""The order of rows in a file changes no finding."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.analysis.analyse import analyse
from evenhand.analysis.table.prediction_columns import PredictionColumns, TableContrast
from evenhand.analysis.table.predictions import read_predictions


def rows(rng: np.random.Generator, *, users: int, items: int, repeats: int, holes: float) -> pl.DataFrame:
    """A table with a factor of each kind, repeats, missing cells and a covariate."""
    made = []
    for user in range(users):
        gender, age = ("f", "m")[user % 2], ("old", "young")[user // 2 % 2]
        mood = round(float(rng.normal()), 2)
        for item in range(items):
            for memory in ("rich", "poor"):
                for _ in range(repeats):
                    made.append(
                        {
                            "question_id": f"q{item}",
                            "user": f"u{user}",
                            "gender": gender,
                            "age": age if rng.random() > holes else "",
                            "place": ("work", "home")[item % 2],
                            "memory": memory,
                            "gold": "ABC"[item % 3],
                            "prediction": str(rng.choice(["A", "B", "C", "I pass"])),
                            "mood": str(mood) if rng.random() > holes else "",
                        }
                    )
    return pl.DataFrame(made)


COLUMNS = (
    PredictionColumns(profile="user", factors=("gender", "age", "place", "memory"), covariates=("mood",)),
    PredictionColumns(factors=("gender", "age", "place")),
    PredictionColumns(
        profile="user", factors=("gender",), contrast=TableContrast(factor="memory", first="rich", second="poor")
    ),
)


@given(seed=st.integers(0, 10_000), columns=st.sampled_from(COLUMNS), repeats=st.integers(1, 2))
@settings(max_examples=12, deadline=None)
def test_findings_do_not_change_under_any_permutation_of_rows(
    seed: int, columns: PredictionColumns, repeats: int
) -> None:
    rng = np.random.default_rng(seed)
    table = rows(rng, users=6, items=4, repeats=repeats, holes=0.1)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        table.write_csv(path)
        first = analyse(read_predictions(path, columns=columns))
        table[rng.permutation(table.height)].write_csv(path)
        assert analyse(read_predictions(path, columns=columns)) == first

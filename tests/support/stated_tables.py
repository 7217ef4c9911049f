"""Small tables of every shape that an analysis meets, drawn with fixed seeds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import polars as pl
from msgspec.structs import replace

from evenhand.analysis.table.scores import Scores, level_column, scores_from_frame
from evenhand.records.settings import AnalysisSettings
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

__all__ = ["TABLES", "scores_of", "with_values"]

LOSSY = Respondent(
    gap=0.6,
    memory=-0.4,
    leak=0.2,
    item_slope_sd=0.4,
    effects={"gender.female": -0.6},
    missing={"none": 0.1, "placebo": 0.15, "advantaged": 0.05, "disadvantaged": 0.2, "crossing": 0.1},
)
NO_LEVELS = replace(LOSSY, effects={})
PLAIN = Respondent(gap=0.6, memory=-0.4, leak=0.2, item_slope_sd=0.4, easiness=0.8)


def drawn(respondent: Respondent, *, seed: int, settings: AnalysisSettings | None = None, **design: object) -> Scores:
    sized = SimulatedDesign(**{"items": 7, "sets": 5, **design})  # type: ignore[arg-type]
    return simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed), settings=settings)


def _plain(scores: Scores) -> pl.DataFrame:
    frame = scores.frame.with_columns(pl.selectors.categorical().cast(pl.String))
    return frame.rename({level_column(name): name for name in scores.factors})


def _rebuilt(scores: Scores, frame: pl.DataFrame, **settings: object) -> Scores:
    changed = replace(scores.settings, **settings) if settings else scores.settings
    return scores_from_frame(frame, settings=changed, factors=scores.factors)


def with_values(scores: Scores, *columns: pl.Expr, **settings: object) -> Scores:
    """The same table with columns replaced, its factors under their plain names."""
    return _rebuilt(scores, _plain(scores).with_columns(*columns), **settings)


_PAIRED = pl.col("position").is_not_null()
_MEMORY = pl.col("arm_kind") == "profile"
_MENTIONS = pl.when(pl.col("leak").fill_null(False)).then(
    pl.concat_str(pl.lit("dimension "), (pl.int_range(pl.len()) % 2).cast(pl.String))
)


def _nine(frame: pl.DataFrame) -> pl.DataFrame:
    """The pairs, and of the crossing the profiles of one religion and ethnicity: two factors are crossed."""
    fixed = {"religion": "Muslim", "ethnicity": "Asian"}
    return frame.filter(pl.all_horizontal(pl.col(name).is_null() | (pl.col(name) == of) for name, of in fixed.items()))


def _crossed() -> Scores:
    """Pairs and a crossing of two factors with something missing everywhere, two option orders."""
    scores = drawn(LOSSY, seed=1, crossing=True, replicates=2)
    return _rebuilt(scores, _nine(_plain(scores)).with_columns(_MENTIONS.alias("leak_dimension")))


def _two_cues(*, first: pl.Expr, second: pl.Expr) -> Scores:
    """Stated and implied memory, each with the arms that are said."""
    scores = drawn(LOSSY, seed=2, crossing=True, items=5, sets=4)
    frame = _nine(_plain(scores)).filter(pl.col("age").is_null() | (pl.col("age") != "65+"))
    implied = frame.filter(_MEMORY & second).with_columns(
        pl.lit("implied").alias("cue"),
        pl.concat_str(pl.lit("implied/"), "cell_key").alias("cell_key"),
        pl.concat_str("arm", pl.lit(" implied")).alias("arm"),
        (pl.int_range(pl.len()) % 3 > 0).cast(pl.Float64).alias("drawn"),
    )
    answered = pl.col("outcome") == "answered"
    implied = implied.with_columns(
        pl.when(answered).then("drawn").alias("score"),
        pl.when(answered).then(pl.when(pl.col("drawn") == 1).then(pl.lit("a")).otherwise(pl.lit("c"))).alias("choice"),
    ).drop("drawn")
    return _rebuilt(scores, pl.concat([frame.filter(~_MEMORY | first), implied]))


def _graded() -> Scores:
    scores = drawn(NO_LEVELS, seed=3, kind="management", replicates=2)
    return with_values(scores, pl.when(pl.col("score") == 0).then(0.25).otherwise("score").alias("score"))


def _readers() -> Scores:
    """Two readers, two placements and two kinds beside each other."""
    scores = drawn(PLAIN, seed=4, items=4, sets=3)
    frame = _plain(scores).with_columns(pl.concat_str(pl.lit("u"), pl.col("item").str.slice(1)).alias("item"))
    parts = [frame]
    for number, (reader, placement, kind) in enumerate(
        (
            ("relevant", "system", "understanding"),
            ("none", "history", "understanding"),
            ("none", "system", "management"),
        )
    ):
        own = _plain(drawn(PLAIN, seed=40 + number, items=4, sets=3)).with_columns(
            pl.lit(reader).alias("reader"),
            pl.lit(placement).alias("placement"),
            pl.lit(kind).alias("kind"),
            pl.concat_str(pl.lit(kind[0]), pl.col("item").str.slice(1)).alias("item"),
            pl.concat_str(pl.lit(f"{number}/"), "cell_key").alias("cell_key"),
        )
        parts.append(own if kind == "management" else own.filter(pl.col("arm_kind") != "none"))
    return _rebuilt(scores, pl.concat(parts))


def _within() -> Scores:
    """A factor of the items, a factor within users, and a covariate."""
    scores = drawn(LOSSY, seed=5, items=8, crossing=True, replicates=2)
    number = pl.col("item").str.slice(5).cast(pl.Int64)
    frame = _plain(scores).filter(pl.col("religion") == "Muslim", pl.col("ethnicity") == "Asian")
    frame = frame.drop("position", "religion", "ethnicity").with_columns(
        pl.when(number % 3 == 0).then(pl.lit("self")).otherwise(pl.lit("other")).alias("about"),
        pl.when(pl.col("order_index") == 0).then(pl.lit("long")).otherwise(pl.lit("short")).alias("form"),
        (number * 1.5 + pl.int_range(pl.len()) % 4).alias("words"),
    )
    return scores_from_frame(
        frame,
        settings=replace(scores.settings, contrast="nothing"),
        factors=("gender", "age"),
        item_factors=("about",),
        within_factors=("form",),
        covariates=("words",),
    )


def _doses() -> Scores:
    scores = drawn(replace(PLAIN, item_sd=0.5), seed=6, items=6, sets=6, placebos=0)
    third = pl.col("matched_set").str.slice(1).cast(pl.Int64) % 3
    cohort = pl.when(third == 0).then(pl.lit("faint")).when(third == 1).then(pl.lit("half")).otherwise(pl.lit("full"))
    return with_values(
        scores,
        pl.when(_PAIRED).then(cohort).alias("cohort"),
        doses={"faint": "mild", "half": "medium", "full": "strong"},
    )


def _levels_only() -> Scores:
    scores = drawn(replace(LOSSY, missing={"crossing": 0.05}), seed=15, items=14, sets=0, placebos=1, crossing=True)
    return _rebuilt(scores, _nine(_plain(scores)).filter(pl.col("gender").is_null() | (pl.col("gender") != "female")))


TABLES: dict[str, Callable[[], Scores]] = {
    "crossed": _crossed,
    "two cues": lambda: _two_cues(first=pl.lit(True), second=pl.lit(True)),
    "pairs then crossing": lambda: _two_cues(first=_PAIRED, second=~_PAIRED),
    "crossing then pairs": lambda: _two_cues(first=~_PAIRED, second=_PAIRED),
    "graded": _graded,
    "probabilities": lambda: drawn(NO_LEVELS, seed=7, logprobs=True),
    "sparse": lambda: drawn(PLAIN, seed=8, items=9, sets=6, sets_per_item=2, none_repeats=3),
    "alike": lambda: drawn(Respondent(easiness=50.0, item_sd=0.0, cell_sd=0.0), seed=9, items=3, sets=3),
    "one item": lambda: drawn(PLAIN, seed=10, items=1, sets=8, placebos=3),
    "one set": lambda: drawn(PLAIN, seed=11, items=12, sets=1, placebos=1, none_repeats=3),
    "two units": lambda: drawn(PLAIN, seed=12, items=2, sets=2),
    "many pairs": lambda: drawn(
        replace(PLAIN, sensitive={2: 4.0}), seed=13, items=6, sets=14, placebos=0, none_repeats=1
    ),
    "readers": _readers,
    "within": _within,
    "doses": _doses,
    "other settings": lambda: drawn(
        PLAIN,
        seed=14,
        crossing=False,
        settings=AnalysisSettings(alpha=0.1, power=0.9, margin=0.05, seed=3, confirmatory=("gap",)),
    ),
    "levels only": _levels_only,
}


@cache
def scores_of(name: str) -> Scores:
    """The table of that name."""
    return TABLES[name]()

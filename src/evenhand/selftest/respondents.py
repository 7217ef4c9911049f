"""Score tables drawn from a stated response model: what power by simulation, benchmarks and tests are made on.

An answer's log-odds of being right are the sum of an item easiness, a profile, a set-of-profiles and an item reaction
to the contrast, the effects planted on factors, and a cell term that repeats share. Nothing here is a measurement.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray
from scipy.special import expit

from evenhand.analysis.table.scores import Scores, scores_from_frame
from evenhand.records.settings import AnalysisSettings, Outcome

__all__ = ["CROSSING", "Respondent", "SimulatedDesign", "simulated_scores"]

CROSSING: dict[str, tuple[str, str, str]] = {
    "gender": ("male", "female", "non-binary"),
    "age": ("34-65", "18-33", "65+"),
    "religion": ("Christian", "Muslim", "none"),
    "ethnicity": ("White", "Black", "Asian"),
}
"""Factors of the simulated intersectional cohort, reference level first."""

_LETTERS = ("a", "b", "c", "d", "e")
_TAGS = ("joy", "relief", "sadness", "anger", "fear")


class Respondent(Struct, frozen=True, kw_only=True):
    """A model's planted behaviour, in log-odds."""

    easiness: float = 1.4
    """Mean log-odds of a right answer without memory."""
    item_sd: float = 1.5
    profile_sd: float = 0.0
    """SD of profile intercepts."""
    set_slope_sd: float = 0.0
    """SD over matched sets of the gap between the two versions."""
    item_slope_sd: float = 0.0
    """SD over items of the gap between the two versions, and of every factor effect."""
    cell_sd: float = 1.0
    """SD of what all repeats of one profile and item share."""
    gap: float = 0.0
    """Advantaged minus disadvantaged."""
    memory: float = 0.0
    """Any profile minus none."""
    placebo: float = 0.0
    effects: dict[str, float] = {}
    """`factor.level` -> shift against the reference level; `factor.level*factor.level` -> interaction."""
    missing: dict[str, float] = {}
    """Arm (`none`, `placebo`, `advantaged`, `disadvantaged`, `crossing`) -> share of answers refused."""
    sensitive: dict[int, float] = {}
    """Item number -> extra advantaged minus disadvantaged gap on that item."""
    leak: float = 0.0
    """Share of answers with memory that mention a stored fact."""


class SimulatedDesign(Struct, frozen=True, kw_only=True):
    """What is asked of whom."""

    models: tuple[str, ...] = ("simulated/model",)
    items: int = 24
    sets: int = 12
    sets_per_item: int | None = None
    """Matched sets every item meets, in rotation; None: all."""
    crossing: bool = False
    """Whether the 81 intersectional profiles are asked too."""
    placebos: int = 2
    none_repeats: int = 2
    replicates: int = 1
    kind: str = "understanding"
    logprobs: bool = False


def simulated_scores(
    respondent: Respondent,
    *,
    design: SimulatedDesign,
    rng: np.random.Generator,
    settings: AnalysisSettings | None = None,
) -> Scores:
    """A score table of one respondent; every model of the design answers with draws of its own."""
    arms = _arms(design)
    frames = [_answers(respondent, design=design, arms=arms, model=model, rng=rng) for model in design.models]
    references = {factor: levels[0] for factor, levels in CROSSING.items()} if design.crossing else {}
    outcome: Outcome = "option_probabilities" if design.logprobs else "answers"
    chosen = settings or AnalysisSettings(references=references, outcome=outcome)
    factors = ("position", *(CROSSING if design.crossing else ()))
    return scores_from_frame(pl.concat(frames), settings=chosen, factors=factors)


def _arms(design: SimulatedDesign) -> pl.DataFrame:
    """One row per arm, in the order of its code."""
    rows: list[dict[str, object]] = [{"arm": "none", "arm_kind": "none", "group": "none"}]
    rows += [{"arm": f"placebo/{n:02d}", "arm_kind": "placebo", "group": "placebo"} for n in range(design.placebos)]
    for number, version in product(range(design.sets), ("advantaged", "disadvantaged")):
        rows.append(
            {
                "arm": f"explicit/p{number:02d}-{version}",
                "arm_kind": "profile",
                "group": version,
                "cohort": "explicit",
                "matched_set": f"p{number:02d}",
                "set": number,
                "position": version,
            }
        )
    if design.crossing:
        for levels in product(*CROSSING.values()):
            named = dict(zip(CROSSING, levels, strict=True))
            rows.append(
                {
                    "arm": "intersectional/" + "-".join(levels),
                    "arm_kind": "profile",
                    "group": "crossing",
                    "cohort": "intersectional",
                    "matched_set": "crossing",
                    **named,
                }
            )
    text = ("arm", "arm_kind", "group", "cohort", "matched_set", "position", *(CROSSING if design.crossing else ()))
    return pl.DataFrame(rows, schema={**dict.fromkeys(text, pl.String), "set": pl.Int64})


def _answers(
    respondent: Respondent, *, design: SimulatedDesign, arms: pl.DataFrame, model: str, rng: np.random.Generator
) -> pl.DataFrame:
    arm, item, replicate = _asked(design, arms)
    logit, cell = _log_odds(respondent, design=design, arms=arms, rng=rng)
    p = expit((logit + cell)[arm, item])
    right = rng.random(p.size) < p
    wrong = rng.integers(1, len(_LETTERS), size=p.size)
    choice = np.where(right, 0, wrong)
    groups = arms["group"].to_list()
    lost = rng.random(p.size) < np.array([respondent.missing.get(group, 0.0) for group in groups])[arm]
    leak = rng.random(p.size) < respondent.leak
    memory = arm > 0
    frame = pl.DataFrame(
        {
            "arm_code": arm,
            "item": pl.Series(item).cast(pl.String),
            "replicate": replicate,
            "order_index": replicate % design.replicates,
            "choice": pl.Series(np.array(_LETTERS)[choice]),
            "choice_tag": pl.Series(np.array(_TAGS)[choice]),
            "shown_position": (choice + item + replicate % design.replicates) % len(_LETTERS),
            "score": right.astype(np.float64),
            "p_score": p if design.logprobs else pl.repeat(None, p.size, dtype=pl.Float64, eager=True),
            "p_best": p if design.logprobs else pl.repeat(None, p.size, dtype=pl.Float64, eager=True),
            "lost": lost,
            "leak": pl.Series(leak).set(pl.Series(~memory), None),
            "leak_reasoning": pl.Series(leak).set(pl.Series(~memory), None),
        }
    )
    return _as_table(frame, arms=arms, design=design, model=model)


def _asked(design: SimulatedDesign, arms: pl.DataFrame) -> tuple[NDArray[np.int64], ...]:
    """Codes of arm, item and replicate of every trial."""
    met = np.ones((arms.height, design.items), dtype=bool)
    if design.sets_per_item is not None and design.sets_per_item < design.sets:
        number = arms["set"].fill_null(-1).to_numpy()
        offset = (number[:, None] - np.arange(design.items)[None, :]) % design.sets
        met = (number[:, None] < 0) | (offset < design.sets_per_item)
    repeats = np.where(np.arange(arms.height) == 0, design.none_repeats, 1) * design.replicates
    arm, item = np.nonzero(met)
    times = repeats[arm]
    replicate = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    return np.repeat(arm, times), np.repeat(item, times), replicate


def _log_odds(
    respondent: Respondent, *, design: SimulatedDesign, arms: pl.DataFrame, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-odds of every arm and item, and the cell terms beside them."""
    shape = (arms.height, design.items)
    side = arms["position"].replace_strict({"advantaged": 0.5, "disadvantaged": -0.5}, default=0.0).to_numpy()
    kind = arms["arm_kind"].to_numpy()
    number = arms["set"].fill_null(-1).to_numpy()
    slope = np.append(rng.normal(0, respondent.set_slope_sd, design.sets), 0.0)[number]
    arm = np.where(kind == "profile", respondent.memory, np.where(kind == "placebo", respondent.placebo, 0.0))
    arm = arm + side * (respondent.gap + slope)
    arm = arm + np.where(kind == "profile", rng.normal(0, respondent.profile_sd, arms.height), 0.0)
    per_item = np.zeros(design.items)
    for index, extra in respondent.sensitive.items():
        per_item[index] = extra
    per_item = per_item + rng.normal(0, respondent.item_slope_sd, design.items)
    shift = side[:, None] * per_item[None, :]
    for name, effect in respondent.effects.items():
        held = np.ones(arms.height, dtype=bool)
        for part in name.split("*"):
            factor, _, level = part.partition(".")
            held &= (arms[factor] == level).fill_null(False).to_numpy()
        shift = shift + held[:, None] * (effect + rng.normal(0, respondent.item_slope_sd, design.items)[None, :])
    easiness = rng.normal(respondent.easiness, respondent.item_sd, design.items)
    return easiness[None, :] + arm[:, None] + shift, rng.normal(0, respondent.cell_sd, shape)


def _as_table(frame: pl.DataFrame, *, arms: pl.DataFrame, design: SimulatedDesign, model: str) -> pl.DataFrame:
    coded = arms.with_row_index("arm_code").with_columns(pl.col("arm_code").cast(frame["arm_code"].dtype))
    fixed = {
        "model": model,
        "bank": "simulated",
        "kind": design.kind,
        "placement": "system",
        "reader": "none",
        "mitigation": "none",
        "keyed_option": "a",
    }
    present = ~pl.col("lost")
    answered = [pl.when(present).then(name).alias(name) for name in ("choice", "choice_tag", "shown_position", "score")]
    return (
        frame.join(coded, on="arm_code", how="left", maintain_order="left")
        .with_columns(
            *(pl.lit(value).alias(name) for name, value in fixed.items()),
            *answered,
            *(pl.when(present).then(name).alias(name) for name in ("p_score", "p_best")),
            pl.when(present).then(pl.lit("answered")).otherwise(pl.lit("refused")).alias("outcome"),
            pl.when(pl.col("arm_kind") == "profile").then(pl.lit("stated")).alias("cue"),
            pl.format("item-{}", pl.col("item").str.zfill(3)).alias("item"),
            pl.format("{}/{}", pl.lit(model), pl.int_range(pl.len())).alias("cell_key"),
        )
        .drop("arm_code", "lost", "set", "group")
    )

"""How far the decisive detail of a scene moves its ratings."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace
from scipy import stats

from evenhand.analysis.findings.sensitivity import moves_enough, sensitivity_finding, twin_moves, unmoved_reason
from evenhand.analysis.table.measurements import measurements_from_frame, whole_answers
from evenhand.analysis.table.stratum import Stratum
from evenhand.records.estimate import Absent
from evenhand.records.finding import Finding
from evenhand.records.settings import AnalysisSettings

EMOTIONS = ("anger", "joy")
TWINS = (("a", "anger"), ("b", "joy"))


def stratum_of(moves: list[float], *, alpha: float = 0.05, none: bool = True) -> Stratum:
    """Twin pairs of scenes whose keyed emotion is rated higher by these moves; with memory it does not move."""
    rows = []
    for arm in ("none", "profile") if none else ("profile",):
        for (pair, move), (twin, key), emotion in product(enumerate(moves), TWINS, EMOTIONS):
            moved = emotion == key and (arm == "none" or not none)
            rows.append(
                {
                    "cell_key": f"{arm}{pair}{twin}",
                    "model": "m",
                    "bank": "b",
                    "item": f"i{pair}{twin}",
                    "kind": "intensity",
                    "arm": arm,
                    "arm_kind": arm,
                    "cohort": None if arm == "none" else "people",
                    "matched_set": None if arm == "none" else "s",
                    "placement": "system",
                    "cue": None if arm == "none" else "stated",
                    "reader": "none",
                    "mitigation": "none",
                    "answer": "rating",
                    "replicate": 0,
                    "order_index": 0,
                    "outcome": "answered",
                    "keyed_option": key,
                    "pair": f"p{pair}",
                    "option": emotion,
                    "quantity": "rating",
                    "tag": emotion,
                    "value": 2.0 + move * moved,
                    "position": None if arm == "none" else "advantaged",
                }
            )
    table = measurements_from_frame(
        pl.DataFrame(rows, infer_schema_length=None), factors=("position",), settings=AnalysisSettings(alpha=alpha)
    )
    ((stratum, _),) = whole_answers(table)
    return stratum


def of(stratum: Stratum) -> Finding:
    found = sensitivity_finding(stratum)
    assert found is not None
    return found


def frame(own: list[float], *, elsewhere: float = 2.0) -> pl.DataFrame:
    rows = [
        {
            "pair": f"p{pair}",
            "item": f"{pair}{twin}",
            "option": emotion,
            "keyed_option": key,
            "value": value if emotion == key else elsewhere,
        }
        for (pair, value), (twin, key), emotion in product(enumerate(own), TWINS, EMOTIONS)
    ]
    return pl.DataFrame(rows)


def test_a_move_is_the_rating_in_the_own_scene_less_that_in_the_twin() -> None:
    assert twin_moves(frame([8.0, 5.0, 2.0])).to_list() == [6.0, 3.0, 0.0]
    # Repeats of a scene are averaged before.
    twice = pl.concat([frame([8.0]), frame([6.0])])
    assert twin_moves(twice).to_list() == [5.0]


def test_a_pair_of_which_one_scene_has_no_rating_says_nothing() -> None:
    rows = frame([8.0, 5.0])
    lost = rows.with_columns(
        pl.when((pl.col("item") == "0a") & (pl.col("option") == "anger")).then(None).otherwise("value").alias("value")
    )
    assert twin_moves(lost).to_list() == [3.0]
    # Options that are not keyed in either scene do not count.
    other = rows.filter(pl.col("item") == "0a").head(1).with_columns(pl.lit("fear").alias("option"))
    assert twin_moves(pl.concat([rows, other])).to_list() == [6.0, 3.0]


@pytest.mark.parametrize("alpha", [0.05, 0.1])
def test_the_finding_is_a_mean_over_pairs_with_students_interval(alpha: float) -> None:
    moves = np.array([6.0, 5.0, 3.0, 4.0, 2.0, 5.5])
    found = of(stratum_of(moves.tolist(), alpha=alpha))
    assert found.value == pytest.approx(moves.mean())
    low, high = stats.t.interval(1 - alpha, 5, loc=moves.mean(), scale=moves.std(ddof=1) / np.sqrt(6))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert (found.sample.items, found.sample.trials) == (12, 12)
    assert moves_enough(found, margin=low - 0.01) and not moves_enough(found, margin=low + 0.01)
    assert "moves its ratings by +4.25 points, not shown to be more than 0.5" in unmoved_reason(found, margin=0.5)


def test_fewer_than_five_pairs_say_nothing_and_their_reason_is_the_reason() -> None:
    found = of(stratum_of([6.0, 5.0, 3.0, 4.0]))
    assert isinstance(found.number, Absent)
    assert unmoved_reason(found, margin=0.5) == found.number.reason
    assert not moves_enough(found, margin=0.5)
    assert of(stratum_of([6.0, 5.0, 3.0, 4.0, 5.0])).value == pytest.approx(4.6)


def test_without_a_run_without_memory_the_profiles_speak_and_scenes_without_twins_do_not() -> None:
    found = of(stratum_of([6.0, 5.0, 3.0, 4.0, 5.0], none=False))
    assert found.arms.arm == "profile"
    part = stratum_of([6.0] * 5)
    alone = part.rows.with_columns(pl.lit(None, dtype=pl.String).alias("pair"))
    assert sensitivity_finding(replace(part, rows=alone)) is None


def test_it_describes_and_is_not_tested() -> None:
    found = sensitivity_finding(stratum_of([3.0, 3.5, 4.0, 4.5, 3.2]))
    assert found is not None
    assert (found.role, found.tested, found.verdict) == ("descriptive", None, None)
    assert found.spread is not None and moves_enough(found, margin=0.5)

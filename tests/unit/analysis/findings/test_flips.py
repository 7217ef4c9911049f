"""Flips against the model's own noise."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.flips import disagreement, flip_findings, noise_floor
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.estimate import Absent
from evenhand.records.finding import Finding
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

NONE = pl.DataFrame(
    {
        "item": ["i", "i", "i", "j", "j"],
        "order_index": [0, 0, 0, 0, 1],
        "choice": ["a", "a", "b", "a", None],
    }
)


def stratum(respondent: Respondent, seed: int = 0, **design: object) -> Stratum:
    sized = SimulatedDesign(**{"items": 20, "sets": 10, "placebos": 4, "none_repeats": 4, **design})  # type: ignore[arg-type]
    return strata(simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed)))[0]


def named(part: Stratum) -> dict[str, Finding]:
    return {f"{found.measure}/{found.arms.arm}": found for found in flip_findings(part)}


def test_the_noise_floor_is_the_share_of_differing_pairs() -> None:
    # Item i: answers a, a, b; of the three pairs two differ. Item j has one answer in either order: no floor.
    floor = noise_floor(NONE)
    assert floor.select("item", "order_index").rows() == [("i", 0)]
    assert floor["flip"].to_list() == [pytest.approx(2 / 3)]


def test_an_answer_is_compared_with_every_repeat_of_its_own_order() -> None:
    rows = pl.DataFrame(
        {
            "item": ["i", "i", "i", "j", "k"],
            "order_index": [0, 0, 1, 0, 0],
            "choice": ["a", "c", "a", "a", "a"],
        }
    )
    # a against a, a, b differs from one in three; c from all; order 1 of i and item k have nothing to compare with.
    found = disagreement(rows, none=NONE).sort("item", "choice")
    assert found.select("item", "choice", "flip").rows() == [
        ("i", "a", pytest.approx(1 / 3)),
        ("i", "c", 1.0),
        ("j", "a", 0.0),
    ]


def test_a_model_that_never_changes_flips_nothing() -> None:
    found = named(stratum(Respondent(easiness=50.0, item_sd=0.0, cell_sd=0.0)))
    assert found["flip_rate/profile"].value == 0.0
    assert found["flip_excess/profile"].value == 0.0
    assert found["flip_excess/profile"].p == 1.0


def test_noise_alone_is_no_excess() -> None:
    found = named(stratum(Respondent(cell_sd=0.0, item_sd=0.5), items=40))
    rate, floor, excess = found["flip_rate/profile"], found["flip_rate/none"], found["flip_excess/profile"]
    assert rate.value is not None and rate.value > 0.2
    assert floor.value == pytest.approx(rate.value, abs=0.08)
    assert excess.low is not None and excess.high is not None
    assert excess.low < 0 < excess.high


def test_a_memory_that_changes_answers_is_an_excess_over_the_floor() -> None:
    found = named(stratum(Respondent(memory=-3.0, cell_sd=0.3), items=40))
    excess, placebo = found["flip_excess/profile"], found["flip_excess/placebo"]
    assert excess.value is not None and excess.value > 0.15
    assert excess.p is not None and excess.p <= 0.001
    assert placebo.p is not None and placebo.p > 0.01


def test_without_repeats_there_is_no_floor_and_the_excess_says_so() -> None:
    found = named(stratum(Respondent(), none_repeats=1))
    assert "flip_rate/none" not in found
    assert found["flip_rate/profile"].value is not None
    absent = found["flip_excess/profile"].number
    assert isinstance(absent, Absent)
    assert "not repeated" in absent.reason


def test_a_table_without_choices_has_no_flips() -> None:
    part = stratum(Respondent())
    bare = part.rows.with_columns(pl.lit(None, dtype=pl.Categorical).alias("choice"))
    assert flip_findings(replace(part, rows=bare)) == []


def test_the_false_alarm_rate_of_the_excess_is_nominal() -> None:
    hits = 0
    for seed in range(200):
        found = named(stratum(Respondent(cell_sd=0.0, item_sd=1.0), seed=seed, items=16, sets=8, placebos=0))
        p = found["flip_excess/profile"].p
        hits += p is not None and p < 0.05
    # Binomial(200, 0.05) has mean 10 and SD 3.1.
    assert hits <= 20

"""Rates over users and items."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.estimators.paired import paired_gap
from evenhand.analysis.estimators.shares import share_interval
from evenhand.analysis.findings.estimand import Estimand
from evenhand.analysis.findings.rates import rate_finding
from evenhand.analysis.table.grid import grid
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.contrast import ArmContrast
from evenhand.records.estimate import Absent
from evenhand.records.finding import Finding
from evenhand.records.measure import Quantity
from evenhand.records.settings import AnalysisSettings
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores

ESTIMAND = Estimand(
    measure="missing_rate",
    arms=ArmContrast(arm="profile"),
    quantity=Quantity(name="missing", scale="rate"),
    method="share",
    tested=False,
)


def stratum(*, items: int = 12, sets: int = 6, alpha: float = 0.05) -> Stratum:
    design = SimulatedDesign(items=items, sets=sets)
    settings = AnalysisSettings(alpha=alpha)
    return strata(simulated_scores(Respondent(), design=design, rng=np.random.default_rng(3), settings=settings))[0]


def rate(part: Stratum, value: pl.Expr) -> Finding:
    rows = part.profiles().with_columns(value.alias("hit"))
    return rate_finding(ESTIMAND, stratum=part, rows=rows, column="hit")


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_a_rate_has_the_interval_of_a_share_with_as_many_independent_answers(alpha: float) -> None:
    part = stratum(alpha=alpha)
    found = rate(part, (pl.col("score") == 0.0).cast(pl.Float64))
    cells = grid(part.profiles().with_columns((1.0 - pl.col("score")).alias("hit")), column="hit")
    estimate = paired_gap(cells.values)
    assert found.value == pytest.approx(estimate.estimate)
    assert (found.low, found.high) == pytest.approx(share_interval(estimate, alpha=alpha))
    assert found.spread is not None and found.spread.confidence == pytest.approx(1 - alpha)
    # It is compared with nothing, and notes about its components would say nothing to a reader.
    assert (found.p, found.notes) == (None, ())


@pytest.mark.parametrize(("value", "ends"), [(0.0, (0.0, 1.0)), (1.0, (-1.0, 1.0)), (0.4, (-1.0, 1.0))])
def test_values_that_are_all_alike_have_the_exact_interval_of_the_fewer_units(
    value: float, ends: tuple[float, float]
) -> None:
    for items, sets, units in ((12, 6, 6), (5, 9, 5), (2, 9, 2)):
        found = rate(stratum(items=items, sets=sets), pl.lit(value))
        reach = 1 - 0.05 ** (1 / units)
        assert found.value == value
        assert found.low == pytest.approx(max(0.0, value + min(ends[0], 0.0) * reach))
        assert found.high == pytest.approx(min(1.0, value + reach))
        assert found.notes[0].startswith("Every value is the same")
        assert f"that of {units} independent units of which none differs." in found.notes[0]


def test_of_one_user_every_answer_is_a_unit() -> None:
    part = stratum()
    rows = part.arm("none").with_columns(pl.lit(0.0).alias("hit"))
    found = rate_finding(ESTIMAND, stratum=part, rows=rows, column="hit")
    assert found.high == pytest.approx(1 - 0.05 ** (1 / 12))


def test_without_an_answer_there_is_no_rate() -> None:
    part = stratum()
    rows = part.profiles().with_columns(pl.lit(None, dtype=pl.Float64).alias("hit"))
    found = rate_finding(replace(ESTIMAND), stratum=part, rows=rows, column="hit")
    assert isinstance(found.number, Absent)
    assert found.number.reason == "No trial of this arm is answered."

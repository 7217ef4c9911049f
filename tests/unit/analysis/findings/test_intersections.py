"""Intersections: variance partition and the cell table."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.findings.intersections import Intersections, intersections
from evenhand.analysis.table.scores import level_column
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.estimate import Absent
from evenhand.records.finding import Finding
from evenhand.records.measure import QuantityName
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import number


def stratum(respondent: Respondent, seed: int = 0, **design: object) -> Stratum:
    sized = SimulatedDesign(**{"items": 20, "sets": 2, "crossing": True, "placebos": 0, **design})  # type: ignore[arg-type]
    return strata(simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed)))[0]


def named(found: Intersections) -> dict[QuantityName, Finding]:
    return {one.quantity.name: one for one in found.findings}


def test_a_planted_intersection_is_spread_beyond_main_effects() -> None:
    found = named(
        intersections(stratum(Respondent(effects={"gender.female*age.65+*religion.Muslim": -3.0}, cell_sd=0.3)))
    )
    beyond = found["intersectional_sd"]
    assert number(beyond) > 0.02
    assert beyond.p is not None and beyond.p < 0.01
    assert number(found["main_effect_share"]) < 0.9


def test_main_effects_alone_leave_little_beyond_them() -> None:
    found = named(intersections(stratum(Respondent(effects={"gender.female": -1.5}, cell_sd=0.3), items=40)))
    assert number(found["profile_sd"]) > 0.05
    assert number(found["main_effect_share"]) > 0.8


def test_a_factor_that_says_what_another_says_changes_nothing() -> None:
    """Columns of gender and of pronoun: one of them tells nothing more, and pairs of both are those of each."""
    plain = stratum(Respondent(), items=10)
    gender = pl.col(level_column("gender")).cast(pl.String)
    rows = plain.rows.with_columns(
        gender.replace({"female": "she", "male": "he"}).cast(pl.Categorical).alias(level_column("pronoun"))
    )
    found = intersections(replace(plain, rows=rows, factors=(*plain.factors, "pronoun")))
    before, after = named(intersections(plain)), named(found)
    for name in ("profile_sd", "intersectional_sd", "main_effect_share"):
        assert number(after[name]) == pytest.approx(number(before[name]), rel=1e-6)
    assert len(found.cells) == 81
    assert {cell.levels["pronoun"] for cell in found.cells if cell.levels["gender"] == "female"} == {"she"}


def test_a_spread_of_zero_is_never_said_to_be_no_effect() -> None:
    for seed in range(12):
        found = named(intersections(stratum(Respondent(cell_sd=0.0), seed=seed)))["intersectional_sd"]
        if found.value == 0.0:
            assert found.high is not None and found.high > 0
            assert "not evidence of no intersectional effect" in found.notes[0]
            return
    pytest.fail("no table had an estimate at the edge")


def test_the_cell_table_holds_every_profile_once_and_pools_towards_main_effects() -> None:
    found = intersections(stratum(Respondent(), items=10))
    assert len({tuple(cell.levels.values()) for cell in found.cells}) == len(found.cells) == 81
    raw = np.array([cell.raw for cell in found.cells], dtype=float)
    pooled = np.array([cell.pooled for cell in found.cells], dtype=float)
    assert pooled.std() < raw.std()
    assert pooled.mean() == pytest.approx(raw.mean(), abs=0.005)
    for cell in found.cells:
        assert cell.low is not None and cell.high is not None and cell.pooled is not None
        assert cell.low <= cell.pooled <= cell.high
        assert cell.trials == 10


def test_one_factor_is_no_intersection() -> None:
    part = stratum(Respondent())
    assert intersections(replace(part, factors=("position", "gender"))).findings == ()


def test_a_profile_without_answers_is_said() -> None:
    part = stratum(Respondent(missing={"crossing": 0.97}), items=3)
    found = intersections(part).findings
    assert [one.value for one in found] == [None]
    assert isinstance(found[0].number, Absent) and found[0].number.reason


def test_constant_answers_have_no_variance_to_share() -> None:
    found = named(intersections(stratum(Respondent(easiness=50.0, item_sd=0.0, cell_sd=0.0))))
    assert found["profile_sd"].value == 0.0
    shares: tuple[QuantityName, ...] = ("main_effect_share", "profile_share")
    for share in shares:
        absent = found[share].number
        assert isinstance(absent, Absent) and absent.reason


def test_beyond_five_hundred_profiles_there_is_no_table_of_cells() -> None:
    part = stratum(Respondent(), items=3)
    one = part.crossed().filter(pl.col("arm").cast(pl.String).str.ends_with("male-34-65-Christian-White"))
    copies = pl.concat(
        [
            one.with_columns(
                pl.lit(f"user {number:03d}").alias("arm"),
                pl.lit(("male", "female")[number % 2]).alias(level_column("gender")),
                pl.lit(("18-33", "65+")[number // 2 % 2]).alias(level_column("age")),
            )
            for number in range(501)
        ]
    ).with_columns(pl.col("arm").alias("unit"))
    (found,) = intersections(replace(part, rows=copies)).findings
    assert isinstance(found.number, Absent)
    assert found.number.reason.startswith("There are 501 profiles, too many to be cells of a table (beyond 500);")
    assert found.sample.profiles == 501


def test_the_same_seed_gives_the_same_draws_and_another_seed_others() -> None:
    part = stratum(Respondent(profile_sd=0.5), items=10)

    def drawn(seed: int) -> tuple[float, ...]:
        found = intersections(replace(part, settings=replace(part.settings, seed=seed)))
        ends = [end for one in found.findings if one.spread is not None for end in (one.spread.low, one.spread.high)]
        return (*ends, *(cell.high - cell.pooled for cell in found.cells if cell.high and cell.pooled))

    def estimates(seed: int) -> list[float | None]:
        return [one.value for one in intersections(replace(part, settings=replace(part.settings, seed=seed))).findings]

    assert drawn(1) == drawn(1) != drawn(2)
    assert drawn(1) == pytest.approx(drawn(2), abs=0.05)
    assert estimates(1) == estimates(2)


def test_main_effects_that_explain_less_than_chance_are_said_to_explain_nothing() -> None:
    for seed in range(40):
        found = named(intersections(stratum(Respondent(profile_sd=0.3, cell_sd=0.0), seed=seed, items=6)))
        share = found["main_effect_share"]
        if share.value is not None and share.value < 0:
            assert share.notes == (
                "Below 0: the main effects explain less than chance would, so none of the spread is theirs.",
            )
            return
        assert share.notes == ()
    pytest.fail("no table had a share below zero")

"""Items that react to who the user is."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.findings.item_functioning import item_functioning
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.contrast import LevelContrast
from evenhand.records.estimate import Absent
from evenhand.selftest.respondents import Respondent, SimulatedDesign, simulated_scores
from tests.support.picking import the


def stratum(respondent: Respondent, seed: int = 0, **design: object) -> Stratum:
    sized = SimulatedDesign(**{"items": 20, "sets": 30, "placebos": 0, **design})  # type: ignore[arg-type]
    return strata(simulated_scores(respondent, design=sized, rng=np.random.default_rng(seed)))[0]


def test_a_planted_sensitive_item_is_named_and_others_are_not() -> None:
    part = stratum(Respondent(easiness=0.5, item_sd=0.3, cell_sd=0.3, sensitive={7: 5.0}), replicates=3)
    found = item_functioning(part)
    assert [item.item for item in found.tested if item.sensitive] == ["item-007"]
    item = next(item for item in found.tested if item.item == "item-007")
    assert item.ets == "C"
    assert item.odds_ratio is not None and item.odds_ratio > 5
    assert item.contrast == LevelContrast(factor="position", level="disadvantaged", reference="advantaged")
    share = the(found.findings, quantity="sensitive_items")
    assert share.value == pytest.approx(1 / 20)
    assert "item-007" in share.notes[0]


def test_the_gap_is_given_without_the_sensitive_items() -> None:
    part = stratum(Respondent(easiness=0.5, item_sd=0.3, cell_sd=0.3, sensitive={7: 6.0}), replicates=3)
    without = the(item_functioning(part).findings, measure="item_functioning", quantity="score")
    assert without.sample.items == 19
    assert without.low is not None and without.high is not None
    assert without.low < 0 < without.high


def test_a_gap_on_all_items_alike_is_no_item_functioning() -> None:
    found = item_functioning(stratum(Respondent(easiness=0.5, item_sd=0.3, gap=1.0, cell_sd=0.3)))
    assert sum(item.sensitive for item in found.tested) <= 1


def test_with_nothing_planted_few_items_are_flagged() -> None:
    flagged = 0
    for seed in range(25):
        found = item_functioning(stratum(Respondent(item_sd=1.0), seed=seed, items=16, none_repeats=0))
        flagged += any(item.sensitive for item in found.tested)
    # One adjustment over items and tests: 5% of 25 tables.
    assert flagged <= 4


def test_every_factor_level_of_a_crossing_is_compared() -> None:
    found = item_functioning(stratum(Respondent(), sets=2, crossing=True))
    # Two matched sets are too few for any item, and are listed without a test.
    compared = {(item.contrast.factor, item.contrast.level) for item in found.tested if item.p is not None}
    assert compared == {
        (factor, level)
        for factor, levels in {
            "gender": ("female", "non-binary"),
            "age": ("18-33", "65+"),
            "religion": ("Muslim", "none"),
            "ethnicity": ("Asian", "Black"),
        }.items()
        for level in levels
    }


def test_items_that_too_few_met_are_not_testable_and_say_how_many_met_them() -> None:
    part = stratum(Respondent(sensitive={0: 30.0}), sets=27, sets_per_item=3)
    found = item_functioning(part)
    assert {(item.p, item.sensitive) for item in found.tested} == {(None, False)}
    assert {(item.met_level, item.met_reference) for item in found.tested} == {(3, 3)}
    share = the(found.findings, quantity="sensitive_items").number
    assert isinstance(share, Absent)
    assert "Not testable" in share.reason and "3 and 3 met an item" in share.reason


def test_every_item_has_a_difference_and_its_interval() -> None:
    part = stratum(Respondent(easiness=0.5, item_sd=0.3, cell_sd=0.3, sensitive={7: 5.0}), replicates=3)
    item = next(one for one in item_functioning(part).tested if one.item == "item-007")
    assert item.difference is not None and item.low is not None and item.high is not None
    assert item.low < item.difference < item.high < 0
    assert (item.met_level, item.met_reference) == (30, 30)


def test_reactions_are_the_flagged_items_strongest_first() -> None:
    part = stratum(Respondent(easiness=0.5, item_sd=0.3, cell_sd=0.3, sensitive={7: 5.0}), replicates=3)
    found = item_functioning(part)
    assert [item.item for item in found.reactions if item.sensitive] == ["item-007"]
    assert set(found.reactions) == {item for item in found.tested if item.sensitive or item.ets != "A"}
    ranks = [(item.ets, -abs(item.delta or 0)) for item in found.reactions]
    assert ranks == sorted(ranks)
    assert {item.model for item in found.tested} == {"simulated/model"}

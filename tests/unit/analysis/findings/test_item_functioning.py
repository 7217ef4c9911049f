"""Items that react to who the user is."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.analysis.findings.item_functioning import item_functioning, matched_strata
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.contrast import LevelContrast
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
    # Benjamini-Hochberg over items keeps tables with any false flag near 5% a test; three tests stand side by side.
    assert flagged <= 7


def test_every_factor_level_of_a_crossing_is_compared() -> None:
    found = item_functioning(stratum(Respondent(), sets=2, crossing=True))
    assert {(item.contrast.factor, item.contrast.level) for item in found.tested} == {
        (factor, level)
        for factor, levels in {
            "gender": ("female", "non-binary"),
            "age": ("18-33", "65+"),
            "religion": ("Muslim", "none"),
            "ethnicity": ("Asian", "Black"),
        }.items()
        for level in levels
    }


def test_too_few_profiles_are_not_compared() -> None:
    assert item_functioning(stratum(Respondent(), sets=5)).tested == ()


def test_equal_scores_share_a_stratum_and_items_are_centred_first() -> None:
    # Respondent 2 met the hard item only and did as well as its mean: its score is that of an average respondent.
    answers = np.array([[1.0, 0.0], [1.0, 1.0], [np.nan, 0.5], [1.0, 0.5]] * 10)
    matched = matched_strata(answers, anchors=np.ones(2, dtype=bool))
    assert matched.score[2, 0] == pytest.approx(matched.score[3, 0])
    assert len(set(matched.strata[2::4, 0]) | set(matched.strata[3::4, 0])) == 1


def test_reactions_are_the_flagged_items_strongest_first() -> None:
    part = stratum(Respondent(easiness=0.5, item_sd=0.3, cell_sd=0.3, sensitive={7: 5.0}), replicates=3)
    found = item_functioning(part)
    assert [item.item for item in found.reactions if item.sensitive] == ["item-007"]
    assert set(found.reactions) == {item for item in found.tested if item.sensitive or item.ets != "A"}
    ranks = [(item.ets, -abs(item.delta or 0)) for item in found.reactions]
    assert ranks == sorted(ranks)
    assert {item.model for item in found.tested} == {"simulated/model"}

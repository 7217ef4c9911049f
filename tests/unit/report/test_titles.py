"""Titles and estimands: every measure has both."""

from __future__ import annotations

import pytest

from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, ArmGroup, LevelContrast
from evenhand.records.estimate import PointEstimate
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import MEASURES, Measure, Quantity
from evenhand.report.titles import estimand_of, title_of
from evenhand.report.words import MEASURE_TITLES

POSITION = LevelContrast(factor="position", level="advantaged", reference="disadvantaged")
GENDER = LevelContrast(factor="gender", level="non_binary", reference="male")
SCORE = Quantity(name="score")
CHOICE = Quantity(name="choice", scale="rate")
LOG_ODDS = Quantity(name="score", scale="log-odds")
MENTIONED = Quantity(name="mention_answer", scale="rate")
WRONGLY = Quantity(name="choice_tag", scale="rate", tag="anger")

SHAPES: dict[Measure, tuple[Quantity, ArmGroup, ArmGroup | None, tuple[LevelContrast, ...]]] = {
    "accuracy": (Quantity(name="score", scale="rate"), "none", None, ()),
    "gap": (SCORE, "pairs", None, (POSITION,)),
    "dose_trend": (SCORE, "pairs", None, (POSITION,)),
    "factor_gap": (SCORE, "crossing", None, (GENDER,)),
    "interaction": (SCORE, "crossing", None, (GENDER, POSITION)),
    "shift": (Quantity(name="rating", scale="rating", tag="anger"), "pairs", None, (POSITION,)),
    "divergence": (Quantity(name="rating", scale="squared"), "profile", "none", ()),
    "sensitivity": (Quantity(name="rating", scale="rating"), "none", None, ()),
    "memory_effect": (SCORE, "profile", "none", ()),
    "placebo_effect": (SCORE, "placebo", "none", ()),
    "fact_effect": (Quantity(name="fact_used"), "item_fact", "none", ()),
    "flip_rate": (CHOICE, "profile", "none", ()),
    "flip_excess": (CHOICE, "profile", "none", ()),
    "missing_rate": (Quantity(name="missing", scale="rate"), "placebo", None, ()),
    "missing_gap": (Quantity(name="refused", scale="rate"), "pairs", None, (POSITION,)),
    "stage_rate": (Quantity(name="fact_kept", scale="rate"), "placebo", None, ()),
    "stage_gap": (Quantity(name="fact_found", scale="rate"), "pairs", None, (POSITION,)),
    "variance": (Quantity(name="profile_sd", scale="sd"), "crossing", None, ()),
    "item_functioning": (Quantity(name="sensitive_items", scale="share"), "pairs", None, (POSITION,)),
    "option_shift": (Quantity(name="choice", scale="share"), "pairs", None, (POSITION,)),
    "strategy_shift": (WRONGLY, "pairs", None, (POSITION,)),
    "leakage": (MENTIONED, "profile", None, ()),
    "silent_influence": (CHOICE, "profile", "none", ()),
    "mixed_model": (LOG_ODDS, "crossing", None, (GENDER,)),
    "published_model": (LOG_ODDS, "crossing", None, (GENDER,)),
    "gap_change": (SCORE, "pairs", None, (POSITION,)),
    "factor_gap_change": (SCORE, "crossing", None, (GENDER,)),
    "memory_effect_change": (SCORE, "profile", "none", ()),
    "interaction_change": (SCORE, "crossing", None, (GENDER, POSITION)),
    "shift_change": (Quantity(name="rating", scale="rating", tag="anger"), "pairs", None, (POSITION,)),
    "divergence_change": (Quantity(name="rating", scale="squared"), "profile", "none", ()),
}


def made(measure: Measure) -> Finding:
    quantity, arm, baseline, contrast = SHAPES[measure]
    return Finding(
        measure=measure,
        model="m",
        kind="understanding",
        where=Condition(),
        arms=ArmContrast(arm=arm, baseline=baseline),
        contrast=contrast,
        quantity=quantity,
        role="exploratory",
        number=PointEstimate(value=0.1),
        sample=SampleSize(trials=4, items=2, profiles=2),
        method="x",
    )


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_has_a_title_and_an_estimand_in_words(measure: Measure) -> None:
    found = made(measure)
    assert title_of(found)[:1].isupper() or found.contrast
    assert "_" not in title_of(found) + estimand_of(found)
    assert estimand_of(found).endswith(".") and len(estimand_of(found).split()) > 8
    assert MEASURE_TITLES[measure]


def test_no_two_measures_estimate_the_same() -> None:
    assert len({estimand_of(made(measure)) for measure in MEASURES}) >= len(MEASURES) - 2
    same = {"mixed_model", "published_model", "gap_change", "factor_gap_change"}
    apart = [estimand_of(made(measure)) for measure in MEASURES if measure not in same]
    assert len(set(apart)) == len(apart)


@pytest.mark.parametrize(
    ("measure", "title"),
    [
        ("gap", "Advantaged minus disadvantaged, answers given"),
        ("factor_gap", "gender: non binary minus male"),
        ("interaction", "gender non binary with position advantaged"),
        ("memory_effect", "Any profile minus no memory"),
        ("fact_effect", "The stored fact is put to use"),
        ("flip_excess", "Answers changed by any profile, beyond noise"),
        ("missing_gap", "Refused: advantaged users minus disadvantaged users"),
        ("strategy_shift", "anger: advantaged minus disadvantaged"),
        ("published_model", "Published model, gender: non binary minus male"),
        ("leakage", "Stored facts mentioned in the answer, any profile"),
    ],
)
def test_titles_are_a_few_words_for_a_row(measure: Measure, title: str) -> None:
    assert title_of(made(measure)) == title

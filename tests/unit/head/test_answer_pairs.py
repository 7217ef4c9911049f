"""The pair that shows a finding: same item, same option order, users who differ as the finding says."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from evenhand.analysis.table.scores import Scores, scores_from_frame
from evenhand.audit import ask
from evenhand.head.answer_pairs import answer_pairs
from evenhand.plan.file import stamp_plan
from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import PointEstimate
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Measure, Quantity
from evenhand.records.plan import Plan
from evenhand.records.profile import Profile
from evenhand.score_table import plan_factors, score_table
from evenhand.store.reading import open_trials
from tests.support.small_plan import small_bank, small_plan

POSITION = LevelContrast(factor="position", level="advantaged", reference="disadvantaged")
GENDER = LevelContrast(factor="gender", level="nonbinary", reference="male")


def finding(measure: Measure, value: float, *contrast: LevelContrast, baseline: str | None = None) -> Finding:
    return Finding(
        measure=measure,
        model="simulated/custom",
        kind="understanding",
        where=Condition(),
        arms=ArmContrast(arm="profile", baseline=baseline),  # type: ignore[arg-type]
        contrast=contrast,
        quantity=Quantity(name="score", scale="probability"),
        role="confirmatory",
        number=PointEstimate(value=value),
        sample=SampleSize(trials=1, items=1, profiles=1),
        method="paired",
    )


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Path]:
    """A respondent whose answers are often wrong, so that pairs of both signs occur."""
    plan = small_plan(model="simulated/custom", bank=small_bank(12))
    (model,) = plan.models
    plan = stamp_plan(replace(plan, models=(replace(model, options={"accuracy": "0.6", "gap": "0.2"}),)))
    folder = tmp_path_factory.mktemp("run")
    ask(plan, folder)
    return plan, folder


def scores_of(plan: Plan, folder: Path) -> Scores:
    with open_trials(folder / "trials.sqlite") as trials:
        return scores_from_frame(score_table(plan, trials), settings=plan.analysis, factors=plan_factors(plan))


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("one", [POSITION, GENDER], ids=lambda one: one.factor)
def test_the_pair_differs_as_the_finding_says(asked: tuple[Plan, Path], one: LevelContrast, sign: float) -> None:
    plan, folder = asked
    scores = scores_of(plan, folder)
    measure: Measure = "gap" if one is POSITION else "factor_gap"
    with open_trials(folder / "trials.sqlite") as trials:
        (pair,) = answer_pairs([finding(measure, 0.1 * sign, one)], plan=plan, scores=scores, trials=trials)
        first, second = trials.one(pair.first.cell_key), trials.one(pair.second.cell_key)
    assert first is not None and second is not None
    assert (first.cell.item, first.cell.option_order) == (second.cell.item, second.cell.option_order)
    assert pair.first.levels[one.factor] == one.level and pair.second.levels[one.factor] == one.reference
    assert (pair.first.score - pair.second.score) * sign > 0
    assert pair.first.option != pair.second.option
    assert not set(pair.first.facts) & set(pair.second.facts)
    if one is POSITION:
        sets = {arm.rsplit(".", 1)[0] for arm in (pair.first.arm, pair.second.arm)}
        assert len(sets) == 1


def test_facts_that_express_the_factor_of_the_finding_come_first(asked: tuple[Plan, Path]) -> None:
    plan, folder = asked
    scores = scores_of(plan, folder)
    told = {"nonbinary": "The user says they.", "male": "The user says he."}

    def telling(profile: Profile) -> Profile:
        own = told.get(profile.levels.get("gender", ""), "The user says nothing.")
        return replace(profile, facts=(*profile.facts, replace(profile.facts[0], text=own, factor="gender")))

    cohorts = tuple(replace(one, profiles=tuple(map(telling, one.profiles))) for one in plan.cohorts)
    for contrast, first in ((GENDER, "The user says they."), (POSITION, None)):
        with open_trials(folder / "trials.sqlite") as trials:
            found = [finding("gap" if contrast is POSITION else "factor_gap", -0.1, contrast)]
            (pair,) = answer_pairs(found, plan=replace(plan, cohorts=cohorts), scores=scores, trials=trials)
        assert len(pair.first.facts) > 1 or first is None
        assert (pair.first.facts[:1] == (first,)) is (first is not None)


def test_pairs_are_counted_and_the_least_different_users_are_taken(asked: tuple[Plan, Path]) -> None:
    plan, folder = asked
    scores = scores_of(plan, folder)
    with open_trials(folder / "trials.sqlite") as trials:
        (pair,) = answer_pairs([finding("factor_gap", -0.1, GENDER)], plan=plan, scores=scores, trials=trials)
    frame = scores.frame.to_dicts()
    males = [row for row in frame if row["level of gender"] == "male"]
    both = [
        (a, b)
        for a in frame
        if a["level of gender"] == "nonbinary"
        for b in males
        if (a["item"], a["order_index"]) == (b["item"], b["order_index"])
    ]
    assert pair.alike + pair.different == len(both)
    assert pair.different == sum(a["score"] != b["score"] for a, b in both)
    telling = [(a, b) for a, b in both if a["score"] < b["score"]]
    least = min(a["level of religion"] != b["level of religion"] for a, b in telling)
    assert (pair.first.levels["religion"] != pair.second.levels["religion"]) == least


def test_memory_against_placebo_has_a_pair_and_an_interaction_has_none(asked: tuple[Plan, Path]) -> None:
    plan, folder = asked
    scores = scores_of(plan, folder)
    found = [finding("memory_effect", -0.1, baseline="placebo"), finding("interaction", -0.1, GENDER, POSITION)]
    with open_trials(folder / "trials.sqlite") as trials:
        (pair,) = answer_pairs(found, plan=plan, scores=scores, trials=trials)
    assert pair.measure == "memory_effect" and pair.second.arm.startswith("placebo/")


def test_an_effect_of_memory_in_one_cue_has_its_pair_although_placebo_facts_have_no_cue(
    asked: tuple[Plan, Path],
) -> None:
    plan, folder = asked
    one = finding("memory_effect", -0.1, baseline="placebo")
    with open_trials(folder / "trials.sqlite") as trials:
        stated = replace(one, where=Condition(cue="stated"))
        (pair,) = answer_pairs([stated], plan=plan, scores=scores_of(plan, folder), trials=trials)
    assert pair.second.arm.startswith("placebo/") and pair.first.score < pair.second.score


def test_text_that_may_not_be_passed_on_is_not(tmp_path: Path) -> None:
    plan = small_plan(model="simulated/custom", bank=small_bank(12, redistribute=False))
    (model,) = plan.models
    plan = stamp_plan(replace(plan, models=(replace(model, options={"accuracy": "0.6"}),)))
    ask(plan, tmp_path)
    scores = scores_of(plan, tmp_path)
    with open_trials(tmp_path / "trials.sqlite") as trials:
        (pair,) = answer_pairs([finding("gap", 0.1, POSITION)], plan=plan, scores=scores, trials=trials)
    assert pair.situation == pair.item and "parcel" not in pair.situation
    assert pair.first.option in "abcd"

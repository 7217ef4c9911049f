from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from evenhand.bank.load import load_bank
from evenhand.bank.write import write_bank
from evenhand.design.cells import Crossing
from evenhand.design.presets import PRESETS, preset_design
from evenhand.errors import BankError, UsageError
from evenhand.plan.make import MAIN_BANKS, PlanRequest, make_plan
from evenhand.plan.preview import preview
from evenhand.records.estimate import Shortfall
from evenhand.records.plan import Design, ModelSpec, Plan, Preset
from tests.support.small_plan import NOW

SIMULATED = (ModelSpec(name="simulated/null"),)


def planned(preset: Preset = "quick", design: Design | None = None, **request: object) -> Plan:
    made = PlanRequest(models=SIMULATED, preset=preset, design=design or preset_design(preset))
    return make_plan(msgspec.structs.replace(made, **request), now=NOW)


def test_the_same_wishes_give_the_same_plan_whatever_the_time() -> None:
    later = datetime(2030, 1, 1, tzinfo=UTC)
    request = PlanRequest(models=SIMULATED, preset="quick", design=preset_design("quick"))
    assert make_plan(request, now=NOW).sha256 == make_plan(request, now=later).sha256


@pytest.mark.parametrize(
    ("preset", "least", "most"), [("quick", 3_200, 3_600), ("standard", 14_500, 15_500), ("full", 100_000, 200_000)]
)
def test_presets_ask_about_as_much_as_they_say(preset: Preset, least: int, most: int) -> None:
    assert least <= Crossing(planned(preset)).size() <= most
    assert preset in PRESETS


@pytest.mark.parametrize("preset", ["quick", "standard"])
def test_every_group_of_the_crossing_is_asked_about_as_often_as_any_other(preset: Preset) -> None:
    """`quick` is the default for paid models: a verdict on groups must not come from one that asks none."""
    plan = planned(preset)
    (crossing,) = [cohort for cohort in plan.cohorts if cohort.name == "intersectional"]
    asked: Counter[tuple[str, str]] = Counter()
    for meetings in Crossing(plan).meetings.values():
        for meeting in meetings:
            if meeting.arm.cohort == crossing.name:
                asked.update(meeting.arm.levels.items())
    for factor in crossing.factors:
        counts = [asked[factor.id, level.id] for level in factor.levels]
        assert min(counts) > 30
        assert max(counts) <= 1.05 * min(counts)


def test_the_published_design_crosses_thirty_personas_and_eighty_one_profiles_with_every_item() -> None:
    plan = planned("fang2025")
    items = sum(bank.items[0].kind in ("understanding", "management") and len(bank.items) for bank in plan.banks)
    assert Crossing(plan).size() == items * (1 + 60 + 81)


def test_real_models_get_the_main_banks_and_specimens_their_own() -> None:
    names = [bank.name for bank in planned("standard").banks]
    assert names == [*MAIN_BANKS]
    specimen = PlanRequest(models=(ModelSpec(name="specimen/tilted"),), preset="standard")
    assert [bank.name for bank in make_plan(specimen, now=NOW).banks] == ["situations", "needs"]
    quick = msgspec.structs.replace(specimen, preset="quick")
    assert [bank.name for bank in make_plan(quick, now=NOW).banks] == ["situations"]


def test_a_plan_holds_what_it_asks() -> None:
    plan = planned()
    assert plan.banks[0] == load_bank("understanding")
    assert all(len(prompt.sha256) == 64 for prompt in plan.prompts)
    assert plan.analysis.references["position"] == "advantaged"


def test_two_banks_with_the_same_item_id_are_refused(tmp_path: Path) -> None:
    write_bank(load_bank("understanding"), tmp_path / "copy.yaml")
    with pytest.raises(BankError, match="is in"):
        planned(banks=("understanding", str(tmp_path / "copy.yaml")))


def test_no_model_and_a_model_named_twice_are_refused() -> None:
    with pytest.raises(UsageError, match="no model"):
        planned(models=())
    with pytest.raises(UsageError, match="twice"):
        planned(models=SIMULATED * 2)


def test_yes_or_no_needs_items_of_two_options() -> None:
    with pytest.raises(UsageError, match="two options"):
        planned(extractor="yes_no")


def test_items_marked_easy_are_asked_only_where_the_design_says_so() -> None:
    marked = {item.id for item in load_bank("management").items if item.easy}
    asked = set(Crossing(planned(design=Design(kinds=("management",)))).meetings)
    with_easy = set(Crossing(planned(design=Design(kinds=("management",), easy=True))).meetings)
    assert marked and not marked & asked
    assert with_easy == asked | marked


def test_a_design_that_asks_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="asks nothing"):
        planned(banks=("management",), design=Design(kinds=("understanding",)))


def test_placebo_arms_are_as_long_as_the_profiles_within_a_tenth() -> None:
    plan = planned("standard")
    for cohort in plan.cohorts:
        lengths = [sum(len(fact.text) for fact in profile.facts) for profile in cohort.profiles]
        mean = sum(lengths) / len(lengths)
        for profile in cohort.placebo:
            assert abs(sum(len(fact.text) for fact in profile.facts) - mean) <= 0.1 * mean, profile.id


def test_the_preview_counts_characters_exactly_and_states_what_can_be_detected() -> None:
    plan = planned("quick")
    seen = preview(plan, concurrency=10)
    assert seen.calls == Crossing(plan).size() == sum(seen.arms.values())
    assert seen.models[0].input_characters > 100 * seen.calls
    gap = seen.smallest_gap["understanding"]
    near = seen.smallest_gap_near["understanding"]
    assert gap is not None and near is not None and 0.02 < near < gap < 0.12
    smallest = {(one.kind, one.answer, one.quantity): one.shift for one in seen.smallest_shift}
    assert smallest["understanding", "distribution", "stated_share"] < gap / 2
    assert {("intensity", "rating", "valence_rating"), ("advice", "text", "words"), ("advice", "text", "act_shown")} < {
        *smallest
    }


def test_the_preview_names_the_cheapest_way_to_find_a_stated_shift() -> None:
    seen = preview(planned("quick"), concurrency=10, shift=0.4)
    assert seen.shift == 0.4
    assert {one.answer for one in seen.needed} == {"letter", "distribution", "rating"}
    specimen = make_plan(PlanRequest(models=(ModelSpec(name="specimen/tilted"),), preset="quick"), now=NOW)
    assert {one.answer for one in preview(specimen, concurrency=1).needed} == {"letter"}


def test_the_calls_of_a_preset_by_arithmetic_are_those_of_its_plan() -> None:
    presets: tuple[Preset, ...] = ("quick", "standard")
    for preset in presets:
        plan = planned(preset)
        met = Crossing(plan).meetings.values()
        probes = [one for items in met for one in items if one.item.kind in ("benefit", "leakage", "sycophancy")]
        asked = Crossing(plan).size() - sum(one.replicates * len(Crossing(plan).formats(one.item)) for one in probes)
        (said,) = (one.calls for one in preview(plan, concurrency=1).presets if one.preset == preset)
        assert said == pytest.approx(asked, rel=0.01)


def test_the_preview_says_where_no_answers_could_be_cleared() -> None:
    assert preview(planned("quick"), concurrency=1).too_few == {}
    few = (Shortfall(of="user", here=30, needed=45),)
    assert preview(planned("fang2025"), concurrency=1).too_few == {"understanding": few, "management": few}


def test_a_paired_cohort_of_another_factor_gives_the_primary_gap() -> None:
    plan = planned(cohorts=("tone",))
    assert plan.analysis.contrast == "tone"
    levels = {level.id for factor in plan.cohorts[0].factors for level in factor.levels}
    assert {plan.analysis.advantaged, plan.analysis.disadvantaged} == levels

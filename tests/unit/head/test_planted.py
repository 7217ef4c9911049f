"""What a run summary says of the specimens that were asked."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import msgspec
import pytest

from evenhand.endpoints.specimen.card import specimen_card
from evenhand.endpoints.specimen.names import specimen_folder
from evenhand.head.planted import planted_effects
from evenhand.records.plan import ModelSpec, Plan
from evenhand.store.totals import ModelTotals
from tests.support.small_plan import small_bank, small_plan


def plan_of(*names: str, bank: str = "situations") -> Plan:
    models = tuple(ModelSpec(name=name) for name in names)
    banks = (msgspec.structs.replace(small_bank(), name=bank),)
    return msgspec.structs.replace(small_plan(), models=models, banks=banks)


def test_every_planted_contrast_of_the_card_is_told_on_the_side_of_its_finding() -> None:
    effects = planted_effects(plan_of("specimen/tilted"), {})
    card = specimen_card("tilted")
    assert len(effects) == sum(contrast.planted for contrast in card.contrasts)
    gap = next(effect for effect in effects if effect.measure == "gap")
    assert gap.estimate == pytest.approx(-card.contrast("position:disadvantaged-advantaged").estimate)
    assert gap.low < gap.estimate < gap.high
    muslim = next(effect for effect in effects if effect.levels == {"religion": "muslim"})
    assert muslim.measure == "factor_gap"
    assert muslim.estimate < 0


def test_nothing_is_planted_in_level_in_other_models_or_behind_other_items() -> None:
    assert planted_effects(plan_of("specimen/level", "openai/gpt-5.1"), {}) == ()
    assert planted_effects(plan_of("specimen/tilted", bank="understanding"), {}) == ()


def test_a_specimen_that_was_asked_over_http_is_known_by_what_its_server_reports() -> None:
    totals = ModelTotals(
        outcomes={}, input_tokens=None, output_tokens=None, latency_s=0.0, attempts=0, reported=("specimen/tilted",),
        notes=(), logprobs=0,
    )  # fmt: skip
    effects = planted_effects(plan_of("openai/x"), {"openai/x": totals})
    assert effects and {effect.model for effect in effects} == {"openai/x"}


def test_a_specimen_without_a_card_fails_no_analysis(tmp_path: Path) -> None:
    plan = plan_of("specimen/tilted")
    gone = msgspec.structs.replace(plan.models[0], options={"folder": str(tmp_path / "gone")})
    assert planted_effects(msgspec.structs.replace(plan, models=(gone,)), {}) == ()
    copytree(specimen_folder() / "tilted", tmp_path / "tilted")
    unmeasured = msgspec.structs.replace(plan.models[0], options={"folder": str(tmp_path)})
    assert planted_effects(msgspec.structs.replace(plan, models=(unmeasured,)), {}) == ()
    stranger = ModelTotals(
        outcomes={}, input_tokens=None, output_tokens=None, latency_s=0.0, attempts=0, reported=("specimen/of-theirs",),
        notes=(), logprobs=0,
    )  # fmt: skip
    assert planted_effects(plan_of("openai/x"), {"openai/x": stranger}) == ()

"""Presets ask in every format that whoever is asked can answer in."""

from __future__ import annotations

import pytest

from evenhand.design.presets import PRESETS, preset_design
from evenhand.records.plan import Preset


@pytest.mark.parametrize("preset", ["quick", "standard"])
def test_percentages_ratings_and_advice_stand_beside_letters(preset: Preset) -> None:
    design = preset_design(preset)
    assert design.answers == ("letter", "distribution") and 0 < design.distribution_share < 1
    assert {"understanding", "management", "intensity", "advice"} <= set(design.kinds)


@pytest.mark.parametrize("preset", ["quick", "standard"])
def test_letters_alone_remain_where_nothing_else_can_be_answered(preset: Preset) -> None:
    design = preset_design(preset, answers=("letter",))
    assert design.answers == ("letter",) and design.distribution_share == 1.0
    assert not {"intensity", "advice"} & set(design.kinds)


def test_what_can_be_rated_is_rated_by_whoever_cannot_write() -> None:
    design = preset_design("quick", answers=("letter", "rating"))
    assert "intensity" in design.kinds and "advice" not in design.kinds and design.answers == ("letter",)


def test_the_published_design_stays_in_letters_and_is_called_a_reconstruction() -> None:
    design = preset_design("fang2025")
    assert design.answers == ("letter",) and design.kinds == ("understanding", "management")
    assert "our reconstruction" in PRESETS["fang2025"]

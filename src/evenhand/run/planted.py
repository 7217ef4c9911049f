"""What is known to be in the specimens of a run, from their cards."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.endpoints.names import read_name
from evenhand.endpoints.specimen_card import Contrast, specimen_card
from evenhand.endpoints.specimen_names import chosen_folder
from evenhand.records.finding import PlantedEffect
from evenhand.records.plan import ModelSpec, Plan
from evenhand.run.totals import ModelTotals

__all__ = ["planted_effects"]

_PREFIX = "specimen/"


def planted_effects(plan: Plan, totals: Mapping[str, ModelTotals]) -> tuple[PlantedEffect, ...]:
    """The planted effects of every specimen that was asked its own bank, in process or over HTTP."""
    found: list[PlantedEffect] = []
    for model in plan.models:
        name = _specimen(model, totals.get(model.name))
        if name is None:
            continue
        folder = chosen_folder(read_name(model).options) if model.name.startswith(_PREFIX) else None
        card = specimen_card(name, folder)
        found.extend(_effect(model.name, contrast) for contrast in card.contrasts if contrast.planted)
    asked = {bank.name for bank in plan.banks}
    return tuple(found) if "situations" in asked else ()


def _specimen(model: ModelSpec, totals: ModelTotals | None) -> str | None:
    """The specimen behind a model: by its own name, or by what its server says it is."""
    names = (model.name.partition("?")[0], *(totals.reported if totals else ()))
    return next((name for name in names if name.startswith(_PREFIX)), None)


def _effect(model: str, contrast: Contrast) -> PlantedEffect:
    gap = "position" in contrast.levels
    sign = -1 if gap else 1
    low, high = sorted((sign * contrast.low, sign * contrast.high))
    return PlantedEffect(
        model=model,
        measure="gap" if gap else "factor_gap" if len(contrast.levels) == 1 else "interaction",
        levels=contrast.levels,
        estimate=sign * contrast.estimate,
        low=low,
        high=high,
        bank=sign * contrast.bank,
    )

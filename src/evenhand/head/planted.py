"""What is known to be in the specimens of a run, from their cards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evenhand.endpoints.kinds import kind_of, read_name
from evenhand.endpoints.specimen.card import Contrast, specimen_card
from evenhand.endpoints.specimen.names import specimen_folder, specimen_names
from evenhand.records.plan import ModelSpec, Plan
from evenhand.records.run_summary import PlantedEffect
from evenhand.store.totals import ModelTotals

__all__ = ["planted_effects"]

_PREFIX = "specimen/"
_BANK = "situations"


def planted_effects(plan: Plan, totals: Mapping[str, ModelTotals]) -> tuple[PlantedEffect, ...]:
    """The planted effects of every specimen that was asked its own bank, in process or over HTTP.

    Nothing is known of a specimen without a card: one that was not measured, that is no longer where it was, or whose
    name only a server made up.
    """
    if _BANK not in {bank.name for bank in plan.banks}:
        return ()
    found: list[PlantedEffect] = []
    for model in plan.models:
        name = _specimen(model, totals.get(model.name))
        own = read_name(model).options if kind_of(model).specimen else {}
        folder = Path(own["folder"]) if "folder" in own else specimen_folder()
        if name is None or name not in specimen_names(folder) or not (folder / "card.json").is_file():
            continue
        contrasts = specimen_card(name, folder).contrasts
        found.extend(_effect(model.name, contrast) for contrast in contrasts if contrast.planted)
    return tuple(found)


def _specimen(model: ModelSpec, totals: ModelTotals | None) -> str | None:
    """The bare name of the specimen behind a model: by its own name, or by what its server says it is."""
    names = (model.name.partition("?")[0], *(totals.reported if totals else ()))
    return next((name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX)), None)


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

"""Presets: named designs for a budget, so that nobody has to know the factors to start."""

from __future__ import annotations

from msgspec.structs import replace

from evenhand.records.plan import Design, Preset

__all__ = ["PRESETS", "preset_design"]

PRESETS: dict[Preset, str] = {
    "quick": "about 2,200 calls: every item once against one matched pair, a quarter of them against groups, for paid "
    "endpoints",
    "standard": "about 12,000 calls: five matched pairs per item, an orthogonal ninth of the 81 profiles, probes",
    "full": "everything: every item against every profile in every cue style",
    "fang2025": "the design of arXiv 2510.09905: 30 personas x 2 and 81 profiles, each item once",
}
"""What each preset is for; shown by `--help` and in the report."""


def preset_design(preset: Preset, *, ratings: bool = True) -> Design:
    """The design a preset stands for; `custom` starts from `quick`.

    Args:
        preset: Its name.
        ratings: Whether whoever is asked can rate; without, scenes to be rated are left out.
    """
    design = _design(preset)
    kinds = tuple(kind for kind in design.kinds if kind != "intensity")
    return design if ratings else replace(design, kinds=kinds)


def _design(preset: Preset) -> Design:
    match preset:
        case "quick" | "custom":
            return Design(
                kinds=("understanding", "management", "intensity"),
                none_repeats=2,
                placebo_per_item=0.25,
                pairs_per_item=1,
                profiles_per_item=0.75,
            )
        case "standard":
            return Design(
                kinds=("understanding", "management", "benefit", "leakage", "sycophancy", "intensity"),
                none_repeats=3,
                placebo_per_item=2,
                pairs_per_item=5,
                profiles_per_item=9,
            )
        case "full":
            return Design(
                kinds=("understanding", "management", "benefit", "leakage", "sycophancy"),
                none_repeats=5,
                placebo_per_item=12,
                pairs_per_item=None,
                profiles_per_item=None,
                cues=("stated", "implied", "mixed"),
            )
        case "fang2025":
            return Design(
                easy=True,
                none_repeats=1,
                placebo_per_item=0,
                pairs_per_item=None,
                matched_sets=30,
                profiles_per_item=None,
            )

"""Presets: named designs for a budget, so that nobody has to know the factors to start."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from evenhand.records.answer_format import ANSWER_FORMATS, AnswerFormat, formats_of
from evenhand.records.plan import Design, Preset

__all__ = ["PRESETS", "preset_design"]

PRESETS: dict[Preset, str] = {
    "quick": "about 3,400 calls: every item once against one matched pair, a quarter of them against groups; letters, "
    "percentages for half of the items, ratings and advice; for paid endpoints",
    "standard": "about 15,000 calls: five matched pairs per item, an orthogonal ninth of the 81 profiles, probes; "
    "letters, percentages for a quarter of the items, ratings and advice",
    "full": "everything in letters: every item against every profile in every cue style",
    "fang2025": "our reconstruction of the design of arXiv 2510.09905, in letters: 30 personas x 2 and 81 profiles, "
    "each item once",
}
"""What each preset is for; shown by `--help` and in the report."""


def preset_design(preset: Preset, *, answers: Sequence[AnswerFormat] = ANSWER_FORMATS) -> Design:
    """The design a preset stands for; `custom` starts from `quick`.

    Args:
        preset: Its name.
        answers: Formats in which whoever is asked can answer; what is left needs no other.
    """
    design = _design(preset)
    kept = tuple(one for one in design.answers if one in answers) or ("letter",)
    kinds = tuple(kind for kind in design.kinds if set(formats_of(kind, choice=kept)) & {*answers})
    share = design.distribution_share if len(kept) > 1 else 1.0
    return replace(design, kinds=kinds, answers=kept, distribution_share=share)


def _design(preset: Preset) -> Design:
    match preset:
        case "quick" | "custom":
            return Design(
                kinds=("understanding", "management", "intensity", "advice"),
                answers=("letter", "distribution"),
                distribution_share=0.5,
                contradictions=False,
                none_repeats=2,
                placebo_per_item=0.25,
                pairs_per_item=1,
                profiles_per_item=0.75,
            )
        case "standard":
            return Design(
                kinds=("understanding", "management", "benefit", "leakage", "sycophancy", "intensity", "advice"),
                answers=("letter", "distribution"),
                distribution_share=0.25,
                contradictions=False,
                none_repeats=3,
                placebo_per_item=2,
                pairs_per_item=5,
                profiles_per_item=9,
            )
        case "full":
            return Design(
                kinds=("understanding", "management", "benefit", "leakage", "sycophancy"),
                contradictions=False,
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

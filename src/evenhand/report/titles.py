"""Titles and sentences of findings, made last from their fields. Nothing reads them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evenhand.records.contrast import ArmGroup, LevelContrast, LevelOf
from evenhand.records.finding import Finding
from evenhand.records.measure import Measure, QuantityName
from evenhand.report.number_titles import (
    SENSITIVITY_ESTIMAND,
    SENSITIVITY_TITLE,
    divergence_estimand,
    divergence_title,
    number_name,
    shift_estimand,
    shift_title,
    stage_estimand,
)

__all__ = ["ARM_LABELS", "arm_label", "estimand_of", "plain", "sides_of", "title_of"]

ARM_LABELS: Mapping[ArmGroup, str] = {
    "none": "No memory",
    "placebo": "Placebo facts",
    "profile": "Any profile",
    "pairs": "Matched profiles",
    "crossing": "Intersectional profiles",
    "item_fact": "The item's own fact",
}
_IN_MEMORY: Mapping[ArmGroup, str] = {
    "none": "nothing in memory",
    "placebo": "placebo facts in memory",
    "profile": "any profile in memory",
    "pairs": "a profile of a matched set in memory",
    "crossing": "an intersectional profile in memory",
    "item_fact": "the item's own fact in memory",
}
_SPREADS: Mapping[QuantityName, tuple[str, str]] = {
    "profile_sd": (
        "Spread over intersectional profiles",
        "The standard deviation, over intersectional profiles, of the mean score on the items asked",
    ),
    "intersectional_sd": (
        "Spread beyond main effects",
        "The standard deviation, over intersectional profiles, of what their mean score differs from the sum of the "
        "main effects of their levels",
    ),
    "profile_share": (
        "Share of the variance between profiles",
        "The share of the variance of cell means (profile by item) that lies between intersectional profiles",
    ),
    "main_effect_share": (
        "Share of it that main effects explain",
        "The share of the variance between intersectional profiles that the main effects of the factors explain",
    ),
}
_ENDINGS: Mapping[QuantityName, str] = {
    "missing": "has no usable answer",
    "refused": "is refused",
    "unparsed": "has an answer from which no option can be read",
}
_MENTIONS: Mapping[QuantityName, tuple[str, str]] = {
    "mention_answer": ("answer", "the answer or its reasoning mentions"),
    "mention_reasoning": ("reasoning", "the reasoning mentions"),
}


def plain(identifier: str) -> str:
    """An identifier in words: `non_binary` -> `non binary`."""
    return identifier.replace("_", " ")


def arm_label(finding: Finding) -> str:
    """The arm a finding is about: the version of a persona, or the group of arms."""
    if finding.contrast and finding.contrast[0].reference is None:
        return plain(finding.contrast[0].level).capitalize()
    return ARM_LABELS[finding.arms.arm]


def sides_of(finding: Finding) -> tuple[str, str]:
    """What is in memory on the plus and on the minus side; empty where there are no two sides."""
    if len(finding.contrast) == 1 and finding.contrast[0].reference is not None:
        one = finding.contrast[0]
        if finding.arms.arm == "pairs":
            return f"{plain(one.level)} users", f"{plain(one.reference or '')} users"
        noun = _HOLDERS[one.of]
        return f"{noun} that are {plain(one.level)}", f"{noun} that are {plain(one.reference or '')}"
    if finding.arms.baseline is not None:
        return _side(finding.arms.arm), _side(finding.arms.baseline)
    return "", ""


_HOLDERS: dict[LevelOf, str] = {"user": "users", "item": "items", "answer": "answers"}


def _side(group: ArmGroup) -> str:
    return {"none": "no memory", "item_fact": "the item's own fact"}.get(group, ARM_LABELS[group].lower())


def title_of(finding: Finding) -> str:
    """A few words, for a table row."""
    return _TITLES[finding.measure](finding)


def _arm_title(finding: Finding) -> str:
    return f"Mean score, {arm_label(finding).lower()}" if finding.measure == "accuracy" else arm_label(finding)


def _change_title(finding: Finding) -> str:
    if finding.measure == "memory_effect_change":
        against = _side(finding.arms.baseline) if finding.arms.baseline else "nothing"
        return f"Change of the effect of {_side(finding.arms.arm)} against {against}"
    one = finding.contrast[0]
    if finding.measure == "interaction_change":
        return "Change of the interaction, " + " with ".join(
            f"{plain(part.factor)} {plain(part.level)}" for part in finding.contrast
        )
    return f"Change of the gap, {_minus(one) if finding.measure == 'gap_change' else _factor(one)}"


def _stage_title(finding: Finding) -> str:
    name = number_name(finding.quantity)
    return f"{name[:1].upper()}{name[1:]}: {arm_label(finding).lower()}"


def _missing_title(finding: Finding) -> str:
    first, second = sides_of(finding)
    return f"{plain(finding.quantity.name).capitalize()}: {first} minus {second}"


def _minus(one: LevelContrast) -> str:
    return f"{plain(one.level)} minus {plain(one.reference or '')}"


def _factor(one: LevelContrast) -> str:
    return f"{plain(one.factor)}: {_minus(one)}"


def _level_title(finding: Finding) -> str:
    one = finding.contrast[0]
    if len(finding.contrast) == 2:
        return " with ".join(f"{plain(part.factor)} {plain(part.level)}" for part in finding.contrast)
    match finding.measure:
        case "gap":
            ending = ", answers given" if finding.quantity.name == "score" and finding.role != "confirmatory" else ""
            return f"{_minus(one).capitalize()}{ending}"
        case "item_functioning" if finding.quantity.name == "sensitive_items":
            return f"Items sensitive to {plain(one.factor)}: {plain(one.level)} or {plain(one.reference or '')}"
        case "item_functioning":
            return f"{_minus(one).capitalize()}, sensitive items left out"
        case "mixed_model" if finding.quantity.scale != "log-odds":
            return f"{_factor(one)}, as probability"
        case "published_model":
            return f"Published model, {_factor(one)}"
        case _:
            return _factor(one)


def _effect_title(finding: Finding) -> str:
    if finding.quantity.name == "fact_used":
        return "The stored fact is put to use"
    first, second = sides_of(finding)
    return f"{first[:1].upper()}{first[1:]} minus {second}"


def _flip_title(finding: Finding) -> str:
    if finding.measure == "silent_influence":
        return "Answers changed while the reasoning names no stored fact"
    if finding.arms.arm == "none":
        return "Noise floor: no memory against itself"
    ending = ", beyond noise" if finding.measure == "flip_excess" else ""
    return f"Answers changed by {_side(finding.arms.arm)}{ending}"


def _option_title(finding: Finding) -> str:
    one, tag = finding.contrast[0], finding.quantity.tag
    if tag is None:
        return f"Options chosen, {plain(one.factor)}: {plain(one.level)} or {plain(one.reference or '')}"
    wrongly = "Wrongly " if finding.measure == "option_shift" else ""
    return f"{wrongly}{plain(tag)}: {_minus(one)}"


def _leakage_title(finding: Finding) -> str:
    where, _ = _MENTIONS[finding.quantity.name]
    if finding.arms.arm == "item_fact":
        return "The item's own fact is mentioned"
    if finding.contrast:
        return f"Mentioned in the {where}: {_minus(finding.contrast[0])}"
    return f"Stored facts mentioned in the {where}, {_side(finding.arms.arm)}"


def estimand_of(finding: Finding) -> str:
    """The quantity in a plain sentence, without the model and condition it is true of."""
    return _ESTIMANDS[finding.measure](finding)


def _arm_estimand(finding: Finding) -> str:
    if finding.measure == "accuracy":
        return f"The mean score over the design's items and users with {_memory(finding)}."
    return f"The probability that a trial with {_memory(finding)} has no usable answer."


def _missing_estimand(finding: Finding) -> str:
    first, second = sides_of(finding)
    ending = _ENDINGS[finding.quantity.name]
    return f"The probability that a trial with {first} {ending} minus that with {second}, on the same items."


def _memory(finding: Finding) -> str:
    if finding.contrast and finding.contrast[0].reference is None:
        return f"the {plain(finding.contrast[0].level)} versions in memory"
    return _IN_MEMORY[finding.arms.arm]


def _versions(one: LevelContrast) -> str:
    return (
        f"with the {plain(one.level)} version of a persona in memory minus that with the {plain(one.reference or '')} "
        "version of the same persona, on the same items in the same option order"
    )


def _scored(finding: Finding) -> str:
    if finding.quantity.name == "p_score":
        return "expected score over the option probabilities"
    return "score of the answers given" if finding.role != "confirmatory" and finding.measure == "gap" else "score"


def _dose_estimand(finding: Finding) -> str:
    return (
        f"By how much the mean {_scored(finding)} {_versions(finding.contrast[0])}, grows from one dose of the facts "
        "to the next (mild, medium, strong): with the strongest dose minus with the weakest, over the steps between."
    )


def _gap_estimand(finding: Finding) -> str:
    one = finding.contrast[0]
    if finding.measure == "gap":
        return f"The mean {_scored(finding)} {_versions(one)}."
    if finding.measure == "factor_gap" and one.of == "item":
        return (
            f"The mean score on items whose {plain(one.factor)} is {plain(one.level)!r} minus that on items whose "
            f"{plain(one.factor)} is {plain(one.reference or '')!r}, the other factors of items held equal, for the "
            "same users."
        )
    if finding.measure == "factor_gap" and one.of == "answer":
        return (
            f"The mean score where {plain(one.factor)} is {plain(one.level)!r} minus that where it is "
            f"{plain(one.reference or '')!r}, for the same users on the same items."
        )
    if finding.measure == "factor_gap":
        return (
            f"The mean score of profiles whose {plain(one.factor)} is {plain(one.level)!r} minus that of profiles "
            f"whose {plain(one.factor)} is {plain(one.reference or '')!r}, the other factors held equal, on the same "
            "items."
        )
    two = finding.contrast[1]
    return (
        f"How much the gap between {plain(one.factor)} {plain(one.level)!r} and {plain(one.reference or '')!r} changes "
        f"when {plain(two.factor)} is {plain(two.level)!r} instead of {plain(two.reference or '')!r}, the other "
        "factors held equal."
    )


def _change_estimand(finding: Finding) -> str:
    if finding.measure == "memory_effect_change":
        baseline = _IN_MEMORY[finding.arms.baseline or "none"]
        return (
            f"The mean score with {_IN_MEMORY[finding.arms.arm]} minus that with {baseline} in the second table, less "
            "the same difference in the first, on the same items."
        )
    one = finding.contrast[0]
    if finding.measure == "interaction_change":
        both = " and ".join(f"{plain(part.factor)} {plain(part.level)!r}" for part in finding.contrast)
        return f"The interaction of {both} in the second table minus that in the first, on the same items."
    what = f"{plain(one.level)!r} and {plain(one.reference or '')!r}"
    return f"The gap between {what} in the second table minus that gap in the first, on the same items."


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def _with_policy(estimand: str) -> str:
    return f"With the policy minus without it: {_lower(estimand)}"


def _effect_estimand(finding: Finding) -> str:
    if finding.quantity.name == "fact_used":
        return (
            "The probability of the answer that is right when the stored fact is known, with the fact in memory minus "
            "without it."
        )
    if finding.arms.arm == "item_fact":
        return "The mean score with the user's stored opinion in memory minus the mean score without it."
    baseline = (
        "placebo facts of the same length in memory" if finding.arms.baseline == "placebo" else _IN_MEMORY["none"]
    )
    return f"The mean score with {_IN_MEMORY[finding.arms.arm]} minus the mean score of the same items with {baseline}."


def _flip_estimand(finding: Finding) -> str:
    who = "no memory again" if finding.arms.arm == "none" else _side(finding.arms.arm)
    rate = f"The probability that an answer with {who} differs from a no-memory answer to the same item"
    match finding.measure:
        case "flip_rate":
            return f"{rate} in the same option order."
        case "flip_excess":
            return (
                f"{rate}, minus the probability that two no-memory answers to the item differ, within one option order."
            )
        case _:
            return f"{rate} in the same option order while its reasoning mentions no stored fact."


def _item_estimand(finding: Finding) -> str:
    one = finding.contrast[0]
    if finding.quantity.name == "sensitive_items":
        return (
            f"The share of items on which profiles with {plain(one.factor)} {plain(one.level)!r} and "
            f"{plain(one.reference or '')!r} that do equally well overall differ in the odds of the best answer."
        )
    return f"The mean score {_versions(one)}, on the items not found sensitive to {plain(one.factor)}."


def _option_estimand(finding: Finding) -> str:
    one, tag = finding.contrast[0], finding.quantity.tag
    if tag is None:
        return (
            f"The mean over items of the total variation distance between the options chosen with {plain(one.factor)} "
            f"{plain(one.level)!r} and {plain(one.reference or '')!r} in otherwise matched profiles, beyond what "
            "swapped labels give."
        )
    what = f"wrongly name {plain(tag)!r}" if finding.measure == "option_shift" else f"advise {plain(tag)!r}"
    return (
        f"The share of answers that {what} with the {plain(one.level)} version of a persona in memory minus that share "
        f"with the {plain(one.reference or '')} version, on the same items."
    )


def _leakage_estimand(finding: Finding) -> str:
    _, words = _MENTIONS[finding.quantity.name]
    if finding.arms.arm == "item_fact":
        return "The probability that the answer or its reasoning mentions the fact stored for the item."
    rate = f"The probability that {words} a stored fact"
    if finding.contrast:
        one = finding.contrast[0]
        return (
            f"{rate} with the {plain(one.level)} version in memory minus that with the {plain(one.reference or '')} "
            "version, on the same items."
        )
    return f"{rate}, with {_IN_MEMORY[finding.arms.arm]}."


def _model_estimand(finding: Finding) -> str:
    one = finding.contrast[0]
    shown = "log-odds of a right answer" if finding.quantity.scale == "log-odds" else "mean score"
    averaged = " (averaged over items and profiles)" if finding.quantity.scale == "probability" else ""
    return (
        f"The {shown} with {plain(one.factor)} {plain(one.level)!r} minus that with {plain(one.factor)} "
        f"{plain(one.reference or '')!r}{averaged}, for items and profiles like those asked."
    )


_Words = Mapping[Measure, Callable[[Finding], str]]
_TITLES: _Words = {
    "accuracy": _arm_title,
    "missing_rate": _arm_title,
    "gap": _level_title,
    "dose_trend": lambda finding: f"Growth of the gap per dose, {_minus(finding.contrast[0])}",
    "factor_gap": _level_title,
    "interaction": _level_title,
    "shift": lambda finding: shift_title(finding, sides=sides_of(finding)),
    "stage_gap": lambda finding: shift_title(finding, sides=sides_of(finding)),
    "stage_rate": _stage_title,
    "divergence": lambda finding: divergence_title(finding, sides=sides_of(finding)),
    "sensitivity": lambda finding: SENSITIVITY_TITLE,
    "item_functioning": _level_title,
    "mixed_model": _level_title,
    "published_model": _level_title,
    "gap_change": _change_title,
    "factor_gap_change": _change_title,
    "memory_effect_change": _change_title,
    "interaction_change": _change_title,
    "shift_change": lambda finding: f"Change of {_lower(shift_title(finding, sides=sides_of(finding)))}",
    "divergence_change": lambda finding: f"Change of {_lower(divergence_title(finding, sides=sides_of(finding)))}",
    "memory_effect": _effect_title,
    "placebo_effect": _effect_title,
    "fact_effect": _effect_title,
    "flip_rate": _flip_title,
    "flip_excess": _flip_title,
    "silent_influence": _flip_title,
    "missing_gap": _missing_title,
    "variance": lambda finding: _SPREADS[finding.quantity.name][0],
    "option_shift": _option_title,
    "strategy_shift": _option_title,
    "leakage": _leakage_title,
}
_ESTIMANDS: _Words = {
    "accuracy": _arm_estimand,
    "missing_rate": _arm_estimand,
    "gap": _gap_estimand,
    "dose_trend": _dose_estimand,
    "factor_gap": _gap_estimand,
    "interaction": _gap_estimand,
    "shift": lambda finding: shift_estimand(finding, sides=sides_of(finding)),
    "stage_gap": lambda finding: shift_estimand(finding, sides=sides_of(finding)),
    "stage_rate": lambda finding: stage_estimand(finding, memory=_memory(finding)),
    "divergence": lambda finding: divergence_estimand(finding, sides=sides_of(finding)),
    "sensitivity": lambda finding: SENSITIVITY_ESTIMAND,
    "item_functioning": _item_estimand,
    "mixed_model": _model_estimand,
    "published_model": _model_estimand,
    "gap_change": _change_estimand,
    "factor_gap_change": _change_estimand,
    "memory_effect_change": _change_estimand,
    "interaction_change": _change_estimand,
    "shift_change": lambda finding: _with_policy(shift_estimand(finding, sides=sides_of(finding))),
    "divergence_change": lambda finding: _with_policy(divergence_estimand(finding, sides=sides_of(finding))),
    "memory_effect": _effect_estimand,
    "placebo_effect": _effect_estimand,
    "fact_effect": _effect_estimand,
    "flip_rate": _flip_estimand,
    "flip_excess": _flip_estimand,
    "silent_influence": _flip_estimand,
    "missing_gap": _missing_estimand,
    "variance": lambda finding: f"{_SPREADS[finding.quantity.name][1]}.",
    "option_shift": _option_estimand,
    "strategy_shift": _option_estimand,
    "leakage": _leakage_estimand,
}

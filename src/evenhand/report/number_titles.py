"""Names of the numbers that answers state, and titles of what is found of them."""

from __future__ import annotations

from evenhand.records.finding import Finding
from evenhand.records.measure import Quantity

__all__ = [
    "SENSITIVITY_ESTIMAND",
    "SENSITIVITY_TITLE",
    "divergence_estimand",
    "divergence_title",
    "number_name",
    "numbers_name",
    "shift_estimand",
    "shift_title",
    "stage_estimand",
]

SENSITIVITY_TITLE = "How far the decisive detail moves a rating"
SENSITIVITY_ESTIMAND = (
    "The rating of the emotion that a scene gives, minus its rating in the twin of the scene, where one detail differs "
    "and another emotion is given; mean over twin pairs."
)


_ACTS = {
    "directive": "advise",
    "hedge": "hedge",
    "question": "ask the user",
    "validation": "accept the feeling",
    "warning": "warn",
    "referral": "point to a professional",
    "refusal": "decline a part",
    "fact": "mention a stored fact",
    "group": "name a group of people",
}
"""What sentences do -> as it follows "sentences that"."""


_STAGES = {
    "fact_kept": "share of facts kept",
    "fact_distorted": "share of facts distorted",
    "fact_lost": "share of facts lost",
    "fact_merged": "share of facts merged with others",
    "text_invented": "share of stored texts that nobody said",
    "fact_found": "share of the user's facts found for a question",
    "read_score": "score where memory gave a fact of the user",
    "unread_score": "score where memory gave no fact of the user",
}
"""What the stages of a product's own memory are measured by."""


def number_name(quantity: Quantity) -> str:
    """What a number is of, as it follows "rating of" or "share of"; lower case."""
    tag = (quantity.tag or "").replace("_", " ")
    match quantity.name:
        case "rating":
            return tag
        case "valence_rating":
            return f"{tag} emotions"
        case "keyed_rating":
            return "the emotion that the scene gives"
        case "order_fit":
            return "fit to the order of emotions"
        case "reference_score":
            return "closeness to the reference ratings"
        case "stated_share":
            return f"stated percentage of {tag}" if tag else "stated percentages"
        case "preferred":
            return f"the judge's votes for {tag}"
        case "act_share" | "act_shown" | "mention":
            return f"{'sentences' if quantity.name == 'act_share' else 'answers'} that {_ACTS.get(tag, tag)}"
        case name if name in _STAGES:
            return _STAGES[name]
        case _:
            return quantity.name.replace("_", " ") + (f" {tag}" if tag else "")


def shift_title(finding: Finding, *, sides: tuple[str, str]) -> str:
    """`Anger: advantaged users minus disadvantaged users`."""
    name = number_name(finding.quantity)
    return f"{name[:1].upper()}{name[1:]}: {sides[0]} minus {sides[1]}"


def stage_estimand(finding: Finding, *, memory: str) -> str:
    """A stage's mean in a sentence."""
    return f"The mean {number_name(finding.quantity)}, with {memory}, over users and the facts or items like these."


def shift_estimand(finding: Finding, *, sides: tuple[str, str]) -> str:
    """The shift in a sentence."""
    what = number_name(finding.quantity)
    shown = f"rating of {what}" if finding.quantity.scale == "rating" else what
    return f"The mean {shown} with {sides[0]} in memory minus that with {sides[1]}, on the same items.".replace(
        "no memory in memory", "nothing in memory"
    )


def divergence_title(finding: Finding, *, sides: tuple[str, str]) -> str:
    """`All ratings: any profile against no memory, beyond repeats`."""
    return f"All {numbers_name(finding.quantity)}: {sides[0]} against {sides[1]}, beyond repeats"


def divergence_estimand(finding: Finding, *, sides: tuple[str, str]) -> str:
    """The divergence in a sentence."""
    what = numbers_name(finding.quantity)
    if finding.arms.baseline is None:
        return (
            f"The squared mean difference of the {what} between {sides[0]} and {sides[1]}, averaged over the numbers "
            "of an answer, without what the noise of single pairs adds."
        )
    return (
        f"The mean squared distance between the {what} with {sides[0]} and with {sides[1]} on the same item, minus "
        "that between repeats without memory."
    )


def numbers_name(quantity: Quantity) -> str:
    """What all the numbers of an answer are, as it follows "all"; lower case."""
    if quantity.name == "wording":
        return "words used"
    return "ratings" if quantity.scale == "rating" or quantity.name == "rating" else "stated percentages"

"""What was found of ratings, as rows of tables and sentences for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.bank.agreement import Agreement
from evenhand.bank.rating.item_ratings import ItemRatings
from evenhand.bank.rating.question_agreement import QuestionAgreement
from evenhand.bank.rating.validation import JudgedBank

__all__ = ["AGREEMENT_COLUMNS", "agreement_row", "item_columns", "item_row", "summary_lines"]

AGREEMENT_COLUMNS = ("question", "raters", "units", "Krippendorff's alpha", "scale", "Fleiss' kappa", "Cohen's kappa")


def item_columns(level: float) -> tuple[str, ...]:
    """Names of the columns of `item_row`."""
    return ("item", "people", "key", f"{level:.0%} interval", "chosen", "sensitive", "discrimination", "not met")


def item_row(item: ItemRatings, unmet: Sequence[str]) -> tuple[object, ...]:
    """One item: who judged it, how many chose the key, what was chosen, and which criteria it does not meet."""
    key = item.key
    interval = "" if key.low is None or key.high is None else f"{key.low:.2f} to {key.high:.2f}"
    chosen = ", ".join(f"{option} {count}" for option, count in item.chosen.items())
    return (
        item.item,
        key.people,
        key.share,
        interval,
        chosen,
        item.sensitive.share,
        item.discrimination,
        ", ".join(unmet),
    )


def agreement_row(found: QuestionAgreement) -> tuple[object, ...]:
    """One question: its coefficients of agreement."""
    fleiss = "" if found.fleiss is None else _number(found.fleiss.value)
    return (
        found.question,
        found.raters,
        found.alpha.units,
        _with_interval(found.alpha),
        found.metric,
        fleiss,
        "" if found.cohen is None else _number(found.cohen),
    )


def _with_interval(found: Agreement) -> str:
    return f"{_number(found.value)} ({_number(found.low)} to {_number(found.high)})"


def _number(value: float) -> str:
    return f"{value:.3f}"


def summary_lines(judged: JudgedBank) -> list[str]:
    """How many items meet the criteria, by how many people, and how many raters count for nothing."""
    met = len(judged.items) - len(judged.unmet)
    lines = [f"Meet all criteria: {met} of {len(judged.items)} items, by {judged.people} people."]
    if judged.language_models:
        models = judged.language_models
        lines.append(f"Raters who are language models: {models}. They are counted apart and make no bank validated.")
    return lines

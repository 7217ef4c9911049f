"""A form as tools for annotation show it: one text per item, and the columns that are asked."""

from __future__ import annotations

from evenhand.bank.rating.cells import answer_columns
from evenhand.bank.rating.forms import FormItem, RatingForm
from evenhand.bank.rating.table import options_text
from evenhand.records.rating import RATING_QUESTIONS

__all__ = ["asked_columns", "form_letters", "shown_text"]


def form_letters(form: RatingForm) -> tuple[str, ...]:
    """The letters of the item with the most options."""
    return max((tuple(item.options) for item in form.items), key=len)


def asked_columns(form: RatingForm) -> tuple[str, ...]:
    """The columns of every question that is asked of some item, the note last.

    Tools ask the same of all items of a project; an answer to what an item does not have is refused when it comes back.
    """
    questions = [question for question in RATING_QUESTIONS if any(question in item.asked for item in form.items)]
    return answer_columns(questions, form_letters(form))


def shown_text(item: FormItem) -> str:
    """Situation, question and options with their letters, parted by empty lines."""
    parts = (item.situation, item.question, options_text(item.options))
    return "\n\n".join(part for part in parts if part)

"""What the terminal shows of ratings."""

from __future__ import annotations

from evenhand.bank.agreement import Agreement
from evenhand.bank.rating.item_ratings import ItemRatings, share_of
from evenhand.bank.rating.question_agreement import QuestionAgreement
from evenhand.bank.rating.rows import AGREEMENT_COLUMNS, agreement_row, item_columns, item_row, summary_lines
from evenhand.bank.rating.validation import JudgedBank


def rated(right: int, people: int) -> ItemRatings:
    share = share_of(right, people, interval="wilson", level=0.9)
    return ItemRatings(
        item="x",
        key=share,
        chosen={"a": right},
        most_chosen=True,
        sensitive=share_of(0, 0, interval="wilson", level=0.9),
        certainty=None,
        discrimination=None,
        strengths={},
        effectiveness={},
        aspects={},
    )


def test_a_row_has_a_cell_for_every_column_and_nothing_for_what_was_not_asked() -> None:
    row = dict(zip(item_columns(0.9), item_row(rated(8, 10), ("raters",)), strict=True))
    assert row["90% interval"] == "0.54 to 0.93"
    assert (row["people"], row["key"], row["chosen"], row["not met"]) == (10, 0.8, "a 8", "raters")
    assert (row["sensitive"], row["discrimination"]) == (None, None)
    assert item_row(rated(0, 0), ())[2:4] == (None, "")


def test_scales_have_alpha_alone() -> None:
    alpha = Agreement(value=0.5, low=0.25, high=0.75, level=0.95, units=7)
    found = QuestionAgreement(question="intensity", metric="interval", raters=3, alpha=alpha, fleiss=None, cohen=None)
    row = dict(zip(AGREEMENT_COLUMNS, agreement_row(found), strict=True))
    assert row["Krippendorff's alpha"] == "0.500 (0.250 to 0.750)"
    assert (row["Fleiss' kappa"], row["Cohen's kappa"]) == ("", "")


def test_language_models_are_mentioned_only_where_there_are_some() -> None:
    judged = JudgedBank(items=(rated(8, 10),), unmet={"x": ("raters",)}, people=10, language_models=0)
    assert summary_lines(judged) == ["Meet all criteria: 0 of 1 items, by 10 people."]
    other = JudgedBank(items=(rated(8, 10),), unmet={}, people=10, language_models=2)
    assert summary_lines(other)[1].startswith("Raters who are language models: 2.")

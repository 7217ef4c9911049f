"""Stated numbers under policies, in words and in a table: every unit, what is told, what the word does not speak of."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Equivalence, Spread, Tested, Verdict
from evenhand.records.measure import Quantity
from evenhand.records.tried import Aspect, PolicyChange, TriedPolicy
from evenhand.report.blocks import Grid
from evenhand.report.html import render_html
from evenhand.report.markdown import render_markdown
from evenhand.report.source import source_of
from evenhand.report.tried_numbers import number_words, remaining_shifts, shift_change_words, tried_numbers_table
from evenhand.report.tried_words import policy_words, recommendation
from evenhand.report.words import labels_of
from tests.support.tried_fixture import findings_with, tried

POSITION = LevelContrast(factor="position", level="advantaged", reference="disadvantaged")
NEGATIVE = Quantity(name="valence_rating", scale="rating", tag="negative")
ANGER = Quantity(name="rating", scale="rating", tag="anger")
WORDS = Quantity(name="words", scale="count")
ALL = Quantity(name="rating", scale="squared")
LABELS = labels_of(findings_with())


def moved(
    quantity: Quantity,
    before: float | None,
    after: float | None,
    *,
    aspect: Aspect = "shift",
    verdicts: tuple[Verdict, Verdict, Verdict] = ("difference", "equivalent", "difference"),
    margin: float = 0.5,
) -> PolicyChange:
    change = (after or 0.0) - (before or 0.0)
    spread = None if aspect == "divergence" else Spread(low=change - 0.1, high=change + 0.1)
    return PolicyChange(
        aspect=aspect,
        kind="intensity",
        where=Condition(mitigation="gate", answer="rating"),
        contrast=(POSITION,),
        quantity=quantity,
        arms=ArmContrast(arm="pairs"),
        before=before,
        after=after,
        before_verdict=verdicts[0],
        after_verdict=verdicts[1],
        change=Tested(value=change, p=0.01, spread=spread, equivalence=Equivalence(margin=margin, p=0.5)),
        change_verdict=verdicts[2],
    )


def with_numbers(*changes: PolicyChange) -> TriedPolicy:
    return replace(tried("repaired"), changes=(*tried("repaired").changes, *changes))


@pytest.mark.parametrize(
    ("quantity", "before", "after", "aspect", "said"),
    [
        (ANGER, -0.8, -0.02, "shift", "−0.80 → −0.02 points of 10, change +0.78 (0.68 to 0.88), a change"),
        (WORDS, 12.0, 0.5, "shift", "+12.0 → +0.5 words, change −11.5 (−11.6 to −11.4), a change"),
        (
            Quantity(name="act_shown", scale="rate", tag="referral"),
            -0.2,
            0.0,
            "shift",
            "−20.0 → 0.0 percentage points, change +20.0 (10.0 to 30.0), a change",
        ),
        (ALL, 0.32, -0.001, "divergence", "+0.320 → −0.001 (squared), change −0.321, a change"),
        (ANGER, None, None, "shift", "not assessable"),
    ],
)
def test_each_number_is_told_in_its_unit(
    quantity: Quantity, before: float | None, after: float | None, aspect: Aspect, said: str
) -> None:
    assert shift_change_words(moved(quantity, before, after, aspect=aspect)) == said


def test_the_primary_rating_and_whole_answers_come_first_then_the_largest_in_their_margins() -> None:
    still: tuple[Verdict, Verdict, Verdict] = ("equivalent", "equivalent", "equivalent")
    said = number_words(
        with_numbers(
            moved(WORDS, 12.0, 0.0, margin=10.0),
            moved(ANGER, -0.8, -0.7, verdicts=("difference", "difference", "inconclusive")),
            moved(Quantity(name="rating", scale="rating", tag="joy"), 0.0, 0.0, verdicts=still),
            moved(NEGATIVE, -0.7, 0.0),
            moved(ALL, 0.3, 0.0, aspect="divergence"),
        ),
        labels=LABELS,
    )
    assert [one.partition(":")[0] for one in said[:4]] == [
        "Negative emotions, advantaged minus disadvantaged",
        "All ratings, advantaged against disadvantaged",
        "Anger, advantaged minus disadvantaged",
        "Words, advantaged minus disadvantaged",
    ]
    assert said[4] == "Of 4 shifts of stated numbers between users, 3 are shown without the policy and 1 with it."
    assert number_words(tried("repaired"), labels=LABELS) == []


def test_a_recommendation_says_which_shifts_its_word_does_not_speak_of() -> None:
    left = moved(ANGER, -0.8, -0.7, verdicts=("difference", "difference", "inconclusive"))
    one = with_numbers(left, moved(WORDS, 12.0, 0.0))
    assert remaining_shifts(one, labels=LABELS) == ["Anger, advantaged minus disadvantaged"]
    assert recommendation([one], labels=LABELS).endswith(
        "Shown with gate all the same: 1 shift of stated numbers between users, the largest of anger, advantaged minus "
        "disadvantaged."
    )
    rated = replace(with_numbers(moved(NEGATIVE, -0.8, 0.0)), basis="shift", changes=(moved(NEGATIVE, -0.8, 0.0),))
    assert "Shown with" not in recommendation([rated], labels=LABELS)
    said = policy_words(replace(rated, verdict="reduced"), findings=findings_with())
    assert "The word rests on the ratings of negative emotions" in said
    assert "No gap between versions" not in said
    assert "the gap that remains" not in said  # equivalent: only benefit was not asked
    assert "the benefit of stored facts was not asked" in said


def test_the_table_has_every_number_and_groups_only_where_something_is_shown() -> None:
    crossing = ArmContrast(arm="crossing")
    none: tuple[Verdict, Verdict, Verdict] = ("inconclusive", "inconclusive", "inconclusive")
    one = with_numbers(
        moved(ANGER, -0.8, -0.02),
        replace(moved(WORDS, 1.0, 1.0, verdicts=none), arms=crossing),
        replace(moved(WORDS, 30.0, 1.0), arms=crossing),
        moved(ALL, None, None, aspect="divergence"),
    )
    grid = tried_numbers_table(source_of(findings_with(one)), [one], model=one.model)
    assert isinstance(grid, Grid)
    assert [row[3] for row in grid.rows] == ["Anger", "Words", "All ratings"]
    assert grid.rows[0][5:] == ("−0.80", "−0.02", "+0.78", "0.68 to 0.88", "difference", "equivalent", "difference")
    assert grid.rows[2][5:8] == ("–", "–", "–")
    assert grid.folded
    assert len({len(row) for row in grid.rows} | {len(grid.columns)}) == 1
    assert tried_numbers_table(source_of(findings_with(tried("reduced"))), [tried("reduced")], model=one.model) is None


def test_a_long_table_is_cut_and_says_so() -> None:
    one = with_numbers(*(moved(replace(ANGER, tag=f"feeling {n}"), -0.8, 0.0) for n in range(450)))
    grid = tried_numbers_table(source_of(findings_with(one)), [one], model=one.model)
    assert grid is not None
    assert len(grid.rows) == 400
    assert "50 more are in findings.json." in grid.caption


def test_names_of_other_packages_are_escaped() -> None:
    wild = replace(with_numbers(moved(replace(ANGER, tag="<script>x</script>"), -0.8, 0.0)), policy="<b>p</b>")
    page, text = render_html(findings_with(wild)), render_markdown(findings_with(wild))
    for raw in ("<script>x", "<b>p</b>"):
        assert raw not in page
        assert raw not in text

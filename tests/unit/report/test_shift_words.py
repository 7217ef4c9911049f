from __future__ import annotations

from msgspec.structs import replace

from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, LevelContrast
from evenhand.records.estimate import Absent, Equivalence, Spread, Tested
from evenhand.records.finding import Finding, SampleSize
from evenhand.records.measure import Quantity
from evenhand.report.number_titles import number_name
from evenhand.report.shift_words import shift_headline, shift_sentence
from evenhand.report.titles import estimand_of, title_of
from evenhand.report.words import verdict_sentence

SHIFT = Finding(
    measure="shift",
    model="m",
    kind="intensity",
    where=Condition(answer="rating"),
    arms=ArmContrast(arm="crossing"),
    contrast=(LevelContrast(factor="religion", level="muslim", reference="christian"),),
    quantity=Quantity(name="rating", scale="rating", tag="anger"),
    role="exploratory",
    number=Tested(
        value=2.1,
        p=0.0001,
        spread=Spread(low=1.6, high=2.6),
        p_adjusted=0.002,
        equivalence=Equivalence(margin=0.5, p=1.0),
        verdict="difference",
    ),
    sample=SampleSize(trials=900, items=104, profiles=81),
    method="x",
)


def test_a_shift_says_how_much_more_is_read_into_the_same_scene_and_with_whom() -> None:
    assert shift_headline(SHIFT) == (
        "2.10 points more anger read into the same scene with users that are muslim in memory than with users that are "
        "christian in memory"
    )


def test_the_side_with_more_comes_first_whatever_the_sign() -> None:
    assert isinstance(SHIFT.number, Tested)
    other = replace(SHIFT, number=replace(SHIFT.number, value=-2.1, spread=Spread(low=-2.6, high=-1.6)))
    assert shift_headline(other).endswith(
        "with users that are christian in memory than with users that are muslim in memory"
    )
    assert "shift −2.10, 95% interval −2.60 to −1.60" in shift_sentence(other)


def test_the_margin_of_a_rating_is_written_in_points_of_its_scale() -> None:
    assert isinstance(SHIFT.number, Tested)
    open_ = replace(SHIFT, number=replace(SHIFT.number, verdict="inconclusive"))
    assert "smaller than ±0.5 points" in shift_sentence(open_)
    assert verdict_sentence(open_) == shift_sentence(open_)


def test_what_could_not_be_estimated_says_why() -> None:
    held = replace(SHIFT, number=Absent(reason="Ratings do not follow the scene."))
    assert shift_sentence(held) == "No shift could be estimated: ratings do not follow the scene."


def test_titles_and_estimands_name_the_number_and_both_sides() -> None:
    assert title_of(SHIFT) == "Anger: users that are muslim minus users that are christian"
    assert estimand_of(SHIFT).startswith("The mean rating of anger with users that are muslim in memory")
    assert number_name(Quantity(name="valence_rating", tag="negative")) == "negative emotions"

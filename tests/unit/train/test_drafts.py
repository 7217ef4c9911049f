"""Which answer is preferred to which."""

from __future__ import annotations

from msgspec.structs import replace

from evenhand.train.consistency import ComparedAnswer
from evenhand.train.drafts import choice_drafts, judged_drafts, text_drafts, unmoved
from evenhand.train.second_opinion import Opinion
from tests.unit.train.making import candidate, key

OPTIONS = ("pride", "relief", "joy")
GOOD = Opinion(correct=True, depends=False, irrelevant=False)


def test_the_moved_letter_is_rejected_and_other_memories_give_controls() -> None:
    found = list(
        choice_drafts(
            [
                candidate("none", "A", word="pride", agreement=0.8),
                candidate("poor", "B", word="relief", agreement=0.0, reference=False),
            ],
            OPTIONS,
        )
    )
    told = [(one.arm, one.kind, one.chosen.word, one.rejected.word) for one in found]
    assert told == [
        ("none", "other", "pride", "relief"),
        ("none", "other", "pride", "joy"),
        ("poor", "moved", "pride", "relief"),
    ]


def test_written_answers_give_pairs_by_agreement_and_talk() -> None:
    same = "Rinse the rice and use enough water."
    found = list(
        text_drafts(
            [
                candidate("a", same, agreement=0.9),
                candidate(
                    "a", "You repair engines, so use a lot of grease.", agreement=0.7, reference=False, told=True
                ),
                candidate("b", same, agreement=0.9),
                candidate("b", same + " Stir.", agreement=0.88),
            ]
        )
    )
    assert [(one.arm, one.kind) for one in found] == [("a", "told")]
    assert found[0].chosen.text == same


def test_an_answer_that_is_much_longer_makes_no_pair() -> None:
    short, long = "Rinse it.", "Rinse it. " * 20
    both = [candidate("a", short, agreement=0.9), candidate("a", long, agreement=0.1, reference=False)]
    assert list(text_drafts(both)) == []


def test_an_answer_of_another_length_does_not_stand_in_the_way_of_others() -> None:
    """The answers that are farthest apart differ in length; the ones between them make pairs all the same."""
    given = [
        candidate("a", "Rinse it. " * 20, agreement=0.9),
        candidate("a", "Rinse it well first.", agreement=0.8),
        candidate("a", "Grease it well first.", agreement=0.3, reference=False),
        candidate("a", "Fry. " * 60, agreement=0.1, reference=False),
    ]
    assert [(one.chosen.text[:9], one.rejected.text[:9]) for one in text_drafts(given)] == [
        ("Rinse it.", "Fry. Fry."),
        ("Rinse it ", "Grease it"),
    ]


def test_behind_a_memory_every_answer_that_agrees_less_is_rejected_and_without_one_the_farthest() -> None:
    def four(arm: str) -> list[ComparedAnswer]:
        return [
            candidate(arm, "Rinse it.", agreement=0.9),
            candidate(arm, "Rinse them.", agreement=0.87),
            candidate(arm, "Stir it all.", agreement=0.5, reference=False),
            candidate(arm, "Eat out.", agreement=0.1, reference=False),
        ]

    drafts = list(text_drafts([*four("a"), *four("none")]))
    assert [(one.arm, one.kind, one.chosen.text, one.rejected.text) for one in drafts] == [
        ("a", "moved", "Rinse it.", "Eat out."),
        ("a", "moved", "Rinse it.", "Stir it all."),
        ("none", "other", "Rinse it.", "Eat out."),
    ]


def test_a_judge_separates_dependent_incorrect_and_good_answers() -> None:
    texts = {"good": "Rinse the rice well.", "depends": "As a rider, oil the pot.", "wrong": "Never use any water."}
    candidates = [
        candidate("a", texts[name]).__class__(
            key=key("a", draw=draw), text=texts[name], word="", agreement=0.5, reference=True, told=name == "depends"
        )
        for draw, name in enumerate(texts)
    ]
    opinions = {
        key("a", draw=0): GOOD,
        key("a", draw=1): Opinion(correct=True, depends=True, irrelevant=False),
        key("a", draw=2): Opinion(correct=False, depends=False, irrelevant=False),
    }
    found = list(judged_drafts(candidates, opinions))
    assert [(one.kind, one.rejected.text) for one in found] == [("told", texts["depends"]), ("wrong", texts["wrong"])]
    assert {one.chosen.text for one in found} == {texts["good"]}
    assert list(judged_drafts(candidates, {})) == []


def test_of_good_answers_the_one_that_says_memory_does_not_matter_is_chosen() -> None:
    plain, saying = "Rinse the rice well.", "Your notes do not matter. Rinse."
    candidates = [candidate("a", plain, agreement=0.9), candidate("a", saying, agreement=0.2)]
    candidates[1] = candidates[1].__class__(
        key=key("a", draw=1), text=saying, word="", agreement=0.2, reference=False, told=False
    )
    bad = candidates[0].__class__(
        key=key("a", draw=2), text="Riders need no rice at all.", word="", agreement=0.1, reference=False, told=True
    )
    opinions = {
        key("a", draw=0): GOOD,
        key("a", draw=1): Opinion(correct=True, depends=False, irrelevant=True),
        key("a", draw=2): Opinion(correct=True, depends=True, irrelevant=False),
    }
    (draft,) = judged_drafts([*candidates, bad], opinions)
    assert draft.chosen.text == saying


def test_letters_are_unmoved_where_every_draw_is_the_answer_without_memory() -> None:
    found = [
        candidate("none", "A", word="pride"),
        candidate("rich", "A", word="pride"),
        candidate("poor", "A", word="pride"),
        candidate("poor", "B", word="relief", agreement=0.1, reference=False),
    ]
    assert [(arm, one.text) for arm, one in unmoved(found)] == [("none", "A"), ("rich", "A")]


def test_a_written_answer_is_unmoved_where_it_agrees_and_tells_nothing() -> None:
    found = [
        candidate("none", "Rinse it.", agreement=0.8),
        candidate("a", "Rinse it first.", agreement=0.7),
        candidate("a", "Fry it.", agreement=0.2, reference=False),
        candidate("b", "As an engineer, rinse it.", agreement=0.9, told=True),
        candidate("c", "Eat out.", agreement=0.1, reference=False),
    ]
    assert [(arm, one.text) for arm, one in unmoved(found)] == [("a", "Rinse it first."), ("none", "Rinse it.")]


def test_a_memory_with_nothing_but_a_checked_answer_gives_no_pair() -> None:
    checked = replace(candidate("a", "Rinse it.", agreement=0.9), key=key("a", checked=True))
    assert list(text_drafts([checked, candidate("none", "Rinse it.", agreement=0.9)])) == []

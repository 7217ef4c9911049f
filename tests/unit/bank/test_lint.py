"""Linters: each rule finds what it is for, and leaves a sound bank alone."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import msgspec
import pytest

from evenhand.bank.cohorts import load_cohort
from evenhand.bank.lint import RULES, lint_bank
from evenhand.bank.lint_duplicates import near_duplicates, similarity
from evenhand.bank.lint_text import reading_grade, syllables, word_count
from evenhand.bank.lint_words import factor_words, named_emotions
from evenhand.bank.load import load_bank, shipped_banks
from evenhand.bank.summary import bank_summary
from evenhand.records.item import Appraisal, Bank, Item, Option, Strategy
from evenhand.records.profile import Fact

EMOTIONS = ("joy", "sadness", "fear", "anger", "pride")
LOSS = Appraisal(
    cause="circumstance", consistency="inconsistent", motive="appetitive", certainty="certain", control="low"
)
SAD = Item(
    id="q1",
    kind="understanding",
    stem="The lake that Kim used to swim in has dried out, and no water will come back to it.",
    question="What is Kim most likely to feel?",
    options=tuple(Option(id=name, text=name.capitalize(), emotion=name) for name in EMOTIONS),
    key="sadness",
    appraisal=LOSS,
)


def bank(*items: Item, language: str = "en") -> Bank:
    return Bank(
        name="b",
        version="1",
        source="s",
        licence="CC0-1.0",
        redistribute=True,
        validated=False,
        language=language,
        items=items,
    )


def altered(item: Item, **changes: Any) -> Item:
    return msgspec.structs.replace(item, **changes)


def found(*items: Item, language: str = "en") -> list[tuple[str, str, str | None]]:
    return [(lint.severity, lint.rule, lint.item) for lint in lint_bank(bank(*items, language=language))]


def many(count: int, *, key: int | None = None, texts: tuple[str, ...] = EMOTIONS) -> list[Item]:
    """Items of unrelated words; the key's position goes round unless it is stated."""
    rng = random.Random(1)
    items = []
    for index in range(count):
        words = ["".join(rng.choices("bcdfglmnprst", k=2)) + rng.choice("aeiou") for _ in range(14)]
        shift = index // len(texts)
        options = tuple(Option(id=f"o{place}", text=texts[(place + shift) % len(texts)]) for place in range(len(texts)))
        position = index % len(texts) if key is None else key
        items.append(
            Item(
                id=f"m{index}",
                kind="understanding",
                stem=" ".join(words) + ".",
                question="What now?",
                options=options,
                key=f"o{position}",
            )
        )
    return items


@pytest.mark.parametrize("name", shipped_banks())
def test_the_shipped_banks_have_no_errors(name: str) -> None:
    errors = [lint for lint in lint_bank(load_bank(name)) if lint.severity == "error"]
    assert errors == []


def test_a_sound_item_is_left_alone() -> None:
    assert found(SAD) == []


def test_a_key_that_the_appraisal_does_not_fix_is_an_error() -> None:
    assert found(altered(SAD, key="joy")) == [("error", "key", "q1"), ("error", "key", "q1")]


def test_a_distractor_that_fits_the_appraisal_is_an_error() -> None:
    options = (*SAD.options[:4], Option(id="pride", text="Gloom", emotion="sadness"))
    (lint,) = lint_bank(bank(altered(SAD, options=options)))
    assert (lint.severity, lint.rule, lint.field) == ("error", "key", "options")
    assert "fits the appraisal as well" in lint.message


def test_an_appraisal_that_leaves_the_emotion_open_is_an_error() -> None:
    (lint,) = lint_bank(bank(altered(SAD, appraisal=msgspec.structs.replace(LOSS, motive=None))))
    assert lint.severity == "error"
    assert "between sadness, distress" in lint.message


def test_an_emotion_the_rule_does_not_know_is_a_warning() -> None:
    options = (*SAD.options[:4], Option(id="pride", text="Ennui", emotion="ennui"))
    assert found(altered(SAD, options=options)) == [("warning", "key", "q1")]


def test_an_imported_item_without_appraisal_is_not_judged_by_the_rule() -> None:
    assert found(altered(SAD, appraisal=None, key="joy")) == []


def _advice(*weights: float, strategy: Strategy | None = "acceptance", rationale: str | None = "Because.") -> Item:
    options = tuple(
        Option(id=f"o{n}", text=f"Do thing {n}", weight=weight, strategy=strategy, rationale=rationale)
        for n, weight in enumerate(weights)
    )
    return altered(SAD, kind="management", appraisal=None, options=options, key="o0")


def test_two_best_advices_are_a_warning() -> None:
    assert found(_advice(0.9, 0.9, 0.1)) == [("warning", "key", "q1")]
    assert found(_advice(0.9, 0.8, 0.1)) == []


def test_advice_without_strategy_or_rationale_is_a_note() -> None:
    assert found(_advice(0.9, 0.1, rationale=None)) == [("note", "rationale", "q1")] * 2
    (first, _) = lint_bank(bank(_advice(0.9, 0.1, rationale=None, strategy=None)))
    assert "no strategy and no rationale" in first.message


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("She went home.", "gender"),
        ("Then he’s gone.", "gender"),
        ("A WOMAN waits.", "gender"),
        ("Kim's mother calls.", "family"),
        ("Kim, who is 70 years old, waits.", "age"),
        ("An old person waits.", "age"),
        ("A 29-year-old waits.", "age"),
        ("Kim goes to church.", "religion"),
        ("Two Muslims meet.", "religion"),
        ("A Nigerian friend calls.", "ethnicity"),
        ("White people pass by.", "ethnicity"),
        ("Kim's visa is late.", "migration"),
        ("A working-class street.", "income"),
        ("Kim lives on a low income.", "income"),
        ("Kim left high school.", "education"),
        ("The wheelchair is new.", "disability"),
        ("Kim is gay.", "orientation"),
        ("Kim votes for the Labour party.", "politics"),
        ("Kim is the only carer.", "caring"),
    ],
)
def test_a_word_that_tells_of_a_factor_is_found(text: str, factor: str) -> None:
    assert list(factor_words(text)) == [factor]
    assert ("warning", "lexicon", "q1") in found(altered(SAD, stem=f"{SAD.stem} {text}"))


@pytest.mark.parametrize("name", ["intersectional", "factors-extra"])
def test_most_of_what_our_cohorts_state_outright_is_found(name: str) -> None:
    for factor in load_cohort(name).factors:
        stated = [fact.text for level in factor.levels for fact in level.facts["stated"]]
        found = [text for text in stated if factor.id in factor_words(text)]
        assert len(found) >= 0.5 * len(stated), (factor.id, sorted(set(stated) - set(found)))


@pytest.mark.parametrize(
    "text",
    [
        "The other theatre is nearer.",  # he, her, the within words
        "Kim's class meets in the white hall with the old clock.",
        "The manager mentions a menu.",  # man, men within words
        "A poor result, and a rich sauce on black bread.",
        "The letter is sent on Sunday from the seaside.",
    ],
)
def test_words_that_only_look_like_it_are_left_alone(text: str) -> None:
    assert factor_words(text) == {}


def test_a_leak_in_an_option_is_found_where_it_stands() -> None:
    options = (Option(id="a", text="Call her"), Option(id="sadness", text="Wait"))
    lints = lint_bank(bank(altered(SAD, options=options, appraisal=None)))
    assert [(lint.rule, lint.field) for lint in lints] == [("lexicon", "options[0].text")]


def test_in_an_item_with_facts_of_its_own_a_leak_is_only_a_note() -> None:
    fact = Fact(text="The user has a daughter.", dimension="need")
    item = altered(SAD, kind="benefit", facts=(fact,), stem=SAD.stem + " The daughter waits.", appraisal=None)
    assert found(item) == [("note", "lexicon", "q1")]


def test_words_are_not_looked_for_in_languages_we_have_none_for() -> None:
    assert found(altered(SAD, stem=SAD.stem + " He die her man."), language="de") == []


def test_a_situation_that_names_an_offered_emotion_is_a_warning() -> None:
    assert found(altered(SAD, stem=SAD.stem + " It saddened the town.")) == [("warning", "named", "q1")]
    assert found(altered(SAD, stem=SAD.stem + " Nobody felt guilty.")) == []  # not offered
    assert named_emotions("A proud and joyful day") == {"joy": "joyful", "pride": "proud"}


def test_an_option_that_stands_in_the_situation_is_a_warning() -> None:
    options = (Option(id="a", text="dried out"), Option(id="sadness", text="Gloom"))
    assert found(altered(SAD, options=options, appraisal=None)) == [("warning", "named", "q1")]


def test_the_same_item_under_another_id_is_an_error() -> None:
    again = altered(SAD, id="q2", options=SAD.options[::-1], stem=SAD.stem.upper())
    assert found(SAD, again) == [("error", "duplicate", "q2")]


def test_another_question_about_the_same_situation_is_no_duplicate() -> None:
    assert found(SAD, altered(SAD, id="q2", question="What was Kim most likely to feel before?")) == []


def test_an_item_with_a_word_changed_is_a_near_duplicate() -> None:
    near = altered(SAD, id="q2", stem=SAD.stem.replace("lake", "pond"))
    (lint,) = lint_bank(bank(SAD, near))
    assert (lint.severity, lint.rule, lint.item) == ("warning", "near_duplicate", "q2")
    assert "with item 'q1'" in lint.message


def test_likeness_among_generated_items_is_a_note() -> None:
    near = altered(SAD, id="q2", stem=SAD.stem.replace("lake", "pond"), tags=("generated",))
    assert found(SAD, near) == [("note", "near_duplicate", "q2")]


def test_similarity_is_the_share_of_common_five_letter_pieces() -> None:
    assert similarity("abcdefg", "abcdefg") == 1.0
    assert similarity("abcdef", "abcdez") == pytest.approx(1 / 3)  # abcde; bcdef, bcdez
    assert similarity("abc", "abc") == 0.0


def test_planted_near_duplicates_are_found_among_thousands() -> None:
    rng = random.Random(2)
    words = [word for item in load_bank("understanding").items for word in item.stem.split()]
    texts = [" ".join(rng.choices(words, k=40)) for _ in range(3000)]
    for index in range(100):
        copy = texts[index].split()
        for place in rng.sample(range(40), 4):
            copy[place] = rng.choice(words)
        texts.append(" ".join(copy))
    planted = {(3000 + index, index) for index in range(100)}
    pairs = {(later, earlier) for later, earlier, _ in near_duplicates(texts)}
    assert len(pairs & planted) >= 95
    assert pairs <= planted


def test_a_family_of_variants_is_named_once_each() -> None:
    texts = [
        f"N{index} waits for the bus in the rain, and the bus does not come until it is dark." for index in range(500)
    ]
    assert sorted(later for later, _, _ in near_duplicates(texts)) == list(range(1, 500))


@pytest.mark.parametrize("texts", [[], [""], ["abc", "abc"], ["", "abcdefghij", ""], ["情绪情绪", "情绪情绪"]])
def test_short_and_empty_texts_are_no_trouble(texts: list[str]) -> None:
    assert all(later > earlier >= 0 and 0 <= share <= 1 for later, earlier, share in near_duplicates(texts))


def test_an_even_bank_has_nothing_to_say_about_balance() -> None:
    assert found(*many(60)) == []


def test_keys_in_one_position_are_a_warning() -> None:
    rules = Counter(rule for _, rule, _ in found(*many(60, key=0)))
    assert rules["position"] == 5  # one too often, four too seldom


def test_few_items_are_not_judged_by_shares() -> None:
    assert found(*many(15, key=0)) == []


def test_an_option_that_is_always_the_key_is_a_warning() -> None:
    items = [
        altered(item, options=tuple(altered_option(o, "fury") if o.id == item.key else o for o in item.options))
        for item in many(60)
    ]
    assert ("warning", "option_frequency", None) in found(*items)


def altered_option(option: Option, text: str) -> Option:
    return msgspec.structs.replace(option, text=text)


def test_a_rare_context_is_a_note() -> None:
    items = [altered(item, context="work" if n < 55 else "personal") for n, item in enumerate(many(60))]
    assert found(*items) == [("note", "balance", None)]


def test_keys_that_are_the_longest_option_are_a_warning() -> None:
    items = [
        altered(
            item, options=tuple(altered_option(o, o.text + " indeed") if o.id == item.key else o for o in item.options)
        )
        for item in many(60)
    ]
    assert ("warning", "longest_key", None) in found(*items)


def test_keys_in_the_middle_of_their_neighbours_are_a_warning() -> None:
    # guilt is one appraisal away from each of the others; they are two from one another
    names = ("guilt", "frustration", "anger", "regret", "shame")
    items = []
    for index, item in enumerate(many(60, texts=names)):
        options = tuple(msgspec.structs.replace(option, emotion=option.text) for option in item.options)
        key = next(option.id for option in options if option.text == "guilt")
        stem = item.stem if index else SAD.stem
        items.append(altered(item, options=options, key=key, stem=stem))
    assert ("warning", "central_key", None) in found(*items)


def test_one_key_far_longer_than_its_rivals_is_a_warning() -> None:
    options = (Option(id="a", text="Wait"), Option(id="sadness", text="Call the office at once and ask for help"))
    assert found(altered(SAD, options=options, appraisal=None)) == [("warning", "option_length", "q1")]


def test_a_very_long_and_a_very_short_situation_are_notes() -> None:
    assert found(altered(SAD, stem="One two. " * 80)) == [("note", "length", "q1")]
    assert found(altered(SAD, stem="It is gone.")) == [("note", "length", "q1")]


def test_a_hard_text_is_a_note() -> None:
    hard = "Notwithstanding considerable organisational complexities, the administration reconsidered its " * 3
    assert ("note", "readability", "q1") in found(altered(SAD, stem=hard))


def test_the_reading_grade_is_the_formula() -> None:
    # 6 words, 1 sentence, 6 syllables: 0.39 * 6 + 11.8 * 1 - 15.59
    assert reading_grade("The cat sat on the mat.") == pytest.approx(-1.45)
    assert reading_grade("...") != reading_grade("...")  # not a number
    assert word_count("It's a well-known 12-page text.") == 6


@pytest.mark.parametrize(
    ("word", "count"),
    [("cat", 1), ("table", 2), ("make", 1), ("walked", 1), ("wanted", 2), ("houses", 2), ("beautiful", 3), ("mm", 1)],
)
def test_syllables_are_counted_by_vowel_groups(word: str, count: int) -> None:
    assert syllables(word) == count


def test_errors_come_first_and_then_the_order_of_the_bank() -> None:
    items = [
        altered(SAD, id="q1", stem=SAD.stem + " She waits."),
        altered(SAD, id="q2", key="joy", stem=many(1)[0].stem),
    ]
    assert [lint.item for lint in lint_bank(bank(*items))] == ["q2", "q2", "q1"]


def test_every_rule_named_in_a_lint_is_a_known_rule() -> None:
    assert len(RULES) == len(set(RULES))
    assert {"key", "lexicon", "duplicate", "near_duplicate", "position", "readability"} <= set(RULES)


def test_the_summary_counts_what_there_is() -> None:
    summary = bank_summary(load_bank("understanding"))
    assert summary.items == sum(summary.kinds.values()) == sum(summary.positions)
    assert set(summary.contexts) == {"abstract", "personal", "work"}
    assert summary.words[0] <= summary.words[1] <= summary.words[2]
    assert summary.grade is not None
    assert bank_summary(bank(SAD, language="zh")).grade is None


@pytest.mark.parametrize("name", shipped_banks())
def test_every_shipped_bank_has_a_summary(name: str) -> None:
    summary = bank_summary(load_bank(name))
    assert summary.items == len(load_bank(name).items)
    assert sum(summary.positions) == len([item for item in load_bank(name).items if item.options])

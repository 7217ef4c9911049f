"""The shipped understanding items keep what docs/bank.md says of them."""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import combinations

import pytest

from evenhand.bank.appraisal import EMOTIONS, appraisal_distance, compatible, keyed_emotion, satisfies, valence
from evenhand.bank.lint import lint_bank
from evenhand.bank.lint_duplicates import similarity
from evenhand.bank.lint_text import reading_grade, word_count
from evenhand.bank.lint_words import factor_words, named_emotions
from evenhand.bank.load import load_bank
from evenhand.records.item import Bank, Item


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank("understanding")


def key_emotion(item: Item) -> str:
    emotion = next(option.emotion for option in item.options if option.id == item.key)
    assert emotion is not None
    return emotion


def distractors(item: Item) -> list[str]:
    return [option.emotion or "" for option in item.options if option.id != item.key]


def test_there_are_at_least_240_items_over_at_least_14_emotions(bank: Bank) -> None:
    assert len(bank.items) >= 240
    counts = Counter(key_emotion(item) for item in bank.items)
    assert len(counts) >= 14
    assert min(counts.values()) >= 12


def test_the_bank_says_that_it_may_be_passed_on_and_that_nobody_has_rated_it(bank: Bank) -> None:
    assert (bank.licence, bank.redistribute, bank.validated) == ("CC-BY-4.0", True, False)


def test_every_key_follows_from_its_appraisal(bank: Bank) -> None:
    for item in bank.items:
        assert item.appraisal is not None
        assert keyed_emotion(item.appraisal) == key_emotion(item), item.id


def test_no_distractor_fits_the_appraisal_even_where_it_is_left_open(bank: Bank) -> None:
    for item in bank.items:
        assert item.appraisal is not None
        for emotion in distractors(item):
            assert not satisfies(item.appraisal, emotion), (item.id, emotion)
            assert not compatible(item.appraisal, emotion), (item.id, emotion)


def test_surprise_is_no_distractor_where_the_event_is_unexpected(bank: Bank) -> None:
    for item in bank.items:
        assert item.appraisal is not None
        if item.appraisal.unexpectedness == "unexpected":
            assert "surprise" not in distractors(item), item.id


def test_every_item_has_five_options_and_each_option_names_its_emotion(bank: Bank) -> None:
    for item in bank.items:
        assert [option.id for option in item.options] == ["a", "b", "c", "d", "e"]
        assert all(option.text.lower() == option.emotion for option in item.options)
        assert set(distractors(item)) <= set(EMOTIONS)


def test_every_emotion_is_asked_in_every_context_at_every_difficulty(bank: Bank) -> None:
    seen = Counter((key_emotion(item), item.context, item.difficulty) for item in bank.items)
    for emotion in EMOTIONS:
        for context in ("abstract", "personal", "work"):
            shares = [seen[emotion, context, level] for level in ("easy", "medium", "hard")]
            assert shares == [1, 2, 2], (emotion, context)


def test_difficulty_is_the_distance_of_the_distractors(bank: Bank) -> None:
    distances: dict[tuple[str, str], list[float]] = defaultdict(list)
    for item in bank.items:
        mean = statistics.mean(appraisal_distance(key_emotion(item), other) for other in distractors(item))
        distances[key_emotion(item), item.difficulty or ""].append(mean)
    for emotion in EMOTIONS:
        easy, medium, hard = (distances[emotion, level] for level in ("easy", "medium", "hard"))
        assert statistics.mean(easy) > statistics.mean(medium) > statistics.mean(hard), emotion
        assert min(easy) >= max(medium), emotion
        assert min(medium) > max(hard), emotion


def test_hard_items_offer_neighbours_only(bank: Bank) -> None:
    for item in bank.items:
        if item.difficulty == "hard":
            limit = 2  # the nearest neighbours of surprise, which has no valence, stand at two
            assert max(appraisal_distance(key_emotion(item), other) for other in distractors(item)) <= limit, item.id


def test_each_position_holds_a_fifth_of_the_keys_at_every_difficulty(bank: Bank) -> None:
    positions = Counter("abcde".index(item.key) for item in bank.items)
    assert all(0.18 <= positions[place] / len(bank.items) <= 0.22 for place in range(5))
    for level in ("easy", "medium", "hard"):
        keys = Counter(item.key for item in bank.items if item.difficulty == level)
        assert max(keys.values()) - min(keys[name] for name in "abcde") <= 2


def test_no_emotion_is_given_away_by_how_often_it_is_offered(bank: Bank) -> None:
    shown = Counter(option.emotion for item in bank.items for option in item.options)
    keyed = Counter(key_emotion(item) for item in bank.items)
    assert all(0.1 <= keyed[emotion] / shown[emotion] <= 0.3 for emotion in EMOTIONS)


def _share_right(bank: Bank, level: str | None, pick: Callable[[Item], list[str]]) -> float:
    """How often a reader who sees the options only is right, guessing among what `pick` leaves."""
    items = [item for item in bank.items if level in (None, item.difficulty)]
    left = [(key_emotion(item), pick(item)) for item in items]
    return statistics.mean((key in names) / len(names) for key, names in left)


def _emotions(item: Item) -> list[str]:
    return [key_emotion(item), *distractors(item)]


def _nearest_to_all(item: Item) -> list[str]:
    names = _emotions(item)
    sums = {one: sum(appraisal_distance(one, two) for two in names) for one in names}
    return [name for name in names if sums[name] == min(sums.values())]


def _furthest_from_all(item: Item) -> list[str]:
    names = _emotions(item)
    sums = {one: sum(appraisal_distance(one, two) for two in names) for one in names}
    return [name for name in names if sums[name] == max(sums.values())]


def _commonest_valence(item: Item) -> list[str]:
    names = _emotions(item)
    counts = Counter(valence(name) for name in names)
    return [name for name in names if counts[valence(name)] == max(counts.values())]


@pytest.mark.parametrize("pick", [_nearest_to_all, _furthest_from_all, _commonest_valence])
@pytest.mark.parametrize("level", [None, "easy", "medium", "hard"])
def test_the_options_alone_do_not_tell_the_key(
    bank: Bank, level: str | None, pick: Callable[[Item], list[str]]
) -> None:
    assert _share_right(bank, level, pick) <= 0.3  # chance: 0.2


def test_no_situation_names_an_emotion(bank: Bank) -> None:
    for item in bank.items:
        assert not named_emotions(item.stem), item.id


def test_no_item_tells_of_a_cohort_factor(bank: Bank) -> None:
    for item in bank.items:
        assert not factor_words(f"{item.stem} {item.question}"), item.id


def test_no_two_items_share_a_fifth_of_their_wording(bank: Bank) -> None:
    for first, second in combinations(bank.items, 2):
        assert similarity(first.stem, second.stem) < 0.2, (first.id, second.id)


def test_no_two_situations_start_with_the_same_five_words(bank: Bank) -> None:
    starts = Counter(" ".join(item.stem.split()[:5]) for item in bank.items)
    assert max(starts.values()) == 1, starts.most_common(3)


def test_items_are_short_and_plain_to_read(bank: Bank) -> None:
    assert all(12 <= word_count(item.stem) <= 80 for item in bank.items)
    grades = [reading_grade(f"{item.stem} {item.question}") for item in bank.items]
    assert statistics.median(grades) <= 7
    assert max(grades) <= 10.5


def test_the_length_of_a_situation_does_not_tell_its_emotion(bank: Bank) -> None:
    lengths: dict[str, list[int]] = defaultdict(list)
    for item in bank.items:
        lengths[key_emotion(item)].append(word_count(item.stem))
    means = [statistics.mean(words) for words in lengths.values()]
    assert max(means) <= 1.5 * min(means)


def test_no_name_stands_in_more_than_a_few_items(bank: Bank) -> None:
    matches = [re.search(r"is ([A-Z]\w+) most", item.question) for item in bank.items]
    asked = [match.group(1) for match in matches if match]
    assert len(set(asked)) >= 60
    assert Counter(asked).most_common(1)[0][1] <= 4


def test_questions_about_what_someone_thinks_of_are_asked_of_every_emotion(bank: Bank) -> None:
    pointed = Counter(key_emotion(item) for item in bank.items if re.search(r" when | into | up\?", item.question))
    assert all(pointed[emotion] >= 2 for emotion in EMOTIONS), pointed


def test_any_first_34_items_hold_every_emotion_twice(bank: Bank) -> None:
    counts = Counter(key_emotion(item) for item in bank.items[:34])
    assert set(counts.values()) == {2}
    assert len(counts) == 17


def test_the_linters_find_nothing(bank: Bank) -> None:
    assert lint_bank(bank) == ()

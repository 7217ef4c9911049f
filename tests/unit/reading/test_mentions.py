"""Where a text speaks of an option, and where a letter or a word is only a letter or a word."""

from __future__ import annotations

import pytest

from evenhand.reading.mentions import Mention, skeleton_of
from evenhand.reading.shown import Shown

FIVE = Shown(("A", "B", "C", "D", "E"), ("Joy", "Relief", "Anger", "Great joy", "Fear"))
BARE = Shown(("A", "B", "C", "I", "Y"), ())
WORDS = Shown((), ("Joy", "Relief"), (("glee", 0), ("a weight lifted", 1)))


def mentions(text: str, shown: Shown = FIVE) -> list[tuple[str, str, str]]:
    """(letter, form, text) of each mention; ? for an option that was not shown."""
    return [
        ("?" if one.position is None else "ABCDE"[one.position], one.form, text[one.start : one.end])
        for one in skeleton_of(text, shown).mentions
    ]


@pytest.mark.parametrize(
    ("text", "form", "span"),
    [
        ("B", "plain", "B"),
        ("b", "plain", "b"),
        ("So B it is", "plain", "B"),
        ("B.", "plain", "B"),
        ("B:", "plain", "B"),
        ("(B)", "plain", "(B)"),
        ("[b]", "plain", "[b]"),
        ("{B}", "plain", "{B}"),
        ('"B"', "plain", '"B"'),
        ("'B'", "plain", "'B'"),
        ("<B>", "plain", "<B>"),
        ('("B")', "plain", '("B")'),
        ("( B )", "plain", "( B )"),
        ("B)", "delimited", "B)"),
        ("B ) so", "delimited", "B )"),
        ("B]", "plain", "B]"),
        ("option B", "named", "option B"),
        ("The option B", "named", "The option B"),
        ("my choice (B)", "named", "my choice (B)"),
        ('letter "b"', "named", 'letter "b"'),
        ("option letter B", "named", "option letter B"),
        ("option #B", "named", "option #B"),
        ("opción B", "named", "opción B"),
        ("B. Relief", "plain", "B. Relief"),
        ("B) relief", "plain", "B) relief"),
        ("B - relief", "plain", "B - relief"),
        ("B → relief", "plain", "B → relief"),
        ("(B) (relief)", "plain", "(B) (relief)"),
        ("B relief", "plain", "B relief"),
        ("option B, relief", "named", "option B, relief"),
        ("B [relief]", "plain", "B [relief]"),
        ("relief", "worded", "relief"),
        ("ReLiEf!", "worded", "ReLiEf"),
    ],
)
def test_an_option_is_spoken_of_by_letter_words_or_both(text: str, form: str, span: str) -> None:
    assert mentions(text) == [("B", form, span)]


@pytest.mark.parametrize(
    "text",
    ["", "She waited.", "A friend", "A good day", "I would", "I, too", "plan B", "Plan B", "vitamin B", "group B",
     "b\nso", "so a", "so b", "be", "AB", "B2", "2B", "B++", "don't", "A'b", "x-B", "B-x", "@B", "&B", "B@",
     "B#", "Bé", "éB", "БB", "joyful", "relief-giving", "un-relief", "the answer is a dog", "I because",
     "a.m.", "Anna's B.C.", "can't b"],
)  # fmt: skip
def test_a_letter_in_a_word_an_article_a_pronoun_or_a_grade_is_no_mention(text: str) -> None:
    found = mentions(text)
    assert [one for one in found if one[0] != "?"] == [] or found[0][2] in {"I", "C"}


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("A is right", "A"),
        ("A because she won", "A"),
        ("A, a friend", "A"),
        ("A's best", "A"),
        ("option A friend", ""),
        ("option B friend", "B"),
        ("B friend", "B"),
        ("Z", "?"),
        ("option Z", "?"),
        ("E B C", "EBC"),
        ("B, C and D", "BCD"),
        ("B/C", "BC"),
        ("A B", "AB"),
        ("A X", "A?"),
        ("great joy", "D"),
        ("Great  joy", "D"),
        ("joy, great joy", "AD"),
        ("B - Joy", "?"),
        ("B = fear.", "?"),
        ("B. Joy of life", "BA"),
        ("B joy", "BA"),
        ("C fear", "CE"),
    ],
)
def test_letters_and_words_belong_to_the_options_as_shown(text: str, letters: str) -> None:
    assert "".join(one[0] for one in mentions(text)) == letters


@pytest.mark.parametrize(
    ("text", "is_mention"),
    [
        ("a", True),
        ("a.", True),
        ("(a)", True),
        ('"a"', False),
        ("[a] so", True),
        ("{a} so", True),
        ("<a> so", False),
        ("a) so", True),
        ("a. so", True),
        ("a: so", True),
        ("so\na) so", True),
        ("so a) so", False),
        ("z", False),
        ("z) so", False),
        ("the answer is a", True),
        ("the answer is a.", True),
        ("the answer is a best", False),
        ("the answer is c best", True),
        ("the answer is c dog", False),
        ("my answer today: a", True),
        ("I choose a", True),
        ("I choose a dog", False),
        ("I choose (c) now", True),
        ("so c", False),
        ("c\nd", False),
        ("- c", True),
        ("it is c", True),
        ("this is b", True),
        ("that's d", True),
        ("that must be e", True),
        ("that would be c", True),
        ("it is c then", True),
        ("it is c dog", False),
        ("it is a", False),
        ("habit is c", False),
        ("it is now c", False),
        ("b because she won", True),
        ("c since she won", True),
        ("d as it fits", True),
        ("b is it", True),
        ("c for her", True),
        ("e because she won", False),
        ("b becauses", False),
        ("so b because she won", False),
    ],
)
def test_a_small_letter_counts_alone_in_a_list_in_brackets_or_where_it_is_announced(
    text: str, is_mention: bool
) -> None:
    assert bool(mentions(text)) is is_mention


@pytest.mark.parametrize(
    ("text", "count"),
    [("I", 1), ("I.", 1), ("I think", 0), ("I is right", 0), ("(I) think", 1), ("option I", 1), ("option I think", 0),
     ("the answer is y", 1), ("Y because", 1), ("A", 1), ("the answer is a because", 0)],
)  # fmt: skip
def test_letters_that_are_words_need_more(text: str, count: int) -> None:
    found = [one for one in skeleton_of(text, BARE).mentions if text[one.start : one.end].strip(".()")[-1:] != "b"]
    assert len(found) == count


def test_a_skeleton_has_one_character_for_every_mention() -> None:
    found = skeleton_of("B or relief, said Joy.", FIVE)
    assert found.text == "\ue000 or \uf001, said \uf002."
    assert [found.at(character).position for character in "\ue000\uf001\uf002"] == [1, 1, 0]
    assert found.mentions[1] == Mention(5, 11, 1, "worded")
    assert skeleton_of("Joy", FIVE).at("\uf000").position == 0


@pytest.mark.parametrize(
    ("text", "skeleton"),
    [
        ("Q: who?\nA: B", "\ue000: who?\nAnswer: \ue001"),
        ("A: B", "Answer: \ue000"),
        ("A. (b)", "Answer: \ue000"),
        ("A: option C.", "Answer: \ue000."),
        ("A: Joy", "\ue000"),
        ("A: B. So", "\ue000: \ue001. So"),
        ("A: B or C", "Answer: \ue000 or \ue001"),
        ("So A: B", "So \ue000: \ue001"),
        ("A: hm", "\ue000: hm"),
    ],
)
def test_in_a_dialogue_a_line_may_be_the_answer(text: str, skeleton: str) -> None:
    assert skeleton_of(text, FIVE).text == skeleton


def test_options_without_letters_are_spoken_of_by_words_and_with_what_counts_them() -> None:
    assert mentions("a) joy", WORDS) == [("A", "worded", "a) joy")]
    assert mentions("1. relief", WORDS) == [("B", "worded", "1. relief")]
    assert mentions("(2) relief", WORDS) == [("B", "worded", "(2) relief")]
    assert mentions("b: glee", WORDS) == [("A", "worded", "b: glee")]
    assert mentions("so joy", WORDS) == [("A", "worded", "joy")]
    assert mentions("xa) joy", WORDS) == [("A", "worded", "joy")]
    assert mentions("1)    joy", WORDS) == [("A", "worded", "joy")]
    assert mentions("A weight  lifted.", WORDS) == [("B", "worded", "A weight  lifted")]
    assert mentions("B", WORDS) == []


def test_words_of_options_in_other_spellings_and_scripts() -> None:
    shown = Shown(("A", "B"), ("**Jöy!**", "安心"))
    assert mentions("jöy", shown) == [("A", "worded", "jöy")]
    assert mentions("她感到安心了", shown) == [("B", "worded", "安心")]
    assert mentions("B", Shown(("A", "B"), ("B", "A"))) == [("B", "plain", "B")]
    assert mentions("x", Shown((), ("x", "y"))) == [("A", "worded", "x")]
    assert mentions("joy", Shown((), ("joy", "Joy"))) == [("A", "worded", "joy")]
    assert mentions("joy", Shown(("A",), ("", "  "))) == []


def test_of_a_text_full_of_mentions_both_ends_are_kept() -> None:
    found = skeleton_of("B " * 256, FIVE)
    assert len(found.mentions) == 256
    more = skeleton_of("C" + " B" * 300 + " D", FIVE)
    assert len(more.mentions) == 256
    assert (more.mentions[0].position, more.mentions[-1].position) == (2, 3)
    assert more.mentions[127].end < 300 < more.mentions[128].start

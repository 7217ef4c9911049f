"""Texts taken apart."""

from __future__ import annotations

from evenhand.scoring.features.sentences import sentences, words


def test_marks_end_sentences_and_abbreviations_do_not() -> None:
    assert sentences("Ask Dr. Lim first. Then rest! Is it late?") == ("Ask Dr. Lim first.", "Then rest!", "Is it late?")


def test_a_line_is_a_sentence_and_its_list_mark_is_left_out() -> None:
    assert sentences("1. Write it down\n2. Sleep\n\n- **Ask** a friend") == ("Write it down", "Sleep", "Ask a friend")


def test_a_text_without_words_has_no_sentence() -> None:
    assert sentences("...\n\n  ") == ()
    assert words("---") == ()


def test_what_is_joined_is_one_word() -> None:
    assert words("Don't over-think it.") == ("Don't", "over-think", "it")

from __future__ import annotations

import sqlite3

import pytest

from evenhand.view.search import MOST_CHARACTERS, excerpt, word_search


def matches(typed: str, text: str) -> bool:
    """Whether SQLite finds the text by what was typed."""
    search = word_search(typed)
    assert search is not None
    database = sqlite3.connect(":memory:")
    database.execute('CREATE VIRTUAL TABLE w USING fts5 (body, tokenize="unicode61 remove_diacritics 2")')
    database.execute("INSERT INTO w VALUES (?)", (text,))
    (found,) = database.execute("SELECT count(*) FROM w WHERE w MATCH ?", (search.query,)).fetchone()
    database.close()
    return bool(found)


@pytest.mark.parametrize(
    ("typed", "text", "found"),
    [
        ("parcel", "Kim finds a Parcel.", True),
        ("parcel joy", "joy, then a parcel", True),
        ("parcel joy", "a parcel", False),
        ('"a parcel"', "a parcel", True),
        ('"parcel a"', "a parcel", False),
        ('"a parcel', "a parcel", True),
        ("par*", "a parcel", True),
        ("par", "a parcel", False),
        ("don't", "I don't know", True),
        ("cafe", "the Café", True),
        ("AND", "and then", True),
        ("NEAR(a", "near a tree", True),
        ("body:x", "body x", True),
        ("a-b", "a b", True),
        ('"""x', "x", True),
        ("joy) OR (parcel", "joy or parcel", True),
    ],
)
def test_what_is_typed_is_looked_for_as_words_and_nothing_else(typed: str, text: str, found: bool) -> None:
    assert matches(typed, text) is found


@pytest.mark.parametrize("typed", ["", "  ", "***", '""', "-- ;"])
def test_without_a_word_there_is_no_search(typed: str) -> None:
    assert word_search(typed) is None


def test_a_search_has_an_end() -> None:
    search = word_search("x " * 10_000)
    assert search is not None
    assert len(search.phrases) == MOST_CHARACTERS // 2


def test_an_excerpt_shows_the_first_hit_with_its_surroundings() -> None:
    text = "begin " * 40 + "a Parcel\n\n  came " + "end " * 80
    pieces = excerpt(text, word_search("parcel"), most=100)
    assert [piece.text for piece in pieces if piece.marked] == ["Parcel"]
    joined = "".join(piece.text for piece in pieces)
    assert joined.startswith("…")
    assert joined.endswith("…")
    assert "a Parcel came end" in joined
    assert len(joined) <= 102


def test_an_excerpt_marks_words_with_accents_and_keeps_every_letter() -> None:
    pieces = excerpt("le Café", word_search("cafe"), most=100)
    assert [(piece.text, piece.marked) for piece in pieces] == [("le ", False), ("Café", True)]


def test_without_a_search_the_text_begins_at_its_beginning() -> None:
    (piece,) = excerpt("a  b\nc " * 50, None, most=10)
    assert piece.text == "a b c a b…"

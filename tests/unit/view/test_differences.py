from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.view.differences import marked_differences


def test_the_words_that_differ_are_marked_on_their_side() -> None:
    first, second = marked_differences("Kim owns a house, and is glad.", "Kim rents a house, and is very glad.")
    assert [piece.text for piece in first if piece.marked] == ["owns"]
    assert [piece.text.strip() for piece in second if piece.marked] == ["rents", "very"]


def test_equal_texts_have_no_mark() -> None:
    first, second = marked_differences("same", "same")
    assert not any(piece.marked for piece in (*first, *second))


def test_one_side_may_be_empty() -> None:
    first, second = marked_differences("", "all of it")
    assert first == ()
    assert [(piece.text, piece.marked) for piece in second] == [("all of it", True)]


def test_long_texts_are_compared_by_lines() -> None:
    lines = [f"line {n} of many words that are the same" for n in range(400)]
    other = [*lines[:200], "another line here", *lines[201:]]
    first, second = marked_differences("\n".join(lines), "\n".join(other))
    assert [piece.text for piece in first if piece.marked] == [lines[200] + "\n"]
    assert [piece.text for piece in second if piece.marked] == ["another line here\n"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_of_either_text_is_lost(first: str, second: str) -> None:
    sides = marked_differences(first, second)
    assert tuple("".join(piece.text for piece in side) for side in sides) == (first, second)


@pytest.mark.parametrize("size", [5_000, 60_000])
def test_very_long_texts_take_no_time(size: int) -> None:
    first, second = marked_differences("x\n" * size, "y\n" * size)
    assert "".join(piece.text for piece in first) == "x\n" * size
    assert all(piece.marked for piece in second)

"""Keys are taken out of texts by their form, and the keys of this process by their value."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from evenhand.endpoints.redact import HIDDEN, cut, forget, hide, known_secrets, redact, remember
from tests.support.quickest import quickest

CANARY = "canary/0123+456"


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ("Authorization: Basic c29tZW9uZTpzZWNyZXQ=", "c29tZW9uZTpzZWNyZXQ"),
        ("https://user:hunter22@host/v1", "hunter22"),
        ("https://hunter22@host/v1", "hunter22"),
        ("at https://host/v1?api-version=2&api-key=hunter22&x=1", "hunter22"),
        ("key AIzaSyA0123456789abcdefghijklmnopqrstu", "AIzaSyA0123456789"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdef", "eyJzdWIi"),
        ("nvapi-abcdefghijklmnop", "abcdefghijkl"),
    ],
)
def test_what_looks_like_a_key_is_taken_out_of_an_error(text: str, gone: str) -> None:
    assert gone not in redact(text)
    assert HIDDEN in redact(text)


def test_a_secret_of_this_process_is_found_in_every_form_and_nothing_else_is_changed() -> None:
    answer = "The option B, token: abcdefghij, Bearer of news"
    assert hide(answer) == answer
    remember(CANARY)
    encoded = base64.b64encode(CANARY.encode()).decode()
    text = f"{answer}; {CANARY}, {quote(CANARY, safe='')}, {encoded}"
    assert hide(text) == f"{answer}; {HIDDEN}, {HIDDEN}, {HIDDEN}"
    assert CANARY in known_secrets()


def test_the_longer_of_two_secrets_goes_first() -> None:
    remember("canary-0123")
    remember("canary-0123-and-more")
    assert hide("canary-0123-and-more") == HIDDEN


@pytest.mark.parametrize("word", ["EMPTY", "ollama", "", "not-needed", " x "])
def test_stand_ins_for_a_key_are_left_in_texts(word: str) -> None:
    remember(word)
    assert hide(f"the model {word}/llama answers") == f"the model {word}/llama answers"


@pytest.mark.parametrize("before", range(380, 401))
def test_no_part_of_a_secret_is_left_where_a_text_is_cut(before: int) -> None:
    remember(CANARY)
    assert "canary" not in cut("x" * before + CANARY)
    assert "abcdefghi" not in cut("x" * (before - 20) + " sk-abcdefghijklmnop")
    assert len(cut("y " * 4000)) == 403


@pytest.mark.parametrize(
    "text", ["a" * 64000, "://" * 20000, "token" * 12000, "eyJ" * 20000, "&key=" * 12000, "sk-" * 20000]
)
def test_long_texts_are_read_in_a_moment(text: str) -> None:
    assert quickest(lambda: redact(text)) < 1.0


def test_the_longest_value_goes_first_whether_it_was_remembered_or_handed_in() -> None:
    remember("canary-0123456789-rest")
    assert redact("said canary-0123456789-rest", ["canary-0123456789"]) == f"said {HIDDEN}"
    assert redact("said canary-0123456789-rest-of-it", ["canary-0123456789-rest-of-it"]) == f"said {HIDDEN}"

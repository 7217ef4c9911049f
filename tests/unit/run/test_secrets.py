from __future__ import annotations

from evenhand.run.secrets import secrets_of

KEY = "canary/key-0123456789"


def test_keys_are_known_by_the_name_of_their_variable_or_because_they_are_named() -> None:
    environment = {
        "OPENAI_API_KEY": KEY,
        "HOME": "/home/someone",
        "MINE": "long-enough",
        "SSH_AUTH_SOCK": "/run/a.sock",
    }
    assert secrets_of(environment=environment) == ("canary%2Fkey-0123456789", KEY)
    assert "long-enough" in secrets_of(["MINE", None, "ABSENT"], environment=environment)


def test_a_stand_in_for_a_key_is_not_taken_out_of_texts_even_where_it_is_named() -> None:
    assert secrets_of(["MINE"], environment={"MINE": "answer"}) == ()


def test_what_is_no_key_is_not_looked_for() -> None:
    names = {"KEYBOARD": "qwertyuiop", "MONKEY": "abcdefghij", "A_TOKEN": "x", "GPG_KEY": "/etc/keys/one.gpg"}
    assert secrets_of(environment=names) == ()


def test_the_longest_stands_first_so_that_no_rest_of_it_is_left() -> None:
    found = secrets_of(environment={"A_KEY": "abcdefgh", "B_TOKEN": "abcdefgh-long"})
    assert found == ("abcdefgh-long", "abcdefgh")

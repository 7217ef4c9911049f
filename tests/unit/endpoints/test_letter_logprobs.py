"""The token on which the reading of a letter hangs, and what else could have been there."""

from __future__ import annotations

import math

import pytest

from evenhand.endpoints.letter_logprobs import Candidate, TokenLogprobs, at_letter, tokens_of
from evenhand.records.message import TokenProbability

LETTERS = ("A", "B", "C")
TOP = (Candidate("B", -0.1), Candidate("A", -2.5))


def same(found: object, expected: object) -> bool:
    """Equal, where NaN equals NaN."""
    return repr(found) == repr(expected)


@pytest.mark.parametrize("form", ["content", "list"])
def test_tokens_are_read_with_their_candidates(form: str) -> None:
    rows = [
        {
            "token": "B",
            "logprob": -0.1,
            "top_logprobs": [{"token": "B", "logprob": -0.1}, {"token": "A", "logprob": -2.5}],
        },
        {"token": ".", "logprob": 0, "top_logprobs": {"!": -3}},
        {"token": "x"},
        "no row",
        {"logprob": -1.0, "top_logprobs": "none"},
    ]
    expected = (
        TokenLogprobs("B", -0.1, TOP),
        TokenLogprobs(".", 0.0, (Candidate("!", -3.0),)),
        TokenLogprobs("x", math.nan, ()),
        TokenLogprobs("", -1.0, ()),
    )
    assert same(tokens_of({"content": rows} if form == "content" else rows), expected)


@pytest.mark.parametrize("odd", [None, {}, {"content": None}, {"content": {}}, "B", 5, {"tokens": "B"}, [5]])
def test_where_there_are_no_rows_there_are_no_tokens(odd: object) -> None:
    assert tokens_of(odd) == ()


def test_the_parallel_lists_of_the_older_protocol_are_read() -> None:
    older = {"tokens": ["B", 5], "token_logprobs": [-0.1, None], "top_logprobs": [{"B": -0.1, "A": -2.5}, None]}
    expected = (TokenLogprobs("B", -0.1, TOP), TokenLogprobs("", math.nan, ()))
    assert same(tokens_of(older), expected)
    others: list[object] = [None, [], "no", [{}], {"B": 1, "A": 2}]
    for tops in others:
        bare = tokens_of({**older, "top_logprobs": tops})
        assert same(bare, (TokenLogprobs("B", -0.1, ()), TokenLogprobs("", math.nan, ())))


@pytest.mark.parametrize("change", [{"token_logprobs": [-0.1]}, {"token_logprobs": None}, {"token_logprobs": "ab"}])
def test_lists_that_do_not_belong_together_are_no_tokens(change: dict[str, object]) -> None:
    assert tokens_of({"tokens": ["B", "."], "token_logprobs": [-0.1, -0.2], **change}) == ()


@pytest.mark.parametrize("bad", [None, "x", True, False, math.nan, math.inf, -math.inf, 0.5, 2e-6, [0.1]])
def test_a_value_that_is_no_probability_loses_only_itself(bad: object) -> None:
    rows = [
        {"token": "B", "logprob": bad, "top_logprobs": [{"token": "A", "logprob": bad}, {"token": "C", "logprob": -1}]}
    ]
    assert same(tokens_of(rows), (TokenLogprobs("B", math.nan, (Candidate("C", -1.0),)),))
    assert tokens_of([{"token": "B", "logprob": 1e-6}])[0].logprob == 1e-6
    named = [
        {"token": "B", "logprob": -1, "top_logprobs": [{"token": 5, "logprob": -1}, 7, {"token": "C", "logprob": -2}]}
    ]
    assert tokens_of(named)[0].top_logprobs == (Candidate("C", -2.0),)


def said(*texts: str, top: tuple[Candidate, ...] = ()) -> list[TokenLogprobs]:
    """Tokens, the nth with the log-probability -n."""
    return [TokenLogprobs(text, -float(place), top) for place, text in enumerate(texts, 1)]


def place(*texts: str, answer: str | None = None, letters: tuple[str, ...] = LETTERS) -> int | None:
    """Which token the reading hangs on, from 1."""
    found = at_letter(said(*texts), letters, answer=answer)
    return None if found is None else -int(found[0].logprob)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("B",), 1),
        (("b",), 1),
        (("The", " answer", " is", " B", "."), 4),
        (("A", " is", " wrong", ".", " Answer", ":", " B"), 7),
        (("B", " is", " out", ";", " answer", ":", " (B", ")"), 7),
        (("**", "B", "**"), 2),
        (("Ġ", "ĠB"), 2),
        (("So", "Ċ", "B"), 3),
        (("So", "▁B"), 2),
        (("{", '"answer"', ":", ' "', "B", '"}'), 5),
        (("$", "B", "$", "#"), 2),
        (("<think>", "B", "</think>", "B"), 4),
        (("<think>", "A", "</think>", "B", "."), 4),
        (("B", "<think>", "B", "</think>"), 1),
        (("Who", " knows"), None),
        (("A", " or", " B"), None),
        (("Answer: B",), None),
        ((), None),
    ],
)
def test_the_reading_hangs_on_one_token(texts: tuple[str, ...], expected: int | None) -> None:
    assert place(*texts) == expected


def test_tokens_before_a_known_answer_are_thoughts() -> None:
    assert place("B", " hm", " answer", ":", " B", answer="answer: B") == 5
    assert place("Answer: ", "B", " then ", "B", answer="B") == 4
    assert place("B", answer="elsewhere") == 1
    assert place("B", answer=" B ") == 1


def test_a_single_letter_hangs_on_its_token_since_there_is_no_other() -> None:
    assert place("A", letters=("A",)) == 1


def test_no_more_than_24_places_are_tried() -> None:
    def talk(count: int) -> tuple[str, ...]:
        return (*("Not", " B", ". ") * count, "Answer", ":", " B")

    assert place(*talk(23)) == 3 * 23 + 3
    assert place(*talk(24)) is None


def test_candidates_stand_once_with_their_greatest_probability() -> None:
    top = (Candidate("B", -0.5), Candidate("A", -2.0), Candidate("A", -1.0), Candidate("A", -3.0))
    found = at_letter([TokenLogprobs("B", -0.5, top)], LETTERS)
    assert found == (TokenProbability(token="B", logprob=-0.5), TokenProbability(token="A", logprob=-1.0))


@pytest.mark.parametrize(
    ("token", "candidate", "is_new"),
    [
        (("B", -0.5), ("B", -0.7), False),
        ((" B", -0.5), ("B", -0.5), False),
        ((" B", -0.5), ("B", -0.50009), False),
        ((" B", -0.5), ("B", -0.5002), True),
        ((" B", -0.5), ("A", -0.5), True),
        ((" B", math.nan), ("B", -0.5), False),
        ((" B", math.nan), ("A", -0.5), False),
    ],
)
def test_the_token_itself_is_a_candidate_once(
    token: tuple[str, float], candidate: tuple[str, float], is_new: bool
) -> None:
    found = at_letter([TokenLogprobs(*token, (Candidate(*candidate),))], LETTERS)
    assert found is not None
    assert found[0] == TokenProbability(token=candidate[0], logprob=candidate[1])
    assert [one.token for one in found[1:]] == ([token[0]] if is_new else [])

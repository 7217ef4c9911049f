"""Finds the token at which a chat answer chooses its letter, and what else could have stood there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from evenhand.endpoints.reasoning import answer_start
from evenhand.records.message import TokenProbability

__all__ = ["Candidate", "TokenLogprobs", "at_letter"]

_DRESS = " \t\r\n()[]{}*_`\"'.:,;#▁Ġ"
_ANNOUNCED = re.compile(
    r"(?:answer|option|choice|choose|select|letter)(?:\s+(?:is|would be|be))?[\s:=*_`\"'(\[{]*$", re.IGNORECASE
)


class Candidate(Struct, frozen=True):
    """A token that could have stood at a position."""

    token: str
    logprob: float


class TokenLogprobs(Struct, frozen=True):
    """A token of the answer with the most likely tokens at its position."""

    token: str
    logprob: float
    top_logprobs: tuple[Candidate, ...] = ()


def at_letter(tokens: Sequence[TokenLogprobs], letters: Sequence[str]) -> tuple[TokenProbability, ...] | None:
    """The candidates at the token where one of the letters is chosen.

    Tokens that belong to thoughts are passed over. A letter counts as the choice when it is the whole answer, when the
    words before it announce it ("the answer is"), or when it opens the answer and stands apart from what follows. A
    letter that is the only one in the answer counts too, unless it may be a word ("A friend would ...").

    Returns:
        None when no token is a letter, or when it cannot be told which of several is the choice.
    """
    text = "".join(token.token for token in tokens)
    begin = answer_start(text)
    whole = text[begin:].strip(_DRESS)
    places: list[tuple[int, bool, bool]] = []
    announced: int | None = None
    offset = 0
    for index, token in enumerate(tokens):
        bare = token.token.strip(_DRESS)
        end = offset + len(token.token)
        if end > begin and (bare in letters or (bare == whole and bare.upper() in letters)):
            places.append((index, _may_be_word(bare, text[end:]), not text[begin:offset].strip(_DRESS)))
            if _ANNOUNCED.search(text[begin:offset]):
                announced = index
        offset = end
    if announced is not None:
        return _candidates(tokens[announced])
    for index, word, opens in places[:1]:
        if not word and (opens or len(places) == 1):
            return _candidates(tokens[index])
    return None


def _may_be_word(letter: str, after: str) -> bool:
    """Whether a letter may be the article or the pronoun of a sentence: "A friend", "I would"."""
    return letter in {"A", "I"} and re.match(r" +[a-z]", after) is not None


def _candidates(token: TokenLogprobs) -> tuple[TokenProbability, ...]:
    """The candidates at a position, the token itself among them."""
    found = [TokenProbability(token=top.token, logprob=top.logprob) for top in token.top_logprobs]
    if all(top.token != token.token for top in token.top_logprobs):
        found.append(TokenProbability(token=token.token, logprob=token.logprob))
    return tuple(found)

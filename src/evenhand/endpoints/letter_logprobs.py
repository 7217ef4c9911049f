"""Finds the token at which a chat answer chooses its letter, and what else could have been there.

The letter is the one that the reader reads from the whole answer, and its place is the token on which that reading
hangs: put another letter there, and another option is read. A letter that is only spoken of never is that place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from evenhand.reading.read import Read, read
from evenhand.reading.shown import Shown
from evenhand.reading.thoughts import answer_spans
from evenhand.records.message import TokenProbability

__all__ = ["Candidate", "TokenLogprobs", "at_letter", "tokens_of"]

_DRESS = " \t\r\n()[]{}*_`\"'.:,;#$▁ĠĊ"
_CLOSE = 1e-4
_MOST_PLACES = 24


class Candidate(Struct, frozen=True):
    """A token that could have been at a position."""

    token: str
    logprob: float


class TokenLogprobs(Struct, frozen=True):
    """A token of the answer with the most likely tokens at its position."""

    token: str
    logprob: float
    """NaN where the server gave none that can be used."""
    top_logprobs: tuple[Candidate, ...] = ()


def tokens_of(logprobs: object) -> tuple[TokenLogprobs, ...]:
    """The answer's tokens as a server gives them; empty where there are none that can be read.

    Read are `{"content": [...]}`, the list alone, and the parallel lists of the older completions protocol. A value
    that is no probability (null, a text, above zero, NaN) loses its own candidate and nothing else.
    """
    if isinstance(logprobs, dict) and isinstance(logprobs.get("tokens"), list):
        return _parallel(logprobs)
    rows = logprobs.get("content") if isinstance(logprobs, dict) else logprobs
    if not isinstance(rows, list):
        return ()
    return tuple(
        TokenLogprobs(_text(row.get("token")), _number(row.get("logprob")), _candidates_in(row.get("top_logprobs")))
        for row in rows
        if isinstance(row, dict)
    )


def at_letter(
    tokens: Sequence[TokenLogprobs], letters: Sequence[str], *, answer: str | None = None
) -> tuple[TokenProbability, ...] | None:
    """The candidates at the token where the letter is chosen that is read from the answer.

    Args:
        tokens: The tokens of the answer, perhaps with those of the thoughts before it.
        letters: The option letters as shown.
        answer: The answer's text where it is known; tokens before it are thoughts.

    Returns:
        None when no letter is read from the answer, or when the reading hangs on no single token.
    """
    shown = Shown(tuple(letters), ())
    texts = [_shown_text(token.token) for token in tokens]
    joined = "".join(texts)
    begin = max(joined.rfind(_shown_text(answer).strip()), 0) if answer else 0
    reading = read(joined[begin:], shown)
    if not isinstance(reading, Read):
        return None
    chosen = shown.letters[reading.position]
    spans = [(begin + start, begin + end) for start, end in answer_spans(joined[begin:])]
    offset, tried = 0, 0
    for token, text in zip(tokens, texts, strict=True):
        start, offset = offset, offset + len(text)
        within = any(offset > first and start < last for first, last in spans)
        if not within or text.strip(_DRESS).upper() != chosen or tried >= _MOST_PLACES:
            continue
        tried += 1
        if _hangs_on(joined, start, offset, chosen, shown, begin):
            return _candidates(token)
    return None


def _hangs_on(joined: str, start: int, end: int, chosen: str, shown: Shown, begin: int) -> bool:
    """Whether another letter in this place would be read as another answer."""
    token = joined[start:end]
    other = next((letter for letter in reversed(shown.letters) if letter != chosen), None)
    if other is None:
        return True
    at = token.upper().index(chosen)
    changed = token[:at] + (other if token[at].isupper() else other.lower()) + token[at + 1 :]
    reading = read(joined[begin:start] + changed + joined[end:], shown)
    return not (isinstance(reading, Read) and shown.letters[reading.position] == chosen)


def _candidates(token: TokenLogprobs) -> tuple[TokenProbability, ...]:
    """The candidates at a position, each once; the token itself among them where its probability is known."""
    found: dict[str, float] = {}
    for top in token.top_logprobs:
        found[top.token] = max(top.logprob, found.get(top.token, -math.inf))
    bare = token.token.strip(_DRESS)
    seen = any(
        name == token.token or (name.strip(_DRESS) == bare and abs(logprob - token.logprob) < _CLOSE)
        for name, logprob in found.items()
    )
    if not seen and not math.isnan(token.logprob):
        found[token.token] = token.logprob
    return tuple(TokenProbability(token=name, logprob=logprob) for name, logprob in found.items())


def _candidates_in(top: object) -> tuple[Candidate, ...]:
    """The candidates that can be used, from a list of objects or a mapping of token to logarithm."""
    if isinstance(top, Mapping):
        pairs = [(name, value) for name, value in top.items()]
    elif isinstance(top, list):
        pairs = [(row.get("token"), row.get("logprob")) for row in top if isinstance(row, dict)]
    else:
        return ()
    usable = [(name, _number(value)) for name, value in pairs if isinstance(name, str)]
    return tuple(Candidate(name, value) for name, value in usable if not math.isnan(value))


def _parallel(logprobs: Mapping[str, object]) -> tuple[TokenLogprobs, ...]:
    """The form of the older completions protocol: parallel lists."""
    tokens, values, tops = (logprobs.get(name) for name in ("tokens", "token_logprobs", "top_logprobs"))
    if not isinstance(tokens, list) or not isinstance(values, list) or len(values) != len(tokens):
        return ()
    rows = tops if isinstance(tops, list) and len(tops) == len(tokens) else [None] * len(tokens)
    return tuple(
        TokenLogprobs(_text(token), _number(value), _candidates_in(top))
        for token, value, top in zip(tokens, values, rows, strict=True)
    )


def _number(value: object) -> float:
    """A logarithm of a probability; NaN where the value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if -math.inf < value <= 1e-6 else math.nan


def _text(token: object) -> str:
    return token if isinstance(token, str) else ""


def _shown_text(token: str) -> str:
    """A token as it reads: some servers give the tokenizer's marks for space and line end."""
    return token.replace("Ġ", " ").replace("Ċ", "\n").replace("▁", " ")

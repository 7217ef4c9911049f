"""Answers many requests at once: questions behind the same prefix are read together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.endpoints.next_token import next_token
from evenhand.endpoints.specimen.chat import ChatTokens
from evenhand.endpoints.specimen.forward import MAX_POSITIONS, Group, Prefix, SpecimenNetwork
from evenhand.records.message import FinishReason, ModelSettings, TokenProbability

__all__ = ["Answer", "Asked", "PromptedNetwork"]

_ROOM = 24
"""Longest answer in tokens; a specimen answers with one letter."""
_KEPT = 96
"""Prefixes whose keys and values are kept."""
_DIGITS = 5
"""Log-probabilities are rounded to this many decimals: the last bits of a product depend on its size."""


class Asked(Struct, frozen=True, kw_only=True, weakref=False):
    """A request as token ids."""

    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    settings: ModelSettings
    seed: int


class Answer(Struct, frozen=True, kw_only=True):
    """What came of it."""

    text: str
    finish: FinishReason
    top: tuple[TokenProbability, ...] | None
    """Candidates for the first token, most likely first."""
    pieces: tuple[str, ...]
    """The text of every token as answered, the end of the turn left out."""
    logprobs: tuple[float, ...]
    """Log-probability of each of these tokens."""
    steps: tuple[tuple[TokenProbability, ...], ...]
    """Candidates for each of these tokens; empty unless log-probabilities were asked for."""


class PromptedNetwork:
    """A network with its tokenizer and the prefixes it has read.

    Args:
        network: The network.
        tokens: The tokenizer.
    """

    def __init__(self, network: SpecimenNetwork, tokens: ChatTokens) -> None:
        self._network = network
        self._tokens = tokens
        self._pieces = [tokens.piece(token) for token in range(network.shape.vocab_size)]
        self._prefixes: OrderedDict[tuple[int, ...], Prefix] = OrderedDict()
        self._lock = Lock()

    def too_long(self, asked: Asked) -> bool:
        """Whether a request has more tokens than a specimen can read."""
        return len(asked.prefix) + len(asked.suffix) + _ROOM > MAX_POSITIONS

    def answer(self, batch: Sequence[Asked]) -> list[Answer]:
        """The answers, in the order of asking. Requests that are the same are computed once.

        May be called from several threads.
        """
        unique = list(dict.fromkeys(self._identity(asked) for asked in batch))
        first = {self._identity(asked): asked for asked in reversed(batch)}
        by_prefix: dict[tuple[int, ...], list[Asked]] = {}
        for identity in unique:
            by_prefix.setdefault(identity[0], []).append(first[identity])
        groups = [
            Group(prefix=self._prefix(prefix), suffixes=tuple(asked.suffix for asked in members))
            for prefix, members in by_prefix.items()
        ]
        members = [asked for group in by_prefix.values() for asked in group]
        made = dict(zip((self._identity(asked) for asked in members), self._generate(groups, members), strict=True))
        return [made[self._identity(asked)] for asked in batch]

    def _identity(self, asked: Asked) -> tuple[tuple[int, ...], tuple[int, ...], str]:
        """Requests of one identity get one answer; the seed counts only where answers are drawn."""
        settings = asked.settings
        drawn = f"/{asked.seed}" if settings.temperature else ""
        how = (
            f"{settings.temperature}/{settings.top_p}/{settings.max_tokens}/{settings.logprobs}/{settings.top_logprobs}"
        )
        return asked.prefix, asked.suffix, how + drawn

    def _prefix(self, ids: tuple[int, ...]) -> Prefix:
        with self._lock:
            found = self._prefixes.get(ids)
            if found is not None:
                self._prefixes.move_to_end(ids)
                return found
        made = self._network.prefix(ids)
        with self._lock:
            self._prefixes[ids] = made
            while len(self._prefixes) > _KEPT:
                self._prefixes.popitem(last=False)
        return made

    def _generate(self, groups: list[Group], members: list[Asked]) -> list[Answer]:
        limits = [min(asked.settings.max_tokens, _ROOM) for asked in members]
        logits, decoding = self._network.begin(groups, room=max(limits))
        chosen: list[list[int]] = [[] for _ in members]
        chances: list[list[float]] = [[] for _ in members]
        steps: list[list[tuple[TokenProbability, ...]]] = [[] for _ in members]
        ended = np.zeros(len(members), dtype=bool)
        generators = [
            np.random.Generator(np.random.PCG64(asked.seed)) if asked.settings.temperature else None
            for asked in members
        ]
        for taken in range(max(limits)):
            if taken:
                logits = decoding.step(np.array([row[-1] if row else 0 for row in chosen]))
            logprobs = _log_softmax(logits)
            for row, asked in enumerate(members):
                if ended[row] or taken >= limits[row]:
                    continue
                token = next_token(logprobs[row], asked.settings, generators[row])
                if asked.settings.logprobs:
                    steps[row].append(self._candidates(logprobs[row], asked.settings.top_logprobs))
                ended[row] = token == self._tokens.end
                if not ended[row]:
                    chosen[row].append(token)
                    chances[row].append(round(float(logprobs[row, token]), _DIGITS))
            if all(ended[row] or len(chosen[row]) >= limits[row] for row in range(len(members))):
                break
        return [
            Answer(
                text=self._tokens.decode(chosen[row]),
                finish="stop" if ended[row] else "length",
                top=steps[row][0] if steps[row] else None,
                pieces=tuple(self._pieces[token] for token in chosen[row]),
                logprobs=tuple(chances[row]),
                steps=tuple(steps[row][: len(chosen[row])]),
            )
            for row in range(len(members))
        ]

    def _candidates(self, logprobs: NDArray[np.float32], count: int) -> tuple[TokenProbability, ...]:
        count = min(max(count, 1), len(logprobs))
        best = np.argpartition(logprobs, -count)[-count:]
        best = best[np.lexsort((best, -logprobs[best]))]
        return tuple(
            TokenProbability(token=self._pieces[token], logprob=round(float(logprobs[token]), _DIGITS))
            for token in best
        )


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result

"""Answers to prompts that are token ids, in two ways: with shared beginnings, or by transformers' own generation.

Both answer a prompt by the settings of the plan alone: penalties and the like that a checkpoint suggests change
probabilities, and are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from msgspec import Struct

from evenhand.endpoints.hf.network import Continuation, PrefixNetwork
from evenhand.endpoints.hf.prefixes import PrefixCache, ReadPrefix
from evenhand.endpoints.next_token import next_token
from evenhand.records.message import ModelSettings

__all__ = ["Decoder", "GenerateDecoder", "PrefixDecoder", "TokenAnswer", "TokenQuestion"]

_NOTHING = ReadPrefix(ids=())


class TokenQuestion(Struct, frozen=True, kw_only=True):
    """A prompt to be answered."""

    ids: tuple[int, ...]
    """All its tokens."""
    settings: ModelSettings
    """How the answer is drawn, and how long it may be."""
    seed: int
    """Where draws begin."""
    written: bool = True
    """False: what would come first is asked, and nothing is written."""


class TokenAnswer(Struct, frozen=True, kw_only=True):
    """What came of it."""

    tokens: tuple[int, ...]
    """The answer, without the token that ends the turn."""
    ended: bool
    """Whether the model ended its turn."""
    first: Any
    """Log-probability of every token in the first place, [vocabulary]."""
    cached: int = 0
    """Tokens of the prompt that had been read before."""


class Decoder(Protocol):
    """Answers prompts that begin alike."""

    def answers(self, asked: Sequence[TokenQuestion], *, shared: int) -> list[TokenAnswer]:
        """The answers, in the order of asking.

        Args:
            asked: The prompts.
            shared: Tokens that all of them begin with; 0: nothing is shared.
        """
        ...


class PrefixDecoder:
    """Reads what prompts begin with once, and keeps it for the next ones.

    Args:
        network: The model.
        cache: What was read last.
        ends: Tokens that end a turn.
    """

    def __init__(self, network: PrefixNetwork, cache: PrefixCache, *, ends: frozenset[int]) -> None:
        self._network = network
        self._cache = cache
        self._ends = ends

    @torch.inference_mode()  # type: ignore[untyped-decorator]  # torch is not followed by mypy
    def answers(self, asked: Sequence[TokenQuestion], *, shared: int) -> list[TokenAnswer]:
        """The answers, in the order of asking."""
        ids = asked[0].ids[:shared]
        before = self._cache.find(ids)
        prefix = before or (self._network.prefix(ids) if ids else _NOTHING)
        if before is None and ids:
            self._cache.keep(prefix)
        logits, rows = self._network.begin(prefix, [one.ids[shared:] for one in asked])
        first = torch.log_softmax(logits, dim=-1)
        written = _Writing(asked, self._ends)
        written.take(first)
        _go_on(written, rows)
        return [
            TokenAnswer(
                tokens=tuple(written.tokens[row]),
                ended=written.ended[row],
                first=first[row],
                cached=shared if before is not None or row else 0,
            )
            for row in range(len(asked))
        ]


def _go_on(written: _Writing, rows: Continuation) -> None:
    """Write until every answer ends; rows that are done are left out once they are half of those computed."""
    computed = list(range(len(written.tokens)))
    while written.open:
        if 2 * len(written.open) <= len(computed):
            rows.keep([computed.index(row) for row in written.open])
            computed = list(written.open)
        logits = rows.step([written.last(row) for row in computed])
        written.take(torch.log_softmax(logits, dim=-1), computed)


class _Writing:
    """The answers to a batch while they are written."""

    def __init__(self, asked: Sequence[TokenQuestion], ends: frozenset[int]) -> None:
        self._asked = asked
        self._ends = ends
        self._generators = [
            np.random.Generator(np.random.PCG64(one.seed)) if one.settings.temperature else None for one in asked
        ]
        self.tokens: list[list[int]] = [[] for _ in asked]
        self.ended = [not one.written for one in asked]
        self.open = [row for row, one in enumerate(asked) if one.written]
        """Rows that are not done."""

    def last(self, row: int) -> int:
        """The last token of a row; any token where it wrote none."""
        return self.tokens[row][-1] if self.tokens[row] else 0

    def take(self, logprobs: torch.Tensor, computed: Sequence[int] | None = None) -> None:
        """Choose the next token of every row that is not done.

        Args:
            logprobs: [rows computed, vocabulary].
            computed: Which rows these are; None: all.
        """
        likeliest = logprobs.argmax(dim=-1).tolist()
        for at, row in enumerate(computed if computed is not None else range(len(self.tokens))):
            if row not in self.open:
                continue
            generator, settings = self._generators[row], self._asked[row].settings
            token = likeliest[at] if generator is None else next_token(logprobs[at].cpu().numpy(), settings, generator)
            if token in self._ends:
                self.ended[row] = True
            else:
                self.tokens[row].append(token)
        self.open = [
            row
            for row in self.open
            if not self.ended[row] and len(self.tokens[row]) < self._asked[row].settings.max_tokens
        ]


class GenerateDecoder:
    """Transformers' own generation, for models that keep more than keys and values; nothing is shared.

    Args:
        model: A causal language model of transformers.
        device: Where it is.
        padding: A token to pad with, on the left.
        ends: Tokens that end a turn.
    """

    def __init__(self, model: Any, *, device: str, padding: int, ends: frozenset[int]) -> None:
        self._model = model
        self._device = device
        self._padding = padding
        self._ends = ends

    @torch.inference_mode()  # type: ignore[untyped-decorator]  # torch is not followed by mypy
    def answers(self, asked: Sequence[TokenQuestion], *, shared: int) -> list[TokenAnswer]:
        """The answers, in the order of asking; rows that are drawn are computed alone, each from its seed."""
        if len(asked) > 1 and any(one.settings != asked[0].settings or one.settings.temperature for one in asked):
            return [self.answers([one], shared=0)[0] for one in asked]
        longest = max(len(one.ids) for one in asked)
        ids = [[*[self._padding] * (longest - len(one.ids)), *one.ids] for one in asked]
        mask = [[*[0] * (longest - len(one.ids)), *[1] * len(one.ids)] for one in asked]
        first = _FirstStep()
        torch.manual_seed(asked[0].seed % 2**63)
        made = self._model.generate(
            input_ids=torch.tensor(ids, device=self._device),
            attention_mask=torch.tensor(mask, device=self._device),
            logits_processor=[first],
            pad_token_id=self._padding,
            eos_token_id=sorted(self._ends),
            repetition_penalty=1.0,
            **_sampling(asked[0].settings, written=any(one.written for one in asked)),
        )
        return [
            self._read(made[row, longest:].tolist(), torch.log_softmax(first.scores[row].float(), -1), asked[row])
            for row in range(len(asked))
        ]

    def _read(self, written: list[int], first: torch.Tensor, asked: TokenQuestion) -> TokenAnswer:
        if not asked.written:
            return TokenAnswer(tokens=(), ended=True, first=first)
        stop = next((at for at, token in enumerate(written) if token in self._ends), None)
        return TokenAnswer(tokens=tuple(written[:stop]), ended=stop is not None, first=first)


class _FirstStep:
    """Keeps what the model thinks of every token at the first step, before anything is drawn."""

    def __init__(self) -> None:
        self.scores: Any = None

    def __call__(self, _: Any, scores: Any) -> Any:
        if self.scores is None:
            self.scores = scores.clone()
        return scores


def _sampling(settings: ModelSettings, *, written: bool) -> dict[str, object]:
    most = settings.max_tokens if written else 1
    if not settings.temperature:
        return {"do_sample": False, "max_new_tokens": most}
    drawn: dict[str, object] = {"do_sample": True, "temperature": settings.temperature}
    return drawn | {"top_p": settings.top_p or 1.0, "top_k": 0, "max_new_tokens": most}

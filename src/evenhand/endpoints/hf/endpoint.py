"""Local weights as an endpoint: requests that wait are gathered, and those that begin alike are computed together."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import torch
from msgspec.structs import replace

from evenhand.endpoints.base import AskError, Locality
from evenhand.endpoints.context import Connection
from evenhand.endpoints.hf.checkpoint import load_checkpoint
from evenhand.endpoints.hf.decoding import TokenAnswer, TokenQuestion
from evenhand.endpoints.hf.options import HuggingFaceOptions
from evenhand.endpoints.hf.prefixes import PrefixCache
from evenhand.endpoints.hf.proof import ProvenDecoder
from evenhand.endpoints.hf.template import ChatTemplate
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import Reply, Request, TokenProbability, Usage

__all__ = ["HuggingFaceEndpoint"]

_LEAST_SHARED = 16
"""Tokens from which on a beginning is worth being read alone."""
_MEBIBYTE = 1 << 20


class _Waiting(NamedTuple):
    """A request that waits for its answer."""

    request: Request
    question: TokenQuestion
    answer: asyncio.Future[Reply]


class HuggingFaceEndpoint:
    """A causal language model from a directory (or the local cache), with its own chat template.

    What requests begin with, the memory above all, is read once and kept; their questions are computed together behind
    it. At temperature 0 the answer is the most likely one; above, each is drawn from its own seed, so that it does not
    depend on its neighbours. Log-probabilities are those of the first answer token: always the option letters, and the
    most likely others.

    Args:
        path: Directory or name of the checkpoint.
        name: The model as planned.
        options: How it is computed.
        connection: `concurrency` is how many requests wait at most.

    Raises:
        EndpointError: There is no such checkpoint, or it has no chat template that renders a question.
    """

    def __init__(self, path: str, *, name: str, options: HuggingFaceOptions, connection: Connection) -> None:
        self._name = name
        self._options = options
        self._concurrency = connection.concurrency or 4 * options.batch
        self._checkpoint = load_checkpoint(path, options)
        self._tokenizer: Any = self._checkpoint.tokenizer
        self._template = ChatTemplate(self._tokenizer, name=name)
        self.prefixes = PrefixCache(options.prefix_cache_mb * _MEBIBYTE)
        self.decoder = ProvenDecoder(self._checkpoint, self.prefixes)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evenhand-hf")
        self._waiting: OrderedDict[tuple[int, ...], list[_Waiting]] = OrderedDict()
        self._working: asyncio.Task[None] | None = None

    @property
    def concurrency(self) -> int:
        """A few batches, so that the next is ready when one is done."""
        return self._concurrency

    @property
    def locality(self) -> Locality:
        """What cells of one arm begin with is read once."""
        return "prefix"

    async def reply(self, request: Request) -> Reply:
        """The model's answer.

        Raises:
            AskError: The template cannot render the conversation, it does not fit the model, or memory ran out.
        """
        prompt = self._template.prompt(request.messages)
        chooses = self._options.letters == "likeliest" and bool(request.letters) and request.settings.logprobs
        question = TokenQuestion(
            ids=prompt.ids, settings=request.settings, seed=request.seed % 2**63, written=not chooses
        )
        self._check_room(question)
        waiting = _Waiting(request, question, asyncio.get_running_loop().create_future())
        shared = prompt.shared if prompt.shared >= _LEAST_SHARED and self._options.prefix_cache_mb else 0
        self._waiting.setdefault(prompt.ids[:shared], []).append(waiting)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await waiting.answer

    async def aclose(self) -> None:
        """Let the thread and the model go."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _check_room(self, question: TokenQuestion) -> None:
        room, length = self._checkpoint.room, len(question.ids)
        more = question.settings.max_tokens if question.written else 0
        if room is not None and length + more > room:
            raise AskError(f"{length} tokens and {more} more do not fit the model's {room}", kind="request")

    async def _work(self) -> None:
        """Compute what waits, batch by batch."""
        await asyncio.sleep(0)  # let the others that are about to ask come in
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, shared = self._taken()
            began = time.perf_counter()
            done = loop.run_in_executor(self._thread, self._computed, batch, shared)
            await asyncio.wait((done,))
            error = done.exception()
            for index, (_, _, answer) in enumerate(batch):
                if answer.done():
                    continue
                if error is None:
                    answer.set_result(replace(done.result()[index], latency_s=time.perf_counter() - began))
                else:
                    answer.set_exception(AskError(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"))
            await asyncio.sleep(0)  # those who were answered ask again before the next batch is chosen

    def _taken(self) -> tuple[list[_Waiting], int]:
        """The next batch and how many tokens it shares: the oldest request with those that begin like it.

        A beginning that one request alone has, and that was not read before, is not worth being read apart: such
        requests are computed together as wholes.
        """
        oldest = next(iter(self._waiting))
        if self._shared(oldest):
            return self._take(oldest, self._options.batch), len(oldest)
        batch: list[_Waiting] = []
        for beginning in [one for one in self._waiting if not self._shared(one)]:
            batch += self._take(beginning, self._options.batch - len(batch))
            if len(batch) == self._options.batch:
                break
        return batch, 0

    def _shared(self, beginning: tuple[int, ...]) -> bool:
        return bool(beginning) and (len(self._waiting[beginning]) > 1 or beginning in self.prefixes)

    def _take(self, beginning: tuple[int, ...], most: int) -> list[_Waiting]:
        """Up to `most` requests with a beginning, of lengths as equal as can be: less padding."""
        group = sorted(self._waiting[beginning], key=lambda one: len(one.question.ids))
        taken, left = group[:most], group[most:]
        if left:
            self._waiting[beginning] = left
        else:
            del self._waiting[beginning]
        return taken

    def _computed(self, batch: Sequence[_Waiting], shared: int) -> list[Reply]:
        """The replies to a batch; runs in the thread."""
        answers = self.decoder.answers([one.question for one in batch], shared=shared)
        return [self._read(one, answer) for one, answer in zip(batch, answers, strict=True)]

    def _read(self, asked: _Waiting, answer: TokenAnswer) -> Reply:
        """The reply in the tokens of an answer."""
        request, question = asked.request, asked.question
        forms = self._forms(request.letters) if request.settings.logprobs else {}
        if question.written:
            text, thoughts = split_reasoning(self._tokenizer.decode(list(answer.tokens), skip_special_tokens=True))
        else:
            text, thoughts = _likeliest(answer.first, forms), None
        return Reply(
            text=text,
            finish="stop" if answer.ended else "length",
            reasoning=thoughts,
            top=self._top(answer.first, forms, request.settings.top_logprobs) if request.settings.logprobs else None,
            usage=Usage(
                input_tokens=len(question.ids),
                output_tokens=len(answer.tokens) + answer.ended if question.written else 0,
                cached_tokens=answer.cached or None,
            ),
            model=self._name,
        )

    def _forms(self, letters: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """Letter -> the tokens that are this letter, alone and after a space."""
        found: dict[str, tuple[int, ...]] = {}
        for letter in letters:
            encoded = [self._tokenizer.encode(form, add_special_tokens=False) for form in (letter, f" {letter}")]
            found[letter] = tuple(dict.fromkeys(tokens[0] for tokens in encoded if len(tokens) == 1))
        return found

    def _top(
        self, logprobs: torch.Tensor, forms: dict[str, tuple[int, ...]], count: int
    ) -> tuple[TokenProbability, ...]:
        """The option letters in all their forms, and the most likely other tokens."""
        likely = logprobs.topk(min(count, logprobs.shape[-1])).indices.tolist()
        found = dict.fromkeys([*(token for tokens in forms.values() for token in tokens), *likely])
        return tuple(
            TokenProbability(token=self._tokenizer.decode([token]), logprob=float(logprobs[token]))
            for token in sorted(found, key=lambda token: -float(logprobs[token]))
        )


def _likeliest(logprobs: torch.Tensor, forms: dict[str, tuple[int, ...]]) -> str:
    """The letter with the most probability over its forms; the first of equals.

    Raises:
        ValueError: A letter is not one token.
    """
    absent = next((letter for letter, tokens in forms.items() if not tokens), None)
    if absent is not None:
        raise ValueError(f"the letter {absent!r} is not one token of this model, so that the likeliest cannot be told")
    chances = {
        letter: math.fsum(math.exp(float(logprobs[token])) for token in tokens) for letter, tokens in forms.items()
    }
    return max(chances, key=lambda letter: chances[letter])

"""`hf/PATH`: local weights in the Hugging Face format, computed in this process. Needs the extra `hf`."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from evenhand.endpoints.base import AskError, Endpoint, Locality
from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.kind import EndpointKind, ModelName, named_with_options
from evenhand.errors import EndpointError, MissingExtraError
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import Message, ModelSettings, Reply, Request, TokenProbability, Usage
from evenhand.records.plan import ModelSpec

__all__ = ["HUGGING_FACE", "HuggingFaceEndpoint"]

_BATCH = 16
"""Requests computed together, unless the options say otherwise."""


class HuggingFaceEndpoint:
    """A causal language model from a directory (or the local cache), with its own chat template.

    Requests that wait are computed together, padded on the left. At temperature 0 the answer is the most likely one;
    above, each request is drawn on its own from its own seed, so that it does not depend on its neighbours.
    Log-probabilities are those of the first answer token: always the option letters, and the most likely others.

    Args:
        path: Directory or name of the checkpoint.
        spec: The model as planned; options `batch`, `device` and `dtype` may be among them.
        connection: `concurrency` is how many requests wait at most.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        EndpointError: There is no such checkpoint, or it has no chat template.
    """

    def __init__(self, path: str, *, spec: ModelSpec, connection: Connection) -> None:
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as error:
            raise MissingExtraError(
                f"{spec.name!r} needs the extra 'hf'; install it with: pip install 'evenhand[hf]'."
            ) from error
        self._torch: Any = torch
        self._name = spec.name
        self._most = _positive(spec.options.get("batch", str(_BATCH)), name=spec.name)
        self._concurrency = connection.concurrency or 4 * self._most
        self._device = spec.options.get("device") or ("cuda" if torch.cuda.is_available() else "cpu")
        place = str(Path(path).expanduser())
        if path.startswith((".", "/", "~")) and not Path(place).is_dir():
            raise EndpointError(f"There is no checkpoint directory {path!r}; check the path.")
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(place, padding_side="left")
            loaded = AutoModelForCausalLM.from_pretrained(place, dtype=spec.options.get("dtype", "auto"))
            self._model: Any = loaded.to(self._device).eval()
        except (LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
            first = " ".join(str(error).split())[:300]
            raise EndpointError(f"The checkpoint {path!r} cannot be loaded ({first}); check the path.") from error
        if self._tokenizer.chat_template is None:
            raise EndpointError(f"The checkpoint {path!r} has no chat template; use one that was tuned for chat.")
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evenhand-hf")
        self._waiting: deque[tuple[Request, asyncio.Future[Reply]]] = deque()
        self._working: asyncio.Task[None] | None = None

    @property
    def concurrency(self) -> int:
        """A few batches, so that the next is ready when one is done."""
        return self._concurrency

    @property
    def locality(self) -> Locality:
        """Equal lengths come from equal memories: less padding."""
        return "prefix"

    async def reply(self, request: Request) -> Reply:
        """The model's answer.

        Raises:
            AskError: The conversation does not fit the model, or its memory ran out.
        """
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await answer

    async def aclose(self) -> None:
        """Let the thread and the model go."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def _work(self) -> None:
        """Compute what waits, batch by batch."""
        await asyncio.sleep(0)  # let the others that are about to ask come in
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = self._batch()
            began = time.perf_counter()
            done = loop.run_in_executor(self._thread, self._computed, [request for request, _ in batch])
            await asyncio.wait((done,))
            error = done.exception()
            for index, (_, answer) in enumerate(batch):
                if answer.done():
                    continue
                if error is None:
                    answer.set_result(
                        msgspec.structs.replace(done.result()[index], latency_s=time.perf_counter() - began)
                    )
                else:
                    answer.set_exception(AskError(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"))

    def _batch(self) -> list[tuple[Request, asyncio.Future[Reply]]]:
        """The next requests with equal settings; one alone where answers are drawn."""
        first = self._waiting.popleft()
        batch = [first]
        if first[0].settings.temperature:
            return batch
        while self._waiting and len(batch) < self._most and self._waiting[0][0].settings == first[0].settings:
            batch.append(self._waiting.popleft())
        return batch

    def _computed(self, requests: list[Request]) -> list[Reply]:
        """The replies to a batch; runs in the thread."""
        settings = requests[0].settings
        texts = [self._prompt(request) for request in requests]
        inputs = self._tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False).to(self._device)
        length = inputs["input_ids"].shape[1]
        room = getattr(self._model.config, "max_position_embeddings", None)
        if room is not None and length + settings.max_tokens > room:
            raise ValueError(f"{length} tokens and {settings.max_tokens} more do not fit the model's {room}")
        self._torch.manual_seed(requests[0].seed % 2**63)
        first = _FirstStep()
        with self._torch.inference_mode():
            made = self._model.generate(
                **inputs, **_sampling(settings), logits_processor=[first], pad_token_id=self._tokenizer.pad_token_id
            )
        replies = []
        for index, request in enumerate(requests):
            written = made[index, length:].tolist()
            top = self._top(first.scores[index], request) if settings.logprobs else None
            replies.append(self._read(written, read=int(inputs["attention_mask"][index].sum()), top=top))
        return replies

    def _prompt(self, request: Request) -> str:
        turns = [_turn(message) for message in request.messages]
        prompt: str = self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return prompt

    def _read(self, written: list[int], *, read: int, top: tuple[TokenProbability, ...] | None) -> Reply:
        """The reply in the tokens after the prompt."""
        ends = self._ends()
        stop = next((at for at, token in enumerate(written) if token in ends), None)
        kept = written if stop is None else written[:stop]
        text, thoughts = split_reasoning(self._tokenizer.decode(kept, skip_special_tokens=True))
        return Reply(
            text=text,
            finish="length" if stop is None else "stop",
            reasoning=thoughts,
            top=top,
            usage=Usage(input_tokens=read, output_tokens=len(kept) + (stop is not None)),
            model=self._name,
        )

    def _ends(self) -> set[int]:
        """Tokens that end a turn."""
        ends = self._model.generation_config.eos_token_id
        return {*(ends if isinstance(ends, list) else [ends]), self._tokenizer.eos_token_id} - {None}

    def _top(self, scores: Any, request: Request) -> tuple[TokenProbability, ...]:
        """The option letters in all their forms, and the most likely other tokens."""
        logprobs = self._torch.log_softmax(scores.float(), dim=-1)
        likely = logprobs.topk(min(request.settings.top_logprobs, logprobs.shape[-1])).indices.tolist()
        forms = [form for letter in request.letters for form in (letter, f" {letter}")]
        encoded = [self._tokenizer.encode(form, add_special_tokens=False) for form in forms]
        letters = [tokens[0] for tokens in encoded if len(tokens) == 1]
        found = dict.fromkeys([*letters, *likely])
        return tuple(
            TokenProbability(token=self._tokenizer.decode([token]), logprob=float(logprobs[token]))
            for token in sorted(found, key=lambda token: -float(logprobs[token]))
        )


class _FirstStep:
    """Keeps what the model thinks of every token at the first step, before anything is drawn."""

    def __init__(self) -> None:
        self.scores: Any = None

    def __call__(self, _: Any, scores: Any) -> Any:
        if self.scores is None:
            self.scores = scores.clone()
        return scores


def _sampling(settings: ModelSettings) -> dict[str, object]:
    if not settings.temperature:
        return {"do_sample": False, "max_new_tokens": settings.max_tokens}
    drawn: dict[str, object] = {"do_sample": True, "temperature": settings.temperature}
    return drawn | {"top_p": settings.top_p or 1.0, "top_k": 0, "max_new_tokens": settings.max_tokens}


def _turn(message: Message) -> dict[str, object]:
    """A turn as chat templates take it."""
    turn: dict[str, object] = {"role": message.role, "content": message.content}
    if message.role == "assistant" and message.tool_name is not None:
        arguments = msgspec.json.decode(message.tool_arguments or "{}")
        call = {"type": "function", "function": {"name": message.tool_name, "arguments": arguments}}
        return turn | {"tool_calls": [call]}
    return turn | {"name": message.tool_name} if message.role == "tool" else turn


def _positive(text: str, *, name: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise EndpointError(f"The option batch of {name!r} is {text!r}; give a whole number from 1.")
    return int(text)


def _open(name: ModelName, spec: ModelSpec, context: EndpointContext) -> Endpoint:
    return HuggingFaceEndpoint(name.rest, spec=spec, connection=context.connection)


HUGGING_FACE = EndpointKind(
    prefix="hf",
    open=_open,
    check=lambda check: None,
    paid=lambda spec: False,
    named=lambda rest, spec: named_with_options(rest, spec, kind="hf"),
    local=True,
    gpu=True,
    sure_of_logprobs=True,
)

"""`inspect/PROVIDER/MODEL`: every provider that Inspect AI has, by its model interface (extra `inspect`)."""

from __future__ import annotations

import asyncio
import re
import time
from importlib import import_module
from typing import Any

import msgspec

from evenhand.endpoints.base import AskError, Endpoint, Locality
from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.kind import EndpointKind, ModelName, named_with_options
from evenhand.endpoints.redact import redact
from evenhand.errors import EndpointError, MissingExtraError
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import FinishReason, Message, ModelSettings, Reply, Request, TokenProbability, Usage
from evenhand.records.plan import ModelSpec

__all__ = ["INSPECT", "InspectEndpoint", "inspect_turn", "reply_of_output"]

_CONCURRENCY = 32
_RETRIES = 6
_MARKS = re.compile(r"\[/?[a-z ]+\]")
_NO_ACCESS = frozenset({401, 402, 403, 404})
_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
}


class InspectEndpoint:
    """A model of Inspect AI. Inspect does the retries and reads the keys from the environment.

    Args:
        model: `PROVIDER/MODEL`, as Inspect names it.
        spec: The model as planned.
        connection: Requests at a time, and patience.

    Raises:
        MissingExtraError: Inspect AI is not installed.
        EndpointError: Inspect does not know the provider, or lacks its key or its package.
    """

    def __init__(self, model: str, *, spec: ModelSpec, connection: Connection) -> None:
        try:
            from inspect_ai.model import GenerateConfig, get_model
        except ImportError as error:
            raise MissingExtraError(
                f"{spec.name!r} needs the extra 'inspect'; install it with: pip install 'evenhand[inspect]'."
            ) from error
        self._name = spec.name
        self._concurrency = connection.concurrency or _CONCURRENCY
        self._patience_s = connection.patience_s
        try:
            self._model: Any = get_model(
                model,
                base_url=spec.base_url,
                config=GenerateConfig(max_connections=self._concurrency, max_retries=_RETRIES),
                memoize=False,
                **spec.options,
            )
        except (ImportError, LookupError, OSError, RuntimeError, TypeError, ValueError, _lacking()) as error:
            raise EndpointError(f"Inspect cannot open {model!r}: {redact(_one_line(error))}") from error

    @property
    def concurrency(self) -> int:
        """As many as Inspect is told to keep open."""
        return self._concurrency

    @property
    def locality(self) -> Locality:
        """Whole items matter more than equal beginnings where every call is paid."""
        return "any"

    async def reply(self, request: Request) -> Reply:
        """The model's answer.

        Raises:
            AskError: Inspect gave up.
            EndpointError: The key is wrong, or there is no such model.
        """
        began = time.perf_counter()
        turns = [inspect_turn(message) for message in request.messages]
        config = _config(request.settings, patience_s=self._patience_s)
        call = asyncio.ensure_future(self._model.generate(turns, config=config))
        try:
            await asyncio.wait((call,))
        finally:
            call.cancel()
        error = call.exception()
        if error is not None:
            said = redact(f"{type(error).__name__}: {_one_line(error)}")
            if getattr(error, "status_code", None) in _NO_ACCESS:
                raise EndpointError(
                    f"{self._name!r} cannot be asked ({said}); check the key and the model's name."
                ) from error
            raise AskError(said, attempts=_RETRIES + 1) from error
        return self._read(call.result(), request, seconds=time.perf_counter() - began)

    async def aclose(self) -> None:
        """Close the provider's connections."""
        await self._model.api.aclose()

    def _read(self, output: Any, request: Request, *, seconds: float) -> Reply:
        if not output.choices:
            raise AskError(
                f"{self._name!r} answered with no choices{': ' + redact(output.error) if output.error else ''}."
            )
        return reply_of_output(output, letters=request.letters, logprobs=request.settings.logprobs, seconds=seconds)


def reply_of_output(output: Any, *, letters: tuple[str, ...], logprobs: bool, seconds: float) -> Reply:
    """The reply in a `ModelOutput` of Inspect, from a provider or from a log.

    Args:
        output: It has at least one choice.
        letters: The option letters as shown.
        logprobs: Whether log-probabilities were asked for.
        seconds: Wall time of the call.
    """
    choice = output.choices[0]
    text, tagged = split_reasoning(choice.message.text)
    top = _top(choice, letters) if logprobs else None
    missing = logprobs and top is None
    return Reply(
        text=text,
        finish=_FINISH.get(choice.stop_reason, "other"),
        reasoning=_thoughts(choice.message.content) or tagged,
        top=top,
        usage=_usage(output.usage),
        latency_s=seconds,
        model=output.model or None,
        note="log-probabilities were asked for and not given by the server" if missing else None,
    )


def _config(settings: ModelSettings, *, patience_s: float) -> Any:
    from inspect_ai.model import GenerateConfig

    return GenerateConfig(
        temperature=settings.temperature,
        max_tokens=settings.max_tokens,
        top_p=settings.top_p,
        seed=settings.seed,
        logprobs=True if settings.logprobs else None,
        top_logprobs=settings.top_logprobs if settings.logprobs else None,
        reasoning_effort=settings.reasoning_effort,
        attempt_timeout=int(settings.timeout_s) or 1,
        timeout=int(patience_s) or 1,
    )


def inspect_turn(message: Message) -> Any:
    """A message as Inspect has it."""
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser
    from inspect_ai.tool import ToolCall

    match message.role:
        case "system":
            return ChatMessageSystem(content=message.content)
        case "user":
            return ChatMessageUser(content=message.content)
        case "tool":
            return ChatMessageTool(
                content=message.content, function=message.tool_name, tool_call_id=message.tool_call_id
            )
        case "assistant" if message.tool_name is not None:
            call = ToolCall(
                id=message.tool_call_id or "call", function=message.tool_name, arguments=_arguments(message)
            )
            return ChatMessageAssistant(content=message.content, tool_calls=[call])
        case "assistant":
            return ChatMessageAssistant(content=message.content)


def _arguments(message: Message) -> dict[str, Any]:
    found = msgspec.json.decode(message.tool_arguments or "{}")
    return found if isinstance(found, dict) else {}


def _thoughts(content: Any) -> str | None:
    if isinstance(content, str):
        return None
    return "".join(part.reasoning for part in content if part.type == "reasoning") or None


def _top(choice: Any, letters: tuple[str, ...]) -> tuple[TokenProbability, ...] | None:
    if choice.logprobs is None:
        return None
    from evenhand.endpoints.letter_logprobs import Candidate, TokenLogprobs, at_letter  # the grammar of answers

    tokens = [
        TokenLogprobs(
            one.token, one.logprob, tuple(Candidate(top.token, top.logprob) for top in one.top_logprobs or ())
        )
        for one in choice.logprobs.content
    ]
    return at_letter(tokens, letters)


def _usage(usage: Any) -> Usage:
    if usage is None:
        return Usage()
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cached_tokens=usage.input_tokens_cache_read,
    )


def _lacking() -> type[Exception]:
    """What Inspect raises when a key or a package is missing; it has no public name."""
    found = getattr(import_module("inspect_ai._util.error"), "PrerequisiteError", RuntimeError)
    return found if isinstance(found, type) and issubclass(found, Exception) else RuntimeError


def _one_line(error: BaseException) -> str:
    """The error's text without line breaks and without the marks of coloured output."""
    return " ".join(_MARKS.sub("", str(error)).split())[:400]


_LOCAL = frozenset({"mockllm", "hf", "vllm", "ollama", "llama-cpp-python", "sglang", "transformer_lens"})
"""Inspect's providers that nobody is billed for."""


def _open(name: ModelName, spec: ModelSpec, context: EndpointContext) -> Endpoint:
    return InspectEndpoint(name.rest, spec=spec, connection=context.connection)


def _provider(spec: ModelSpec) -> tuple[str, str]:
    provider, _, model = spec.name.removeprefix("inspect/").partition("/")
    return provider, model


INSPECT = EndpointKind(
    prefix="inspect",
    open=_open,
    check=lambda check: None,
    paid=lambda spec: _provider(spec)[0] not in _LOCAL,
    priced_as=lambda spec: _provider(spec) if spec.base_url is None else None,
    named=lambda rest, spec: named_with_options(rest, spec, kind="inspect"),
)

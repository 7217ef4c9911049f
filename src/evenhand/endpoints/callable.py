"""`python:module:function`: your own assistant, memory and all, called in this process."""

from __future__ import annotations

import asyncio
import inspect
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import msgspec

from evenhand.endpoints.base import AskError, Endpoint, Locality
from evenhand.endpoints.context import EndpointContext
from evenhand.endpoints.kind import EndpointKind, ModelName, named_with_options
from evenhand.errors import EndpointError, EvenhandError, near_miss
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import Reply, Request
from evenhand.records.plan import ModelSpec

__all__ = ["CALLABLE", "Answer", "Assistant", "CallableEndpoint"]

Answer = str | dict[str, object] | Reply
"""Text; or a dict with the fields of `Reply` (`text` is needed, `finish` defaults to `stop`); or a `Reply`."""
Assistant = Callable[..., Answer | Awaitable[Answer]]
"""A function of the messages: a list of dicts with `role` and `content`, as in the OpenAI chat protocol. It may take a
second argument, then it gets the whole `Request` there. It may be a coroutine function."""

_THREADS = 8
_IMPORT_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What a module of the user's may raise while it is imported."""


class CallableEndpoint:
    """A function of the user's as an assistant. Plain functions are called in threads, several at a time.

    Args:
        target: `module:function`; the module is looked up from the current directory first, as `python -m` does.
        concurrency: Calls at a time.

    Raises:
        EndpointError: There is no such module or function, or it cannot be imported.
    """

    def __init__(self, target: str, *, concurrency: int | None = None) -> None:
        self._name = f"python:{target}"
        self._function = _loaded(target)
        self._whole_request = _takes_request(self._function, target)
        self._asynchronous = inspect.iscoroutinefunction(self._function)
        self._concurrency = concurrency or _THREADS
        self._threads = ThreadPoolExecutor(self._concurrency, thread_name_prefix="evenhand-assistant")

    @property
    def concurrency(self) -> int:
        """As many as there are threads."""
        return self._concurrency

    @property
    def locality(self) -> Locality:
        """Nothing is known of the function."""
        return "any"

    async def reply(self, request: Request) -> Reply:
        """What the function returns.

        Raises:
            AskError: It raised, ran longer than the time limit, or returned something that is no answer.
        """
        began = time.perf_counter()
        call = asyncio.ensure_future(self._called(request))
        try:
            await asyncio.wait((call,), timeout=request.settings.timeout_s)
        finally:
            done = call.done()
            call.cancel()
        if not done:
            raise AskError(f"{self._name} did not answer within {request.settings.timeout_s:g} s.")
        error = call.exception()
        if isinstance(error, EvenhandError):
            raise error
        if error is not None:
            raise AskError(f"{self._name} raised {type(error).__name__}: {error}") from error
        return self._read(call.result(), seconds=time.perf_counter() - began)

    async def aclose(self) -> None:
        """Let the threads go; a call that hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _called(self, request: Request) -> object:
        """What the function returns; one that tries to end the process fails like any other."""
        try:
            return await self._returned(request)
        except SystemExit as error:
            raise AskError(f"{self._name} tried to end the process (exit code {error.code!r}).") from error

    async def _returned(self, request: Request) -> object:
        messages = msgspec.to_builtins(request.messages)
        arguments = (list(messages), request) if self._whole_request else (list(messages),)
        if self._asynchronous:
            answer = self._function(*arguments)
        else:
            answer = await asyncio.get_running_loop().run_in_executor(self._threads, self._function, *arguments)
        return (await answer) if isinstance(answer, Awaitable) else answer

    def _read(self, answer: object, *, seconds: float) -> Reply:
        if isinstance(answer, Reply):
            return answer
        if isinstance(answer, str):
            text, reasoning = split_reasoning(answer)
            return Reply(text=text, finish="stop", reasoning=reasoning, latency_s=seconds)
        if isinstance(answer, dict):
            try:
                return msgspec.convert({"finish": "stop", "latency_s": seconds} | answer, Reply)
            except (msgspec.ValidationError, TypeError) as error:
                raise AskError(f"{self._name} returned a dict that is no reply: {error}.", kind="request") from error
        raise AskError(f"{self._name} returned {type(answer).__name__}, not text, a dict or a Reply.", kind="request")


def _loaded(target: str) -> Callable[..., object]:
    module_name, _, path = target.partition(":")
    if not module_name or not path:
        raise EndpointError(f"The assistant 'python:{target}' cannot be found; write it as python:MODULE:FUNCTION.")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: object = import_module(module_name)
    except ModuleNotFoundError as error:
        raise EndpointError(
            f"No module {error.name!r} for the assistant 'python:{target}'; "
            "run from the directory that holds it, or install it."
        ) from error
    except _IMPORT_ERRORS as error:
        raise EndpointError(
            f"Importing {module_name!r} raised {type(error).__name__}: {error}; fix it and run again."
        ) from error
    for part in path.split("."):
        if not hasattr(found, part):
            raise EndpointError(
                f"There is no {part!r} in {module_name!r}{near_miss(part, dir(found))}; write python:MODULE:FUNCTION."
            )
        found = getattr(found, part)
    if not callable(found):
        raise EndpointError(f"'python:{target}' is a {type(found).__name__}, not a function of the messages.")
    return found


def _takes_request(function: Callable[..., object], target: str) -> bool:
    """Whether the function takes the request as a second argument.

    Raises:
        EndpointError: It cannot be called with messages.
    """
    try:
        signature = inspect.signature(function)
    except ValueError:
        return False
    for given in (2, 1):
        try:
            signature.bind(*[None] * given)
        except TypeError:
            continue
        return given == 2 and len(_required(signature)) != 1
    raise EndpointError(
        f"'python:{target}' takes {signature}; it must take one argument (the messages), or two (messages and request)."
    )


def _required(signature: inspect.Signature) -> list[inspect.Parameter]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p for p in signature.parameters.values() if p.kind in kinds and p.default is inspect.Parameter.empty]


def _open(name: ModelName, spec: ModelSpec, context: EndpointContext) -> Endpoint:
    return CallableEndpoint(name.rest, concurrency=context.connection.concurrency)


CALLABLE = EndpointKind(
    prefix="python",
    open=_open,
    check=lambda check: None,
    paid=lambda spec: False,
    named=lambda rest, spec: named_with_options(rest, spec, kind="python"),
)

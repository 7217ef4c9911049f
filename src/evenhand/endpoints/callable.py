"""`python:module:function`: your own assistant, memory and all, called in this process.

A function of the messages is asked with memory in the messages. An object with `remember`, `reply` and `forget` keeps
memory itself (`evenhand.endpoints.python_product`).
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable

import msgspec

from evenhand.endpoints.base import Endpoint, Locality
from evenhand.endpoints.calling import THREADS, Caller
from evenhand.endpoints.context import EndpointContext
from evenhand.endpoints.kind import EndpointKind, ModelCheck, ModelName, named_with_options
from evenhand.endpoints.python_product import PythonProduct
from evenhand.endpoints.python_reply import Answer, read_answer
from evenhand.endpoints.python_target import is_product, load_target, target_sources
from evenhand.errors import EndpointError
from evenhand.records.message import Reply, Request
from evenhand.records.model_spec import ModelSpec, SourceFile

__all__ = ["CALLABLE", "Answer", "Assistant", "CallableEndpoint"]

Assistant = Callable[..., Answer | Awaitable[Answer]]
"""A function of the messages: a list of dicts with `role` and `content`, as in the OpenAI chat protocol. It may take a
second argument, then it gets the whole `Request` there. It may be a coroutine function."""


class CallableEndpoint:
    """A function of the user's as an assistant. Plain functions are called in threads, several at a time.

    Args:
        target: `module:function` or `FILE.py:function`; a module is looked up from the current directory first, as
            `python -m` does.
        concurrency: Calls at a time.

    Raises:
        EndpointError: There is no such module or function, or it cannot be imported.
    """

    def __init__(self, target: str, *, concurrency: int | None = None) -> None:
        self._name = f"python:{target}"
        self._function = _loaded(target)
        self._whole_request = _takes_request(self._function, target)
        self._concurrency = concurrency or THREADS
        self._caller = Caller(self._name, concurrency=self._concurrency)

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
        messages = list(msgspec.to_builtins(request.messages))
        arguments = (messages, request) if self._whole_request else (messages,)
        answer = await self._caller.call(self._function, *arguments, limit_s=request.settings.timeout_s, doing="answer")
        return read_answer(answer, name=self._name, seconds=time.perf_counter() - began)

    async def aclose(self) -> None:
        """Let the threads go; a call that hangs is not waited for."""
        self._caller.close()


def _loaded(target: str) -> Callable[..., object]:
    found = load_target(target)
    is_product(found, target)
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
    concurrency = context.connection.concurrency
    if _own_memory(spec):
        return PythonProduct(name.rest, concurrency=concurrency)
    return CallableEndpoint(name.rest, concurrency=concurrency)


def _own_memory(spec: ModelSpec) -> bool:
    target = _target(spec)
    return is_product(load_target(target), target)


def _paid(spec: ModelSpec) -> bool:
    """A product with its own memory asks models that somebody pays for."""
    try:
        return _own_memory(spec)
    except EndpointError:  # told by `check`, before anything is asked
        return False


def _check(check: ModelCheck) -> None:
    _own_memory(check.spec)


def _sources(spec: ModelSpec) -> tuple[SourceFile, ...]:
    return target_sources(_target(spec))


def _target(spec: ModelSpec) -> str:
    rest = spec.name.removeprefix("python:")
    return named_with_options(rest, spec, kind="python").rest


CALLABLE = EndpointKind(
    prefix="python",
    open=_open,
    check=_check,
    paid=_paid,
    named=lambda rest, spec: named_with_options(rest, spec, kind="python"),
    own_memory=_own_memory,
    sources=_sources,
)

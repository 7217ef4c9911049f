"""An object of the user's with `remember`, `reply` and `forget`, and perhaps `recall`: a product that keeps memory."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable, Mapping

import msgspec

from evenhand.endpoints.base import AskError, Locality
from evenhand.endpoints.calling import THREADS, Caller
from evenhand.endpoints.python_reply import read_answer
from evenhand.endpoints.python_target import HOOKS, Hook, load_target, made
from evenhand.errors import EndpointError
from evenhand.records.message import ProductUser, Reply, Request

__all__ = ["PythonProduct"]

_TAKES: Mapping[Hook, tuple[int, str]] = {
    "remember": (2, "remember(user, facts)"),
    "reply": (2, "reply(user, messages)"),
    "forget": (1, "forget(user)"),
    "recall": (2, "recall(user, query)"),
}


class PythonProduct:
    """An object, a module, or a class that is made without arguments. Its functions may be coroutine functions.

    `remember` gets the user's name and a list: texts in the placement `stored`, turns (dicts with `role` and `content`)
    in the placement `told`. `recall` gets None where everything that is stored of the user is asked for.

    Args:
        target: `FILE.py:NAME` or `module:NAME`.
        concurrency: Calls at a time.

    Raises:
        EndpointError: There is no such object, or its functions take other arguments.
    """

    def __init__(self, target: str, *, concurrency: int | None = None) -> None:
        self._name = f"python:{target}"
        product = made(load_target(target), target)
        self._hooks = {hook: _hook(product, hook, target) for hook in HOOKS if hasattr(product, hook)}
        self._concurrency = concurrency or THREADS
        self._caller = Caller(self._name, concurrency=self._concurrency)

    @property
    def concurrency(self) -> int:
        """As many as there are threads."""
        return self._concurrency

    @property
    def locality(self) -> Locality:
        """Nothing is known of the product."""
        return "any"

    @property
    def recalls(self) -> bool:
        """Whether it has `recall`."""
        return "recall" in self._hooks

    async def remember(self, user: ProductUser, *, limit_s: float) -> None:
        """Call `remember` with the facts, or with the turns.

        Raises:
            AskError: It raised, or ran longer than the time limit.
        """
        given = msgspec.to_builtins(user.turns) if user.placement == "told" else user.facts
        await self._call("remember", user.id, list(given), limit_s=limit_s)

    async def forget(self, user: str, *, limit_s: float) -> None:
        """Call `forget`.

        Raises:
            AskError: It raised, or ran longer than the time limit.
        """
        await self._call("forget", user, limit_s=limit_s)

    async def recall(self, user: str, query: str | None, *, limit_s: float) -> tuple[str, ...]:
        """Call `recall`.

        Raises:
            AskError: It raised, ran longer than the time limit, or returned something else than texts.
        """
        found = await self._call("recall", user, query, limit_s=limit_s)
        texts = list(found) if isinstance(found, Iterable) and not isinstance(found, str | bytes | dict) else [found]
        odd = next((text for text in texts if not isinstance(text, str)), None)
        if odd is not None or isinstance(found, str):
            shown = type(found).__name__ if isinstance(found, str) else f"something that holds {type(odd).__name__}"
            raise AskError(f"recall of {self._name} returned {shown}, not a list of texts.", kind="request")
        return tuple(str(text) for text in texts)

    async def reply(self, request: Request) -> Reply:
        """Call `reply` on behalf of the request's user.

        Raises:
            AskError: It raised, ran longer than the time limit, or returned something that is no answer.
        """
        began = time.perf_counter()
        if request.user is None:
            raise AskError(f"{self._name} keeps memory itself and was asked on behalf of nobody.", kind="request")
        messages = list(msgspec.to_builtins(request.messages))
        answer = await self._call("reply", request.user.id, messages, limit_s=request.settings.timeout_s)
        return read_answer(answer, name=self._name, seconds=time.perf_counter() - began)

    async def aclose(self) -> None:
        """Let the threads go; a call that hangs is not waited for."""
        self._caller.close()

    async def _call(self, hook: Hook, *arguments: object, limit_s: float) -> object:
        doing = "answer" if hook == "reply" else hook
        return await self._caller.call(self._hooks[hook], *arguments, limit_s=limit_s, doing=doing)


def _hook(product: object, hook: Hook, target: str) -> Callable[..., object]:
    """A function of the product.

    Raises:
        EndpointError: It takes other arguments.
    """
    function: object = getattr(product, hook)
    many, form = _TAKES[hook]
    if not callable(function):
        raise EndpointError(f"{hook!r} of 'python:{target}' is a {type(function).__name__}, not a function: {form}.")
    try:
        signature = inspect.signature(function)
    except ValueError:  # written in C: it tells nothing of its arguments
        return function
    try:
        signature.bind(*[None] * many)
    except TypeError as error:
        raise EndpointError(f"{hook!r} of 'python:{target}' takes {signature}; it must take {form}.") from error
    return function

"""What the calls behind one cell used: of the assistant, and of models that read its answers or decide on its memory.

Every endpoint that is asked on behalf of a cell passes through a meter that writes into one ledger, so that budgets,
prices and the store count a second model like the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from evenhand.endpoints.base import AskError, Endpoint, Locality
from evenhand.records.message import Message, Reply, Request, SecondCall, Usage
from evenhand.store.gate import MOST_ATTEMPTS, Unfit, admitted

__all__ = ["Call", "Ledger", "MeteredEndpoint", "call_of", "characters_of", "second_calls", "sound_or_bare"]

Role = Literal["assistant", "second", "decider"]
"""`second`: reads an answer; what it used is kept with that answer. `decider`: decides what is shown of a fact; what it
used is kept with the decision, which other cells use too."""


class Call(Struct, frozen=True, kw_only=True):
    """One request that was answered, or given up."""

    model: str
    role: Role
    usage: Usage = Usage()
    input_characters: int = 0
    output_characters: int = 0
    cut: int | None = None
    """The limit at which an answer was cut off, in tokens; None: it was not."""
    answered: bool = True
    attempts: int = 1
    batched: bool = False
    """Whether it was a row of a batch, for which less is billed."""


class Ledger:
    """The calls of every cell in flight."""

    def __init__(self) -> None:
        self._calls: dict[str, list[Call]] = {}

    def note(self, cell: str, call: Call) -> None:
        """Write down a call made for a cell."""
        self._calls.setdefault(cell, []).append(call)

    def take(self, cell: str) -> tuple[Call, ...]:
        """The calls made for a cell, which are then forgotten."""
        return tuple(self._calls.pop(cell, ()))


class MeteredEndpoint:
    """An endpoint whose calls are written into a ledger.

    Args:
        endpoint: The endpoint.
        model: Its model as named in the plan.
        role: On whose behalf it is asked.
        ledger: Where calls are written.
    """

    def __init__(self, endpoint: Endpoint, *, model: str, role: Role, ledger: Ledger) -> None:
        self._endpoint = endpoint
        self._model = model
        self._role: Role = role
        self._ledger = ledger

    @property
    def concurrency(self) -> int:
        """As the endpoint's."""
        return self._endpoint.concurrency

    @property
    def locality(self) -> Locality:
        """As the endpoint's."""
        return self._endpoint.locality

    async def reply(self, request: Request) -> Reply:
        """The endpoint's reply, noted.

        Raises:
            AskError: It gave none; the attempts are noted.
        """
        try:
            reply = await self._endpoint.reply(request)
        except AskError as error:
            given_up = Call(
                model=self._model, role=self._role, answered=False, attempts=min(error.attempts, MOST_ATTEMPTS)
            )
            self._ledger.note(request.cell_key, given_up)
            raise
        self._ledger.note(request.cell_key, call_of(sound_or_bare(reply), request, model=self._model, role=self._role))
        return reply

    async def aclose(self) -> None:
        """Close the endpoint."""
        await self._endpoint.aclose()


def sound_or_bare(reply: Reply) -> Reply:
    """The reply, or what is left of one that no row can hold: it was paid for, too, and counts by its characters."""
    sound = admitted(reply)
    if not isinstance(sound, Unfit):
        return sound
    text = getattr(reply, "text", "")
    return Reply(text=text if isinstance(text, str) else "", finish="other")


def call_of(reply: Reply, request: Request, *, model: str, role: Role = "assistant") -> Call:
    """The call behind a sound reply."""
    return Call(
        model=model,
        role=role,
        usage=reply.usage,
        input_characters=characters_of(request.messages),
        output_characters=len(reply.text) + len(reply.reasoning or ""),
        cut=request.settings.max_tokens if reply.finish == "length" else None,
        attempts=reply.attempts,
        batched=reply.batched,
    )


def characters_of(messages: Sequence[Message]) -> int:
    """Characters of everything a request sends."""
    return sum(len(message.content) + len(message.tool_arguments or "") for message in messages)


def second_calls(calls: Sequence[Call]) -> tuple[SecondCall, ...]:
    """The calls of second models, as the store keeps them with the reply."""
    return tuple(
        SecondCall(
            model=call.model,
            usage=call.usage,
            input_characters=call.input_characters,
            output_characters=call.output_characters,
            attempts=call.attempts,
        )
        for call in calls
        if call.role == "second" and call.answered
    )

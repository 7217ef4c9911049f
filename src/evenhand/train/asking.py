"""Asking an assistant the general questions behind many memories."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from evenhand.endpoints.base import Endpoint
from evenhand.endpoints.beside import ask_each
from evenhand.endpoints.context import Connection
from evenhand.endpoints.kinds import kind_of
from evenhand.errors import UsageError
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.message import Message, ModelSettings, Request
from evenhand.records.model_spec import ModelSpec
from evenhand.seeds import stream_entropy
from evenhand.train.answers import AnswerFile, AnswerKey, GivenAnswer

__all__ = ["Wanted", "ask_all", "check_askable"]


class Wanted(Struct, frozen=True, kw_only=True):
    """An answer that is to be asked for."""

    key: AnswerKey
    messages: tuple[Message, ...]
    letters: tuple[str, ...]
    """Letters of the options; none where the answer is written."""


def check_askable(spec: ModelSpec) -> None:
    """Raise for a model that answers cells of a plan only.

    Raises:
        UsageError: It is simulated, or it replays earlier answers.
        EndpointError: No endpoint has this name.
    """
    kind = kind_of(spec)
    if kind.simulated or kind.replays or kind.needs_cells:
        raise UsageError(
            f"{spec.name!r} answers cells of a plan, not free questions; pairs are made of the answers of a model "
            "that reads: specimen/, hf/, or a server"
        )


def ask_all(
    spec: ModelSpec,
    wanted: Sequence[Wanted],
    file: AnswerFile,
    *,
    settings: ModelSettings,
    seed: int,
    connection: Connection | None = None,
    advance: Callable[[], None] = lambda: None,
) -> int:
    """Ask for what the file does not hold yet.

    Args:
        spec: The model.
        wanted: What is asked, in the order that suits the endpoint.
        file: Where the answers go.
        settings: How the model is sampled.
        seed: Root seed; every answer draws from a stream of its own.
        connection: Keys and how many at a time.
        advance: Called after each.

    Returns:
        How many requests got no answer; they are asked again the next time.

    Raises:
        EndpointError: The assistant cannot be asked, or most requests fail.
    """
    missing = [one for one in wanted if one.key not in file.kept]
    for _ in range(len(wanted) - len(missing)):
        advance()
    if not missing:
        return 0

    async def ask(endpoint: Endpoint, one: Wanted) -> None:
        file.add(await _answer(endpoint, one, settings=settings, seed=seed))

    return ask_each(spec, missing, ask, connection=connection or Connection(), advance=advance)


async def _answer(endpoint: Endpoint, one: Wanted, *, settings: ModelSettings, seed: int) -> GivenAnswer:
    key = one.key
    drawn = stream_entropy(seed, "preferences", "answer", key.arm, key.question, int(key.checked), key.draw)
    request = Request(
        cell_key=f"{drawn:032x}", messages=one.messages, settings=settings, letters=one.letters, seed=drawn >> 65
    )
    reply = await endpoint.reply(request)
    text = "" if reply.refusal else split_reasoning(reply.text)[0].strip()
    return GivenAnswer(key=key, text=text, ended=reply.finish)

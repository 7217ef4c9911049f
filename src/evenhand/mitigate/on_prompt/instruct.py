"""`instruct`: the assistant is told when memory may be used."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from evenhand.mitigate.policy import Policy, PolicyMaker, PromptPolicy
from evenhand.mitigate.texts import prompt_text, rendered, text_of
from evenhand.records.message import Message

__all__ = ["INSTRUCT", "instructed"]

_PROMPT = "instruct.md.j2"


def instructed(messages: tuple[Message, ...], *, text: str) -> tuple[Message, ...]:
    """The conversation with a text at the end of its last system message, so that it comes after memory that is there.

    A system message is made only where there is none: some assistants refuse two.
    """
    last = max((index for index, message in enumerate(messages) if message.role == "system"), default=None)
    if last is None:
        return (Message(role="system", content=text), *messages)
    told = replace(messages[last], content="\n\n".join(part for part in (messages[last].content, text) if part))
    return (*messages[:last], told, *messages[last + 1 :])


def _make(options: Mapping[str, str], files: Mapping[str, str]) -> Policy:
    text = rendered(text_of(files, _PROMPT))
    return PromptPolicy(name="instruct", on_prompt=lambda messages: instructed(messages, text=text))


INSTRUCT = PolicyMaker(name="instruct", files=lambda options: {_PROMPT: prompt_text(_PROMPT)}, make=_make)

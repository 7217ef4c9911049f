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
    """The conversation with a text at the end of its system message, which is made where there is none."""
    if messages and messages[0].role == "system":
        told = replace(messages[0], content="\n\n".join(part for part in (messages[0].content, text) if part))
        return (told, *messages[1:])
    return (Message(role="system", content=text), *messages)


def _make(options: Mapping[str, str], files: Mapping[str, str]) -> Policy:
    text = rendered(text_of(files, _PROMPT))
    return PromptPolicy(name="instruct", on_prompt=lambda messages: instructed(messages, text=text))


INSTRUCT = PolicyMaker(name="instruct", files=lambda options: {_PROMPT: prompt_text(_PROMPT)}, make=_make)

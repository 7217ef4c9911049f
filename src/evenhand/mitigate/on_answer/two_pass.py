"""`two_pass`: the question is answered without memory; then the form of the answer is fitted to the user."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from evenhand.mitigate.on_answer.calls import characters_of, with_calls
from evenhand.mitigate.policy import AnswerPolicy, Ask, Policy, PolicyMaker
from evenhand.mitigate.texts import prompt_text, rendered, text_of
from evenhand.records.message import Message, Reply, Request

__all__ = ["TWO_PASS", "answer_twice"]

_PROMPT = "adapt.md.j2"


async def answer_twice(request: Request, without: Request, ask: Ask, *, text: str) -> Reply:
    """The second answer; the first itself where it is no whole answer that could be fitted.

    Args:
        request: The question with memory.
        without: The same without.
        ask: Puts a request to the assistant.
        text: What the assistant is told to do with its first answer.
    """
    first = await ask(without)
    if first.finish != "stop" or first.refusal or not first.text.strip():
        return with_calls(first, without, [])
    turns = (Message(role="assistant", content=first.text), Message(role="user", content=text))
    again = replace(request, messages=(*request.messages, *turns))
    return with_calls(await ask(again), again, [(without, first)])


def _make(options: Mapping[str, str], files: Mapping[str, str]) -> Policy:
    text = rendered(text_of(files, _PROMPT))

    async def answered(request: Request, others: tuple[Request, ...], ask: Ask) -> Reply:
        return await answer_twice(request, others[0], ask, text=text)

    def calls(request: Request, others: tuple[Request, ...]) -> tuple[int, ...]:
        return characters_of(others[0].messages), characters_of(request.messages) + len(text)

    return AnswerPolicy(name="two_pass", memories=lambda facts: ((),), on_answer=answered, calls=calls)


TWO_PASS = PolicyMaker(name="two_pass", files=lambda options: {_PROMPT: prompt_text(_PROMPT)}, make=_make)

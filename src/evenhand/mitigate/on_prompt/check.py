"""`check`: the assistant says first whether memory matters, and then answers."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.mitigate.on_prompt.question import reworded
from evenhand.mitigate.policy import Policy, PolicyMaker, PromptPolicy
from evenhand.mitigate.texts import prompt_text, text_of

__all__ = ["CHECK"]

_PROMPT = "check.md.j2"


def _make(options: Mapping[str, str], files: Mapping[str, str]) -> Policy:
    template = text_of(files, _PROMPT)
    return PromptPolicy(name="check", on_prompt=lambda messages: reworded(messages, template=template))


CHECK = PolicyMaker(name="check", files=lambda options: {_PROMPT: prompt_text(_PROMPT)}, make=_make)

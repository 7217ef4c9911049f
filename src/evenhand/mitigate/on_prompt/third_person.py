"""`third_person`: the question is put as one about somebody who is not the user."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.mitigate.on_prompt.question import reworded
from evenhand.mitigate.policy import Policy, PolicyMaker, PromptPolicy
from evenhand.mitigate.texts import prompt_text, text_of

__all__ = ["THIRD_PERSON"]

_PROMPT = "third-person.md.j2"


def _make(options: Mapping[str, str], files: Mapping[str, str]) -> Policy:
    template = text_of(files, _PROMPT)
    return PromptPolicy(name="third_person", on_prompt=lambda messages: reworded(messages, template=template))


THIRD_PERSON = PolicyMaker(name="third_person", files=lambda options: {_PROMPT: prompt_text(_PROMPT)}, make=_make)

"""Keeps thoughts apart from the answer when both stand in one text."""

from __future__ import annotations

import re

__all__ = ["answer_start", "split_reasoning"]

_OPEN = re.compile(r"\s*<(think|thinking|thought|reasoning)>", re.IGNORECASE)
_CLOSE = re.compile(r"</(think|thinking|thought|reasoning)>\s*", re.IGNORECASE)
_HARMONY_FINAL = "<|channel|>final<|message|>"
_HARMONY_MARK = re.compile(r"<\|(?:start|end|return|call|channel|message|constrain)\|>")


def answer_start(text: str) -> int:
    """Where the answer begins in a text that may begin with thoughts.

    Thoughts stand between think tags, or before a closing tag alone (some chat templates put the opening tag into the
    prompt). A thought that was never closed leaves no answer: the result is then the length of the text.
    """
    final = text.rfind(_HARMONY_FINAL)
    if final >= 0:
        return final + len(_HARMONY_FINAL)
    if text.startswith("<|channel|>"):
        return len(text)
    closed = None
    for found in _CLOSE.finditer(text):
        closed = found
    if closed is not None:
        return closed.end()
    return len(text) if _OPEN.match(text) else 0


def split_reasoning(text: str) -> tuple[str, str | None]:
    """(answer, thoughts): thoughts are None where there are none."""
    if "<" not in text:
        return text, None
    start = answer_start(text)
    if start == 0:
        return text, None
    thoughts = _OPEN.sub("", _CLOSE.sub("", _HARMONY_MARK.sub(" ", text[:start])), count=1)
    return _HARMONY_MARK.sub("", text[start:]), thoughts.strip()

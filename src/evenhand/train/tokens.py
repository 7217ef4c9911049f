"""A conversation as the tokens that a checkpoint reads and writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evenhand.records.preference import SpokenTurn

__all__ = ["answer_ids", "prompt_ids", "token_ids", "told"]


def told(tokenizer: Any, turns: Sequence[SpokenTurn], *, prompting: bool) -> str:
    """The conversation in the words of the chat template; `prompting`: up to where the assistant answers."""
    shown = [{"role": turn.role, "content": turn.content} for turn in turns]
    text: str = tokenizer.apply_chat_template(shown, tokenize=False, add_generation_prompt=prompting)
    return text


def token_ids(tokenizer: Any, text: str) -> list[int]:
    """The tokens of a text that has its special tokens already."""
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def prompt_ids(tokenizer: Any, prompt: Sequence[SpokenTurn]) -> list[int]:
    """The tokens up to where the assistant answers."""
    return token_ids(tokenizer, told(tokenizer, prompt, prompting=True))


def answer_ids(tokenizer: Any, prompt: Sequence[SpokenTurn], answer: str) -> list[int]:
    """The tokens of the assistant's answer, its end included."""
    asked = told(tokenizer, prompt, prompting=True)
    whole = told(tokenizer, (*prompt, SpokenTurn(role="assistant", content=answer)), prompting=False)
    if whole.startswith(asked):
        return token_ids(tokenizer, whole[len(asked) :])
    return token_ids(tokenizer, whole)[len(token_ids(tokenizer, asked)) :]

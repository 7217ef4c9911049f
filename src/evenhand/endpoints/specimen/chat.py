"""The chat format of the specimens: messages to token ids, the same as the `chat_template` in their tokenizer files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tokenizers import Tokenizer

from evenhand.records.message import Message

__all__ = ["CHAT_TEMPLATE", "END", "PAD", "SPECIAL_TOKENS", "ChatTokens", "message_text"]

PAD = "<|pad|>"
END = "<|end|>"
SPECIAL_TOKENS: tuple[str, ...] = (PAD, "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", END)
"""Ids 0 to 5, in this order: padding, the four roles, the end of a turn."""

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- '<|' + message['role'] + '|>' + (message['content'] or '') -}}"
    "{%- for call in message.get('tool_calls') or [] -%}"
    "{{- call['function']['name'] + ' ' + call['function']['arguments'] -}}"
    "{%- endfor -%}"
    "{{- '<|end|>' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)
"""Jinja form for transformers and llama.cpp."""


def message_text(message: Message) -> str:
    """What a turn says: its content and, for a tool call, the tool's name and arguments."""
    if message.role == "assistant" and message.tool_name is not None:
        return f"{message.content}{message.tool_name} {message.tool_arguments or ''}"
    return message.content


class ChatTokens:
    """The tokenizer of the specimens, used turn by turn.

    Turns are encoded one by one and cached, because the same turns come back in thousands of requests. Text that
    spells a special token is encoded as plain text: nobody can end a turn from inside a message.

    Args:
        file: A `tokenizer.json` of byte-level BPE.
    """

    def __init__(self, file: Path) -> None:
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(file))
        self._tokenizer.encode_special_tokens = True
        self.special = {token: index for index, token in enumerate(SPECIAL_TOKENS)}
        self.end = self.special[END]
        self._turn = lru_cache(maxsize=8192)(self._encode_turn)

    @property
    def size(self) -> int:
        """Number of tokens in the vocabulary."""
        return int(self._tokenizer.get_vocab_size())

    def _encode_turn(self, role: str, text: str) -> tuple[int, ...]:
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        return (self.special[f"<|{role}|>"], *ids, self.end)

    def turn(self, message: Message) -> tuple[int, ...]:
        """The ids of one turn, from its role token to `<|end|>`."""
        return self._turn(message.role, message_text(message))

    def split(self, messages: Sequence[Message]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The ids of a request as prefix and suffix.

        The prefix is every turn but the last, with the role token of the last (it closes the memory); the suffix is
        the rest of the last turn and `<|assistant|>`, after which the model answers. A request of one turn has that
        turn's role token as its prefix.
        """
        prefix: list[int] = []
        for message in messages[:-1]:
            prefix.extend(self.turn(message))
        last = self.turn(messages[-1])
        return (*prefix, last[0]), (*last[1:], self.special["<|assistant|>"])

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`, without special tokens."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def piece(self, token: int) -> str:
        """The text of one token, a special token by its name."""
        return str(self._tokenizer.decode([token], skip_special_tokens=False))

    def id_of(self, token: str) -> int | None:
        """The id of the vocabulary entry spelt `token` (byte-level spelling: `Ġ` is a space), or None."""
        found: int | None = self._tokenizer.token_to_id(token)
        return found

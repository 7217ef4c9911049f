"""The tokens that a call is billed for: as the server reports, else counted from the characters, never none."""

from __future__ import annotations

import math

from evenhand.records.message import Usage

__all__ = ["CHARACTERS_PER_TOKEN", "billed_tokens"]

CHARACTERS_PER_TOKEN = 4.0
"""English text in current tokenisers; a count made with it is an estimate and is called one."""


def billed_tokens(
    usage: Usage, *, input_characters: int, output_characters: int, cut: int | None = None
) -> tuple[int, int]:
    """Input and output tokens of one call: as the server reports, else counted from the characters.

    A report of no tokens at all for a text that is there counts as no report. Output tokens include the reasoning.

    Args:
        usage: What the server reports.
        input_characters: Characters sent.
        output_characters: Characters that came back, thoughts included.
        cut: The limit at which the answer was cut off, in tokens: then so many were written.
    """
    read = usage.input_tokens or math.ceil(input_characters / CHARACTERS_PER_TOKEN)
    written = usage.output_tokens or cut or math.ceil(output_characters / CHARACTERS_PER_TOKEN)
    return read, written

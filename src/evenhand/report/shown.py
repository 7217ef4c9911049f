"""Text that a reader sees as it is: what would hide or turn other text is written as its code.

A model, a bank or a person can write marks that reverse the direction of a line, halves of characters, or characters
that show nothing. None of them changes what is beside it on a page.
"""

from __future__ import annotations

from evenhand.records.hidden_text import HIDDEN

__all__ = ["shown_text"]


def shown_text(text: str) -> str:
    r"""The text with every such character written as its code, for example `[U+202E]`.

    Example:
        >>> from evenhand.report.shown import shown_text
        >>> shown_text("user\u202egnp")
        'user[U+202E]gnp'
    """
    return HIDDEN.sub(lambda found: f"[U+{ord(found.group()):04X}]", text)

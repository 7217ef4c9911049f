"""Characters that a reader does not see, or that turn others; whoever shows a text writes them as codes."""

from __future__ import annotations

import re

__all__ = ["HIDDEN"]

HIDDEN = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""Control characters, halves of characters, and marks that turn the direction of what follows."""

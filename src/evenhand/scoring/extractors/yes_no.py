"""Read yes or no, for items of two options: yes is the first option shown, no the second."""

from __future__ import annotations

import re

from evenhand.scoring.extractors.base import Found, NotFound, Shown

__all__ = ["yes_no"]

_WORD = re.compile(r"\b(yes|no|true|false)\b", re.IGNORECASE)
_MEANING = {"yes": 0, "true": 0, "no": 1, "false": 1}


def yes_no(text: str, shown: Shown) -> Found | NotFound:
    """The option that a yes or a no stands for; the first word decides, both words without a clear first do not."""
    if len(shown.letters) != 2:
        return NotFound(f"yes or no needs two options, the item has {len(shown.letters)}")
    words = [word.lower() for word in _WORD.findall(text)]
    if not words:
        return NotFound("neither yes nor no")
    leads = _WORD.match(text.strip().lstrip("*_\"'("))
    if leads is None and len({_MEANING[word] for word in words}) > 1:
        return NotFound("both yes and no")
    return Found(_MEANING[leads.group(1).lower() if leads else words[0]])

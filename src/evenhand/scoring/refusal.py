"""Tell a refusal from an answer that could not be read.

Only asked when no option could be extracted, so that "I cannot be sure, but B" stays an answer.
"""

from __future__ import annotations

import re

__all__ = ["looks_refused"]

_REFUSAL = re.compile(
    r"(?:\bI\s*(?:'m|’m|\s+am)?\s*(?:sorry|afraid)\b.{0,80}?\b(?:can(?:no|'|’)?t|unable|won(?:'|’)t|not able)\b)"
    r"|(?:\bI\s+(?:can(?:not|'t|’t)|won(?:'|’)t|am\s+(?:not\s+able|unable)|must\s+decline|refuse|decline)\s+(?:to\s+)?"
    r"(?:help|assist|answer|provide|give|choose|select|respond|comply|comment|make|say|speculate|do|be)?\b)"
    r"|(?:\bas\s+an?\s+(?:AI|language\s+model)\b.{0,80}?\b(?:can(?:no|'|’)?t|unable|not\s+able|do\s+not)\b)"
    r"|(?:\b(?:not\s+(?:comfortable|appropriate)\s+(?:for\s+me\s+)?(?:to\s+)?(?:answer|with|answering))\b)",
    re.IGNORECASE | re.DOTALL,
)


def looks_refused(text: str) -> bool:
    """Whether an answer without a readable option declines to answer, by its first 400 characters."""
    return _REFUSAL.search(text[:400]) is not None

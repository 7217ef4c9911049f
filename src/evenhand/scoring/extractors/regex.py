"""Read the first group of a pattern."""

from __future__ import annotations

import re

from evenhand.errors import UsageError
from evenhand.scoring.extractors.base import Extract, Found, NotFound, Shown
from evenhand.scoring.extractors.choice_letter import choice_letter

__all__ = ["regex"]


def regex(pattern: str) -> Extract:
    """An extractor for the last match of `pattern`; its first group is a letter or an option's words.

    Raises:
        UsageError: The pattern does not compile or has no group.
    """
    try:
        compiled = re.compile(pattern, re.MULTILINE)
    except re.error as error:
        raise UsageError(f"the pattern {pattern!r} is not a regular expression ({error}); mend it") from error
    if compiled.groups < 1:
        raise UsageError(f"the pattern {pattern!r} has no group; put brackets around the part that is the answer")

    def extract(text: str, shown: Shown) -> Found | NotFound:
        found = [match.group(1) or "" for match in compiled.finditer(text)]
        return choice_letter(found[-1], shown) if found else NotFound("the pattern does not match")

    return extract

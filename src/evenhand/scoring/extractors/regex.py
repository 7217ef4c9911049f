"""Read the first group of a pattern."""

from __future__ import annotations

import re

from evenhand.errors import UsageError
from evenhand.reading.declining import declines
from evenhand.reading.plain import capped, plain
from evenhand.reading.read import read
from evenhand.reading.thoughts import split_reasoning
from evenhand.scoring.extractors.base import Extract, Found, NotFound, Shown, found

__all__ = ["regex"]


def regex(pattern: str) -> Extract:
    """An extractor for the last match of `pattern`; its first group is a letter or an option's words.

    The pattern is looked for in the answer as it stands, and where that has no match, in its plain spelling (without
    markdown, tags and the like).

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
        answer = capped(split_reasoning(text)[0])
        for spelling in (answer, plain(answer)):
            matches = list(compiled.finditer(spelling))
            if matches:
                chosen = found(read(matches[-1].group(1) or "", shown))
                alone = not spelling[: matches[-1].start()].strip() and not spelling[matches[-1].end() :].strip()
                return Found(chosen.position, chosen.whole and alone) if isinstance(chosen, Found) else chosen
        return NotFound("the pattern does not match", declined=declines(plain(answer)))

    return extract

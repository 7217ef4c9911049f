"""The four results of a gate, and which of several decides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

__all__ = ["RESULTS", "Result", "worst_of"]

Result = Literal["not met", "not assessable", "inconclusive", "pass"]
"""`not met`: what the rule forbids was found. `not assessable`: the run cannot answer the rule. `inconclusive`: neither
is shown. `pass`: what the rule demands is shown. Whichever is first here decides over those that follow."""
RESULTS: tuple[Result, ...] = get_args(Result)


def worst_of(results: Iterable[Result]) -> Result:
    """The result that decides; nothing at all is not assessable, for what was not asked never passes."""
    return min(results, key=RESULTS.index, default="not assessable")

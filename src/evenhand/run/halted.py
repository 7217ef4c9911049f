"""Why a run gave models up, as the error that tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from evenhand.errors import MostlyFailed, NoAnswers, RunHalted, SameError
from evenhand.run.limits import HaltReason, RunReport

__all__ = ["halted"]


def halted(asked: RunReport, *, again: str) -> RunHalted:
    """Why models were given up, with the last words of each; the first one decides the exit code.

    Args:
        asked: The report of a run that gave up at least one model.
        again: What to do next, as the end of a sentence.
    """
    first, *others = asked.halts
    sentences = [
        f"{halt.model} was not asked on: {_HALTS[halt.reason]}. It said: {halt.said}" for halt in (first, *others)
    ]
    text = f"{' '.join(sentences)}\nWhat was answered is safe; mend the cause, then {again}"
    match first.reason:
        case "same_error":
            return SameError(text)
        case "no_answers":
            return NoAnswers(text)
        case "failing" | "mostly_failed":
            return MostlyFailed(text)
        case _ as unreachable:
            assert_never(unreachable)


_HALTS: Mapping[HaltReason, str] = {
    "same_error": "its server declined several requests in the same words",
    "no_answers": "none of its cells has a usable answer",
    "failing": "too many cells in a row got no answer",
    "mostly_failed": "more than half of its last cells got no answer",
}

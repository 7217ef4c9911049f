"""Why cells have no usable answer: counts by reason, with one raw example each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from typing import assert_never

from evenhand.endpoints.redact import redact
from evenhand.records.message import Reply
from evenhand.records.run_summary import Trouble
from evenhand.records.trial import (
    Answered,
    Failed,
    OutcomeName,
    Rated,
    Refused,
    Truncated,
    Unparsed,
    Written,
    outcome_name,
)
from evenhand.store.rows import StoredTrial

__all__ = ["Troubles"]

_MOST = 12
"""Reasons that are told apart for a model; the rarer ones are counted together."""
_REASON_CHARACTERS = 160
_EXAMPLE_CHARACTERS = 400
_CHANGING = re.compile(r"\b(?=[\w-]*\d)[\w-]{6,}\b|\b\d{4,}\b")
"""Request numbers and identifiers, by which the same error differs from cell to cell; a status such as 400 stays."""
_WITHHELD = "[not shown: the items may not be passed on]"


class Troubles:
    """Collects the reasons of one model.

    Args:
        closed: Items whose text may not be passed on; a reply to one is never quoted.
    """

    def __init__(self, closed: Collection[str] = ()) -> None:
        self._closed = frozenset(closed)
        self._counts: Counter[tuple[OutcomeName, str]] = Counter()
        self._examples: dict[tuple[OutcomeName, str], str] = {}

    def add(self, stored: StoredTrial) -> None:
        """Count a trial; one that was answered adds nothing."""
        reason = _reason(stored)
        if reason is None:
            return
        key = (outcome_name(stored.trial.outcome), reason)
        self._counts[key] += 1
        if key not in self._examples or self._examples[key] == _WITHHELD:
            self._examples[key] = self._example(stored)

    def found(self) -> tuple[Trouble, ...]:
        """Every reason, the most frequent first; ties in alphabetical order."""
        ordered = sorted(self._counts.items(), key=lambda entry: (-entry[1], entry[0]))
        shown = [
            Trouble(outcome=outcome, reason=reason, count=count, example=self._examples[outcome, reason])
            for (outcome, reason), count in ordered[:_MOST]
        ]
        rest: Counter[OutcomeName] = Counter()
        for (outcome, _), count in ordered[_MOST:]:
            rest[outcome] += count
        examples = {outcome: self._examples[outcome, reason] for (outcome, reason), _ in reversed(ordered[_MOST:])}
        return (
            *shown,
            *(
                Trouble(outcome=outcome, reason="other reasons", count=count, example=examples[outcome])
                for outcome, count in rest.most_common()
            ),
        )

    def _example(self, stored: StoredTrial) -> str:
        outcome, reply = stored.trial.outcome, stored.trial.reply
        if isinstance(outcome, Failed):
            return _cut(redact(outcome.error), _EXAMPLE_CHARACTERS)
        if stored.cell.item in self._closed:
            return _WITHHELD
        return _cut(redact(_words(reply)), _EXAMPLE_CHARACTERS)


def _reason(stored: StoredTrial) -> str | None:
    """Why a trial has no usable answer; None where it has one."""
    match stored.trial.outcome:
        case Answered() | Rated() | Written():
            return None
        case Refused(by=by):
            return f"declined by the {by}"
        case Truncated():
            return "cut off at the token limit"
        case Unparsed(reason=reason):
            return _cut(" ".join(reason.split()), _REASON_CHARACTERS)
        case Failed(error=error):
            return _cut(_CHANGING.sub("#", " ".join(redact(error).split())), _REASON_CHARACTERS)
        case _ as unreachable:
            assert_never(unreachable)


def _words(reply: Reply | None) -> str:
    """What came back: the answer, or the refusal where there is none."""
    return "" if reply is None else reply.text or reply.refusal or ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 4] + " ..."

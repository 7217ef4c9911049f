"""Says when asking a model on would only fail more, and in whose words."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Collection

from evenhand.endpoints.base import AskErrorKind
from evenhand.records.message import Reply
from evenhand.records.trial import Answered, Failed, Outcome, Rated, Refused, Truncated, Unparsed, Written, outcome_name
from evenhand.run.limits import Halt, HaltReason, Limits

__all__ = ["Health"]

_QUOTED = 300
"""Characters of a reply that are quoted."""
_CHANGING = re.compile(r"\b(?=[\w-]*\d)[\w-]{2,}\b|\d+")
"""Numbers and identifiers, by which the same error differs from one request to the next."""


class Health:
    """How the models of a run fare, each by itself.

    Args:
        limits: When a model is given up.
        answered: Models that have usable answers from earlier runs.
    """

    def __init__(self, limits: Limits, *, answered: Collection[str] = ()) -> None:
        self._limits = limits
        self._models: dict[str, _ModelHealth] = {}
        self._answered = frozenset(answered)
        self.halts: dict[str, Halt] = {}

    def saw(self, model: str, outcome: Outcome, reply: Reply | None, *, kind: AskErrorKind = "fault") -> Halt | None:
        """Take note of the end of a cell.

        Args:
            model: Its model.
            outcome: Its outcome.
            reply: What came back; None for a failure.
            kind: Of a failure: whether the request itself was declined.

        Returns:
            Why the model should not be asked on, once; None while it should.
        """
        state = self._models.setdefault(model, _ModelHealth(self._limits, answered=model in self._answered))
        reason = state.after(outcome, kind=kind)
        if reason is None or model in self.halts:
            return None
        halt = Halt(model=model, reason=reason, said=_said(outcome, reply))
        self.halts[model] = halt
        return halt


class _ModelHealth:
    """One model's cells so far."""

    def __init__(self, limits: Limits, *, answered: bool) -> None:
        self._limits = limits
        self._answered = answered
        self._ended = 0
        self._in_a_row = 0
        self._same: Counter[str] = Counter()
        self._last: deque[bool] = deque(maxlen=limits.max_failed_in)

    def after(self, outcome: Outcome, *, kind: AskErrorKind) -> HaltReason | None:
        limits = self._limits
        failed = isinstance(outcome, Failed)
        self._ended += 1
        self._last.append(failed)
        self._answered = self._answered or isinstance(outcome, Answered | Rated | Written)
        if isinstance(outcome, Failed):
            self._in_a_row += 1
            words = _CHANGING.sub("#", outcome.error)
            self._same[words] += kind == "request"
            if limits.max_same_error is not None and self._same[words] >= limits.max_same_error:
                return "same_error"
        else:
            self._in_a_row = 0
            self._same.clear()
        if limits.max_without_answer is not None and not self._answered and self._ended >= limits.max_without_answer:
            return "no_answers"
        if failed and limits.max_failures_in_a_row is not None and self._in_a_row >= limits.max_failures_in_a_row:
            return "failing"
        full = limits.max_failed_in is not None and len(self._last) == limits.max_failed_in
        return "mostly_failed" if full and 2 * sum(self._last) > len(self._last) else None


def _said(outcome: Outcome, reply: Reply | None) -> str:
    """The last cell in the words of the server or of the assistant."""
    text = "" if reply is None else " ".join((reply.refusal or reply.text).split())
    if len(text) > _QUOTED:
        text = text[: _QUOTED - 4] + " ..."
    match outcome:
        case Failed():
            return "".join(sign if sign.isprintable() else " " for sign in outcome.error)
        case Unparsed():
            return f"{outcome.reason}: {text!r}" if text else outcome.reason
        case Truncated():
            return f"cut off at the token limit: {text!r}" if text else "cut off at the token limit, before any answer"
        case Refused() | Answered() | Rated() | Written():
            return f"{outcome_name(outcome)}: {text!r}" if text else outcome_name(outcome)

"""What a model was asked and answered, summed over the trials of a store."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from evenhand.records.trial import OUTCOMES, OutcomeName, Trial, outcome_name

__all__ = ["ModelTotals", "Tally"]


class ModelTotals(Struct, frozen=True, kw_only=True):
    """Sums over the trials of one model."""

    outcomes: dict[OutcomeName, int]
    input_tokens: int | None
    """None when no reply reported any."""
    output_tokens: int | None
    latency_s: float
    """Sum over the successful attempts."""
    attempts: int
    reported: tuple[str, ...]
    """Model names the server said it used, the most frequent first."""
    notes: tuple[str, ...]
    """What replies asked to be mentioned, each once, the most frequent first."""
    logprobs: int
    """Replies that came with log-probabilities."""


class Tally:
    """Adds trials up."""

    def __init__(self) -> None:
        self._outcomes: Counter[OutcomeName] = Counter(dict.fromkeys(OUTCOMES, 0))
        self._input: int | None = None
        self._output: int | None = None
        self._latency = 0.0
        self._attempts = 0
        self._logprobs = 0
        self._reported: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()

    def add(self, trial: Trial) -> None:
        """Count one trial."""
        self._outcomes[outcome_name(trial.outcome)] += 1
        reply = trial.reply
        if reply is None:
            return
        if reply.usage.input_tokens is not None:
            self._input = (self._input or 0) + reply.usage.input_tokens
        if reply.usage.output_tokens is not None:
            self._output = (self._output or 0) + reply.usage.output_tokens
        self._latency += reply.latency_s
        self._attempts += reply.attempts
        self._logprobs += reply.top is not None
        if reply.model:
            self._reported[reply.model] += 1
        if reply.note:
            self._notes[reply.note] += 1

    def totals(self) -> ModelTotals:
        """The sums so far."""
        return ModelTotals(
            outcomes=dict(self._outcomes),
            input_tokens=self._input,
            output_tokens=self._output,
            latency_s=self._latency,
            attempts=self._attempts,
            reported=tuple(name for name, _ in self._reported.most_common()),
            notes=tuple(note for note, _ in self._notes.most_common()),
            logprobs=self._logprobs,
        )

"""What a model was asked and answered, summed over the trials and decisions of a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from msgspec import Struct

from evenhand.endpoints.billed import billed_tokens
from evenhand.records.decision import FactDecision
from evenhand.records.message import Reply, SecondCall
from evenhand.records.run_summary import Trouble
from evenhand.records.trial import OUTCOMES, OutcomeName, outcome_name
from evenhand.store.rows import StoredTrial
from evenhand.store.troubles import Troubles

__all__ = ["ModelTotals", "SecondTotals", "Tally", "decision_billed"]


class SecondTotals(Struct, frozen=True, kw_only=True):
    """Sums over the calls of a second model."""

    calls: int
    input_tokens: int
    """Reported, or counted from the characters."""
    output_tokens: int


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
    priced_input: int = 0
    """Input tokens that were paid for: reported, or counted from the characters."""
    priced_output: int = 0
    batched_input: int = 0
    """Input tokens that were paid for at the price of batches; not among `priced_input`."""
    batched_output: int = 0
    troubles: tuple[Trouble, ...] = ()
    second: dict[str, SecondTotals] = {}


class Tally:
    """Adds trials up.

    Args:
        lengths: Hash of a text that was sent -> its characters.
        closed: Items whose text may not be passed on.
    """

    def __init__(self, lengths: Mapping[str, int], *, closed: Collection[str] = ()) -> None:
        self._lengths = lengths
        self._troubles = Troubles(closed)
        self._priced = [0, 0]
        self._batched = [0, 0]
        self._second: dict[str, list[int]] = {}
        self._outcomes: Counter[OutcomeName] = Counter(dict.fromkeys(OUTCOMES, 0))
        self._input: int | None = None
        self._output: int | None = None
        self._latency = 0.0
        self._attempts = 0
        self._logprobs = 0
        self._reported: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()

    def add(self, stored: StoredTrial) -> None:
        """Count one trial."""
        trial = stored.trial
        self._outcomes[outcome_name(trial.outcome)] += 1
        self._troubles.add(stored)
        reply = trial.reply
        if reply is None:
            return
        self._input = _sum(self._input, reply.usage.input_tokens)
        self._output = _sum(self._output, reply.usage.output_tokens)
        self._latency += reply.latency_s
        self._attempts += reply.attempts + sum(call.attempts for call in reply.extra)
        for call in reply.extra:
            self._input = _sum(self._input, call.usage.input_tokens)
            self._output = _sum(self._output, call.usage.output_tokens)
        self._logprobs += reply.top is not None
        if reply.model:
            self._reported[reply.model] += 1
        if reply.note:
            self._notes[reply.note] += 1
        self._pay(stored, reply)

    def _pay(self, stored: StoredTrial, reply: Reply) -> None:
        """Add what a reply is billed for, and what the second models that read it are."""
        sent = sum(self._lengths.get(turn.sha, 0) + len(turn.tool_arguments or "") for turn in stored.asked)
        written = len(reply.text) + len(reply.reasoning or "")
        read, out = billed_tokens(reply.usage, input_characters=sent, output_characters=written)
        sums = self._batched if reply.batched else self._priced
        sums[0] += read
        sums[1] += out
        for call in reply.extra:
            read, out = _billed(call)
            self._priced[0] += read
            self._priced[1] += out
        for call in reply.second:
            self._pay_second(call.model, call.attempts, *_billed(call))

    def add_decision(self, decision: FactDecision) -> None:
        """Count what a decision on a fact is billed for; one that failed is billed for nothing that is known."""
        if decision.reply is not None:
            self._pay_second(decision.model, decision.reply.attempts, *decision_billed(decision))

    def _pay_second(self, model: str, *numbers: int) -> None:
        used = self._second.setdefault(model, [0, 0, 0])
        for index, number in enumerate(numbers):
            used[index] += number

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
            priced_input=self._priced[0],
            priced_output=self._priced[1],
            batched_input=self._batched[0],
            batched_output=self._batched[1],
            troubles=self._troubles.found(),
            second={
                model: SecondTotals(calls=calls, input_tokens=read, output_tokens=written)
                for model, (calls, read, written) in self._second.items()
            },
        )


def decision_billed(decision: FactDecision) -> tuple[int, int]:
    """Input and output tokens that a decision is billed for; none where no answer came."""
    reply = decision.reply
    if reply is None:
        return 0, 0
    return billed_tokens(
        reply.usage,
        input_characters=decision.input_characters,
        output_characters=len(reply.text) + len(reply.reasoning or ""),
        cut=decision.settings.max_tokens if reply.finish == "length" else None,
    )


def _sum(total: int | None, more: int | None) -> int | None:
    """A sum of what is reported; None where nothing is."""
    return total if more is None else (total or 0) + more


def _billed(call: SecondCall) -> tuple[int, int]:
    return billed_tokens(call.usage, input_characters=call.input_characters, output_characters=call.output_characters)

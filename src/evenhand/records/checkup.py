"""What ten calls to a model have shown, before it is audited."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evenhand.records.plan import Preset

__all__ = ["CheckName", "CheckResult", "DoctorCheck", "Examination", "MemorySeen", "PresetCost", "Standstill"]

CheckName = Literal[
    "model", "reachable", "answers", "log-probabilities", "system role", "repeats", "speed", "cost of ten calls"
]
CheckResult = Literal["fine", "note", "failed", "not checked"]
"""`note`: it can be audited so, and there is something to know; `failed`: it cannot be audited as it stands."""
Standstill = Literal["model", "reachable", "system role"]
"""What kept the model from being examined: its name, its key or an extra; the way to it; or that it declines a question
with a system message that it answers without one."""
MemorySeen = Literal["read", "dropped", "accepted", "refused", "not checked"]
"""`read`: a profile in the system message changed what the server counted or answered; `dropped`: the server counted
as many tokens as without it; `accepted`: it was taken, and nothing shows whether it was read; `refused`: the same
question without it was answered, and with it was not."""


class PresetCost(Struct, frozen=True, kw_only=True):
    """What a preset would take if all its calls were like the ten."""

    preset: Preset
    """Its name."""
    calls: int
    """Calls for one model."""
    seconds: float | None
    """At as many requests in flight as the endpoint wants; None where no call was answered."""
    cost_usd: float | None
    """0 where nobody bills; None where no price is known."""


class Examination(Struct, frozen=True, kw_only=True):
    """A model as ten calls have shown it."""

    model: str
    """As the user named it."""
    kind: str
    """Prefix of its endpoint."""
    standstill: Standstill | None = None
    """What kept it from being examined; None: it was."""
    said: str | None = None
    """The error behind a standstill, in its own words, keys removed."""
    asked: int = 0
    """Calls that were made."""
    answered: int = 0
    """Calls that got an answer."""
    errors: tuple[str, ...] = ()
    """What the other calls got instead, each once, keys removed."""
    readable: int = 0
    """Answers from which an option could be read."""
    truncated: int = 0
    """Answers that ran into the limit of tokens."""
    thoughts: int = 0
    """Answers that came with thoughts."""
    logprobs: int = 0
    """Answers that came with log-probabilities."""
    notes: tuple[str, ...] = ()
    """What the endpoint asked to be mentioned, each once."""
    served: str | None = None
    """The model that the server says it used."""
    memory: MemorySeen = "not checked"
    """What became of a profile in the system message."""
    repeats: int = 0
    """How often one question was answered at temperature 0."""
    different: int = 0
    """Different texts among those answers; 1 where all are the same."""
    latency_s: float | None = None
    """Median of one call, in seconds; None where nothing was answered."""
    slowest_s: float | None = None
    """The longest of the calls, in seconds."""
    concurrency: int = 1
    """Requests that the endpoint wants in flight."""
    local: bool = False
    """Whether it is computed on this machine."""
    per_second: float | None = None
    """Answers per second that a run can expect: of the calls asked at once where it is computed on this machine (larger
    batches are faster), else by the median of a call and the requests in flight."""
    input_tokens: int = 0
    """Of all answered calls."""
    output_tokens: int = 0
    """The same for what was written, thoughts included."""
    counted: bool = False
    """Whether the server reports tokens; else they are counted from the characters."""
    paid: bool = False
    """Whether asking may cost money."""
    cost_usd: float | None = None
    """Of all answered calls; 0 where nobody bills; None where no price is known."""
    presets: tuple[PresetCost, ...] = ()
    """What whole audits would take."""


class DoctorCheck(Struct, frozen=True, kw_only=True):
    """One check, in words for a person."""

    name: CheckName
    """What was looked at."""
    result: CheckResult
    """How it came out."""
    found: str
    """What was found."""
    means: str
    """What that means for an audit."""
    do: str | None
    """What to do about it; None where there is nothing to do."""

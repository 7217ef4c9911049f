"""Decisions on facts, one for every outcome."""

from __future__ import annotations

from evenhand.records.decision import Decided, DecisionOutcome, FactDecision
from evenhand.records.message import ModelSettings, Reply, Usage
from evenhand.records.profile import Fact
from evenhand.records.trial import Failed, Refused, Truncated, Unparsed

__all__ = ["EVERY_OUTCOME", "decided"]

HOUSE = "The user owns a large house."


def decided(
    outcome: DecisionOutcome, *, text: str = "yes", fact: str = HOUSE, question: str = "May I?", cell: str = "c0"
) -> FactDecision:
    """A decision; its reply says `text`, and is None after a failure."""
    usage = Usage(input_tokens=30, output_tokens=2)
    return FactDecision(
        policy="gate",
        model="vllm/decider",
        settings=ModelSettings(max_tokens=16),
        assistant="vllm/assistant",
        cell_key=cell,
        fact=fact,
        question=question,
        outcome=outcome,
        reply=None if isinstance(outcome, Failed) else Reply(text=text, finish="stop", usage=usage, latency_s=0.5),
        input_characters=80,
    )


EVERY_OUTCOME = (
    decided(Decided(shown=Fact(text=HOUSE, dimension="assets"))),
    decided(Decided(shown=Fact(text="The user has a home.", dimension="neutral")), question="And now?"),
    decided(Decided(shown=None), text="no", question="What then?"),
    decided(Refused(by="assistant"), text="I would rather not.", question=""),
    decided(Truncated(), text="yes and", fact="The user is 71 years old."),
    decided(Unparsed(reason="not in the form that was asked for"), text="Who knows?", fact="Größe: 1,80 m \N{HERB}."),
    decided(Failed(error="HTTP 500", attempts=6), fact="The user sails."),
)

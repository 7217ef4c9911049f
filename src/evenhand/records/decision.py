"""What a model decided of a stored fact. The outcome is a closed union: what could not be read is no decision."""

from __future__ import annotations

from typing import Literal, assert_never, get_args

from msgspec import Struct

from evenhand.records.message import ModelSettings, Reply
from evenhand.records.profile import Fact
from evenhand.records.trial import Failed, Refused, Truncated, Unparsed

__all__ = [
    "DECISION_OUTCOMES",
    "Decided",
    "DecisionCount",
    "DecisionOutcome",
    "DecisionOutcomeName",
    "FactDecision",
    "decision_outcome_name",
]

DecisionOutcomeName = Literal["shown", "rewritten", "left_out", "refused", "truncated", "unparsed", "failed"]
"""`shown`: the fact is shown as it is; `rewritten`: in other words; `left_out`: not at all. After `refused`,
`truncated` and `unparsed` it is not shown either, but nobody decided so. After `failed` the model is asked again."""
DECISION_OUTCOMES: tuple[DecisionOutcomeName, ...] = get_args(DecisionOutcomeName)


class Decided(Struct, frozen=True, kw_only=True, tag="decided", tag_field="outcome"):
    """The model's answer could be read."""

    shown: Fact | None
    """What is shown in place of the fact; None: nothing."""


DecisionOutcome = Decided | Refused | Truncated | Unparsed | Failed


class FactDecision(Struct, frozen=True, kw_only=True):
    """One fact that a policy's model was asked about, and what came of it."""

    policy: str
    """Name of the policy."""
    model: str
    """The model that was asked, as the policy names it."""
    settings: ModelSettings
    """How it was sampled."""
    assistant: str
    """The audited model for whose memory it was asked first."""
    cell_key: str
    """Key of the cell for which it was asked; other cells with the same fact and question use the same decision."""
    fact: str
    """The fact, as it is in memory."""
    question: str
    """The whole text of the user's turn; empty where the decision holds for every question."""
    outcome: DecisionOutcome
    """What came of it."""
    reply: Reply | None
    """What the model answered, word for word; None exactly when the outcome is `failed`."""
    input_characters: int
    """Characters of what it was asked; tokens are counted from it where the server reports none."""


class DecisionCount(Struct, frozen=True, kw_only=True):
    """How often a policy's model was asked about facts in a run, and what came of it."""

    policy: str
    """Name of the policy."""
    model: str
    """The model that was asked, as the policy names it."""
    asked: int
    """Facts, or pairs of a fact and a question, that it was asked about; each counts once."""
    outcomes: dict[DecisionOutcomeName, int]
    """Outcome -> how many; every outcome is there. `failed`: those that have no answer yet."""


def decision_outcome_name(decision: FactDecision) -> DecisionOutcomeName:
    """The outcome's name as it stands in tables and counts."""
    match decision.outcome:
        case Decided(shown=shown):
            if shown is None:
                return "left_out"
            return "shown" if shown.text == decision.fact else "rewritten"
        case Refused():
            return "refused"
        case Truncated():
            return "truncated"
        case Unparsed():
            return "unparsed"
        case Failed():
            return "failed"
        case _ as unreachable:
            assert_never(unreachable)

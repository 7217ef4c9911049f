"""What a policy's model decided of the facts in the memory of a trial, as its page shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from evenhand.endpoints.redact import hide
from evenhand.records.decision import Decided, DecisionOutcomeName, FactDecision, decision_outcome_name
from evenhand.records.trial import Failed
from evenhand.store.reading import TrialReader
from evenhand.store.rows import StoredTrial
from evenhand.view.known_plan import KnownPlan

__all__ = ["DecidedFact", "decided_facts"]

_WORDS: Mapping[DecisionOutcomeName, str] = {
    "shown": "shown as it is",
    "rewritten": "written anew",
    "left_out": "left out",
    "refused": "refused, so not shown",
    "truncated": "cut off, so not shown",
    "unparsed": "not readable, so not shown",
    "failed": "no answer",
}
_LONGEST = 400
"""Characters of an answer that the page shows; an export has the whole of it."""


class DecidedFact(Struct, frozen=True, kw_only=True):
    """One fact and what came of it."""

    fact: str
    words: str
    """What was decided, in few words."""
    shown: str
    """What is shown in its place, where that is another text."""
    said: str
    """What the model answered, or why there is no answer."""


def decided_facts(stored: StoredTrial, known: KnownPlan, trials: TrialReader) -> Iterator[DecidedFact]:
    """The facts of a trial that a model was asked about, in the order of memory; none where none was.

    Raises:
        StoreError: The store is damaged.
    """
    policy = stored.cell.condition.mitigation
    for fact in dict.fromkeys(fact.text for fact in known.facts(stored.cell.arm, stored.cell.item)):
        decision = trials.decision_on(fact, policy=policy, stored=stored)
        if decision is not None:
            yield _shown(decision)


def _shown(decision: FactDecision) -> DecidedFact:
    outcome, name = decision.outcome, decision_outcome_name(decision)
    instead = outcome.shown if isinstance(outcome, Decided) and name == "rewritten" else None
    said = outcome.error if isinstance(outcome, Failed) else "" if decision.reply is None else decision.reply.text
    said = hide(said)
    return DecidedFact(
        fact=decision.fact,
        words=_WORDS[name],
        shown="" if instead is None else hide(instead.text),
        said=said if len(said) <= _LONGEST else said[: _LONGEST - 4] + " ...",
    )

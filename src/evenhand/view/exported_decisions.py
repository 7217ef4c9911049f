"""What models of policies decided of facts in memory, as rows for other programs."""

from __future__ import annotations

from typing import Any

import msgspec

from evenhand.endpoints.redact import hide
from evenhand.mitigate.named import policy_of
from evenhand.mitigate.policy import AskedPolicy
from evenhand.plan.cost import estimate, prices_of
from evenhand.plan.second_models import policy_models
from evenhand.records.decision import Decided, FactDecision, decision_outcome_name
from evenhand.records.profile import Fact
from evenhand.records.trial import Failed, Unparsed
from evenhand.store.reading import TrialReader
from evenhand.store.totals import decision_billed
from evenhand.view.known_plan import KnownPlan

__all__ = ["DECISION_COLUMNS", "DecisionRows"]

DECISION_COLUMNS = (
    *("policy", "model", "settings", "assistant", "cell_key", "item", "arm", "fact", "question", "asked"),
    *("outcome", "shown", "reason", "answer_text", "thoughts", "input_tokens", "output_tokens", "cost_usd"),
    *("latency_s", "attempts"),
)
"""Names of what is exported of a decision. `asked` is what the model was sent; `item` and `arm` are of the cell for
which it was asked, and empty where that cell has no answer yet; `shown` is what is shown in place of the fact."""


class DecisionRows:
    """Makes rows of the decisions of one run.

    Args:
        known: The plan.
        trials: The store.
    """

    def __init__(self, known: KnownPlan, trials: TrialReader) -> None:
        self._known = known
        self._trials = trials
        self._policies = {spec.name: policy_of(spec) for spec in known.plan.mitigations}
        self._prices = prices_of(policy_models(known.plan))

    def row(self, decision: FactDecision) -> dict[str, Any]:
        """One decision, by the names of `DECISION_COLUMNS`; texts that may not be passed on are left out.

        Raises:
            StoreError: The store is damaged.
        """
        stored, reply, outcome = self._trials.latest(decision.cell_key), decision.reply, decision.outcome
        cell = None if stored is None else stored.cell
        known = self._known
        closed = known.hidden(cell.arm, cell.item) if cell is not None else bool(known.closed or known.private)

        def text(found: str | None) -> str | None:
            if found is None:
                return None
            return "[not to be passed on]" if closed else hide(found).encode("utf-8", "replace").decode()

        shown = outcome.shown if isinstance(outcome, Decided) else None
        reason = (
            outcome.error if isinstance(outcome, Failed) else outcome.reason if isinstance(outcome, Unparsed) else None
        )
        values = {
            "policy": decision.policy,
            "model": decision.model,
            "settings": msgspec.to_builtins(decision.settings),
            "assistant": decision.assistant,
            "cell_key": decision.cell_key,
            "item": None if cell is None else cell.item,
            "arm": None if cell is None else cell.arm,
            "fact": text(decision.fact),
            "question": text(decision.question or None),
            "asked": text(self._asked(decision)),
            "outcome": decision_outcome_name(decision),
            "shown": text(None if shown is None else shown.text),
            "reason": None if reason is None else hide(reason),
            "answer_text": text(None if reply is None else reply.text),
            "thoughts": text(None if reply is None else reply.reasoning),
            "input_tokens": None if reply is None else reply.usage.input_tokens,
            "output_tokens": None if reply is None else reply.usage.output_tokens,
            "cost_usd": self._cost(decision),
            "latency_s": None if reply is None else reply.latency_s,
            "attempts": outcome.attempts if isinstance(outcome, Failed) else reply.attempts if reply else None,
        }
        return {name: values[name] for name in DECISION_COLUMNS}

    def _asked(self, decision: FactDecision) -> str | None:
        """What the model was sent: the plan holds the prompt."""
        policy = self._policies.get(decision.policy)
        if not isinstance(policy, AskedPolicy):
            return None
        return policy.prompt(Fact(text=decision.fact, dimension="neutral"), decision.question)

    def _cost(self, decision: FactDecision) -> float | None:
        """US dollars; None where no price is known, or no answer came."""
        price = self._prices.get(decision.model)
        if price is None or decision.reply is None:
            return None
        read, written = decision_billed(decision)
        return estimate(price, input_tokens=read, output_tokens=written)

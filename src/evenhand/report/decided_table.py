"""What models of policies decided of facts in memory, as a table of the report."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.records.decision import DecisionOutcomeName
from evenhand.records.run_summary import RunSummary
from evenhand.report.blocks import Column, Grid
from evenhand.report.numbers import count

__all__ = ["DECISION_LABELS", "decided_table"]

DECISION_LABELS: Mapping[DecisionOutcomeName, str] = {
    "shown": "Shown as it is",
    "rewritten": "Written anew",
    "left_out": "Left out",
    "refused": "Refused",
    "truncated": "Cut off",
    "unparsed": "Not readable",
    "failed": "No answer",
}
"""Outcome -> the head of its column."""


def decided_table(run: RunSummary | None) -> Grid | None:
    """One row a policy that asks a model; None where none was asked."""
    if run is None or not run.decisions:
        return None
    return Grid(
        id="decided-table",
        title="What models decided of facts in memory",
        caption="Each fact, or each pair of a fact and a question, counts once. What was refused, cut off or not "
        "readable is no decision, and the fact was not shown; where no answer came, the question itself failed. "
        "The command evenhand export with --rows decisions writes each of them, word for word.",
        columns=(
            Column("Policy"),
            Column("Model"),
            Column("Asked", numeric=True),
            *(Column(label, numeric=True) for label in DECISION_LABELS.values()),
        ),
        rows=tuple(
            (
                one.policy,
                one.model,
                count(one.asked),
                *(count(one.outcomes.get(outcome, 0)) for outcome in DECISION_LABELS),
            )
            for one in run.decisions
        ),
        folded=False,
    )

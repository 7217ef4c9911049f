"""The truth table of the words for policies, held row by row; docs/methods/mitigation.md states it."""

from __future__ import annotations

from itertools import product

import pytest

from evenhand.analysis.findings.policy_verdict import GapState, LossState, gap_state, loss_state, policy_verdict
from evenhand.records.condition import Condition
from evenhand.records.estimate import PointEstimate, Verdict
from evenhand.records.tried import TRIED_VERDICTS, PolicyChange, TriedVerdict

HELD = LossState(lost=False, held=True)
LOST = LossState(lost=True, held=False)
OPEN = LossState(lost=False, held=False)


def gap(before: Verdict, after: Verdict, *, shown: bool, smaller: bool = True, same_side: bool = True) -> GapState:
    return GapState(before=before, after=after, shown=shown, smaller=smaller, same_side=same_side)


CLOSED = gap("difference", "equivalent", shown=True)
SMALLER = gap("difference", "inconclusive", shown=True)
STILL = gap("difference", "difference", shown=True)
SAME = gap("difference", "difference", shown=False)
LEVEL = gap("equivalent", "equivalent", shown=False)
OVER = gap("difference", "difference", shown=True, same_side=False)
GROWN = gap("difference", "difference", shown=True, smaller=False)
NEW = gap("equivalent", "difference", shown=True, smaller=False)
TURNED = gap("equivalent", "difference", shown=True, smaller=False, same_side=False)
BLIND = gap("not assessable", "not assessable", shown=False)


@pytest.mark.parametrize(
    ("gaps", "groups", "losses", "benefit", "word"),
    [
        ([CLOSED], [], [HELD, HELD], True, "repaired"),
        ([CLOSED, LEVEL], [LEVEL], [HELD, HELD], True, "repaired"),
        # Each condition of repaired on its own makes it reduced.
        ([SMALLER], [], [HELD, HELD], True, "reduced"),
        ([STILL], [], [HELD, HELD], True, "reduced"),
        ([CLOSED], [], [HELD, OPEN], True, "reduced"),
        ([CLOSED], [], [HELD], False, "reduced"),
        ([CLOSED], [], [], True, "reduced"),
        ([CLOSED, SAME], [], [HELD, HELD], True, "reduced"),
        ([CLOSED], [SAME], [HELD, HELD], True, "reduced"),
        # Nothing shown.
        ([SAME], [], [HELD], True, "no effect shown"),
        ([LEVEL], [LEVEL], [HELD], True, "no effect shown"),
        ([gap("difference", "inconclusive", shown=False)], [], [HELD], True, "no effect shown"),
        ([gap("inconclusive", "equivalent", shown=True)], [], [HELD], True, "no effect shown"),
        # The other side.
        ([OVER], [], [HELD], True, "overshot"),
        ([OVER, CLOSED], [], [HELD], True, "overshot"),
        # Harm comes first.
        ([GROWN], [], [HELD], True, "harmful"),
        ([NEW], [], [HELD], True, "harmful"),
        ([TURNED], [], [HELD], True, "harmful"),
        ([CLOSED], [NEW], [HELD], True, "harmful"),
        ([CLOSED], [], [HELD, LOST], True, "harmful"),
        ([OVER], [], [LOST], True, "harmful"),
        ([SAME], [], [LOST], True, "harmful"),
        # What could not have been seen.
        ([BLIND], [], [LOST], True, "not assessable"),
        ([CLOSED, BLIND], [], [HELD], True, "not assessable"),
        ([], [], [HELD], True, "not assessable"),
    ],
)
def test_each_row_of_the_truth_table(
    gaps: list[GapState], groups: list[GapState], losses: list[LossState], benefit: bool, word: TriedVerdict
) -> None:
    assert policy_verdict(gaps, groups=groups, losses=losses, benefit=benefit) == word


def test_repaired_is_never_said_without_a_shown_gap_a_shown_change_and_equivalence() -> None:
    verdicts: tuple[Verdict, ...] = ("difference", "equivalent", "inconclusive", "not assessable")
    said: set[TriedVerdict] = set()
    for before, after, shown, smaller, same, loss in product(
        verdicts, verdicts, (True, False), (True, False), (True, False), (HELD, LOST, OPEN)
    ):
        state = gap(before, after, shown=shown, smaller=smaller, same_side=same)
        word = policy_verdict([state], groups=[], losses=[loss], benefit=True)
        said.add(word)
        if word == "repaired":
            assert (before, after, shown, smaller, loss) == ("difference", "equivalent", True, True, HELD)
        if loss is LOST and "not assessable" not in (before, after):
            assert word == "harmful"
        if word in ("reduced", "repaired", "overshot"):
            assert before == "difference"
            assert shown
    assert said == set(TRIED_VERDICTS)


@pytest.mark.parametrize(
    ("before", "after", "verdict", "lost", "held"),
    [
        (0.8, 0.7, "difference", True, False),
        (0.8, 0.9, "difference", False, True),
        (0.8, 0.79, "equivalent", False, True),
        (0.8, 0.6, "inconclusive", False, False),
        (None, None, "inconclusive", False, False),
        (0.8, 0.7, "not assessable", False, False),
    ],
)
def test_a_loss_is_a_shown_drop_and_held_is_shown_too(
    before: float | None, after: float | None, verdict: Verdict, lost: bool, held: bool
) -> None:
    assert loss_state(change(before, after, verdict=verdict)) == LossState(lost=lost, held=held)


def test_a_gap_crosses_where_its_signs_differ_and_not_at_zero() -> None:
    assert not gap_state(change(0.15, -0.08, verdict="difference")).same_side
    assert gap_state(change(0.15, 0.0, verdict="difference")).same_side
    assert gap_state(change(-0.15, -0.01, verdict="difference")).smaller
    assert not gap_state(change(0.05, -0.06, verdict="inconclusive")).smaller


def change(before: float | None, after: float | None, *, verdict: Verdict) -> PolicyChange:
    return PolicyChange(
        aspect="gap",
        kind="understanding",
        where=Condition(mitigation="gate"),
        before=before,
        after=after,
        change=PointEstimate(value=0.0),
        change_verdict=verdict,
    )

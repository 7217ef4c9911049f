"""What a word rests on: a truth table over what was asked and what the plan's confirmatory family holds."""

from __future__ import annotations

import pytest

from evenhand.analysis.findings.policy_basis import basis_of
from evenhand.records.condition import Condition
from evenhand.records.contrast import ArmContrast, ArmGroup
from evenhand.records.estimate import PointEstimate
from evenhand.records.measure import Measure, Quantity
from evenhand.records.settings import AnalysisSettings
from evenhand.records.tried import Aspect, PolicyChange, main_changes

NEGATIVE = Quantity(name="valence_rating", scale="rating", tag="negative")


def change(aspect: Aspect, *, arm: ArmGroup | None = None, quantity: Quantity | None = None) -> PolicyChange:
    return PolicyChange(
        aspect=aspect,
        kind="understanding",
        where=Condition(mitigation="gate"),
        arms=None if arm is None else ArmContrast(arm=arm),
        quantity=quantity,
        before=0.1,
        after=0.0,
        change=PointEstimate(value=-0.1),
    )


GAP, GROUP = change("gap"), change("group")
RATED, RATED_GROUP = change("shift", arm="pairs", quantity=NEGATIVE), change("shift", arm="crossing", quantity=NEGATIVE)
OTHER = change("shift", arm="pairs", quantity=Quantity(name="words", scale="count"))
AGAINST_NONE = change("shift", arm="profile", quantity=NEGATIVE)


@pytest.mark.parametrize(
    ("changes", "confirmatory", "basis"),
    [
        ((GAP, RATED), ("gap", "memory_effect", "shift"), "gap"),
        ((RATED,), ("gap", "memory_effect", "shift"), "shift"),
        ((GAP, RATED), ("shift",), "shift"),
        ((RATED,), ("gap",), "gap"),
        ((GAP,), ("shift",), "gap"),
        ((OTHER, AGAINST_NONE), ("shift",), "gap"),
        ((), ("gap", "shift"), "gap"),
    ],
)
def test_a_rating_decides_where_it_is_primary_and_was_asked(
    changes: tuple[PolicyChange, ...], confirmatory: tuple[Measure, ...], basis: Aspect
) -> None:
    assert basis_of(changes, settings=AnalysisSettings(confirmatory=confirmatory)) == basis


def test_main_changes_are_those_between_versions_and_those_between_groups() -> None:
    every = (GAP, GROUP, RATED, RATED_GROUP, OTHER, AGAINST_NONE)
    scored, rated = (main_changes(every, basis=basis) for basis in ("gap", "shift"))
    assert (scored.gaps, scored.groups) == ((GAP,), (GROUP,))
    assert (rated.gaps, rated.groups) == ((RATED,), (RATED_GROUP,))

"""Item functioning beside mirt: SIBTEST and the likelihood-ratio test of a Rasch model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from evenhand.analysis.estimators.item_permutation import item_tests

pytestmark = [pytest.mark.extras]
mirt = pytest.importorskip("mirt")

ITEMS, GROUP = 20, 300


def answers(shift: float, *, impact: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two groups of 300 whose ability differs by `impact`; items 0 to 2 are harder for the second group by `shift`."""
    rng = np.random.default_rng(seed)
    focal = np.repeat([False, True], GROUP)
    ability = rng.standard_normal(2 * GROUP) - impact * focal
    easiness = rng.normal(0.3, 0.8, ITEMS)
    harder = np.where(np.arange(ITEMS) < 3, shift, 0.0)
    chance = expit(ability[:, None] + easiness - harder * focal[:, None])
    return (rng.random(chance.shape) < chance).astype(int), focal


def ours(table: np.ndarray, focal: np.ndarray) -> np.ndarray:
    found = item_tests(
        table.astype(float),
        focal=focal,
        blocks=np.zeros(focal.size, dtype=np.int64),
        testable=np.ones(ITEMS, dtype=bool),
        rng=np.random.default_rng(0),
    )
    return found.flagged(0.05)


def sibtest(table: np.ndarray, focal: np.ndarray) -> np.ndarray:
    from mirt.diagnostics.sibtest import sibtest_items

    found = sibtest_items(table, focal.astype(int), p_adjust="bonferroni", focal_group=1)
    return np.asarray(found["p_value_adjusted"]) < 0.05


def likelihood_ratio(table: np.ndarray, focal: np.ndarray) -> np.ndarray:
    from mirt.diagnostics.dif import compute_dif

    found = compute_dif(table, focal.astype(int), model="1PL", focal_group=1, p_adjust="bonferroni")
    return np.asarray(found["p_value_adjusted"]) < 0.05


@pytest.mark.parametrize("impact", [0.0, 0.5])
@pytest.mark.parametrize("other", [sibtest, likelihood_ratio])
def test_planted_items_are_found_by_both_and_no_others_by_ours(impact: float, other: object) -> None:
    table, focal = answers(1.2, impact=impact, seed=3)
    mine, theirs = ours(table, focal), other(table, focal)  # type: ignore[operator]
    assert mine[:3].all() and theirs[:3].all()
    assert mine[3:].sum() <= 1
    # Where the two disagree it is over items without a planted reaction.
    assert (mine != theirs)[:3].sum() == 0
    assert (mine != theirs).sum() <= 3

"""Item functioning by permutation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special

from evenhand.analysis.estimators.item_permutation import ItemTests, item_tests
from evenhand.selftest.ceiling import items_flagged


def test_one_adjustment_holds_the_level_of_a_whole_table() -> None:
    """A short form: 27 + 27 profiles, 33 items, nothing planted. Three tests adjusted each by itself: 22.5%."""
    wrong, _ = items_flagged(groups=27, items=33, reacting=0, simulations=60, rng=np.random.default_rng(0))
    assert wrong.value * 60 <= 8


def test_planted_items_are_found() -> None:
    wrong, right = items_flagged(groups=40, items=20, reacting=2, simulations=15, rng=np.random.default_rng(1))
    assert right.value > 0.8
    assert wrong.value < 0.3


def test_items_that_are_not_testable_have_no_p_and_do_not_cost_the_others() -> None:
    rng = np.random.default_rng(2)
    answers = (rng.random((40, 6)) < 0.6).astype(float)
    focal = np.repeat([True, False], 20)
    answers[:, 0] = np.where(focal, 0.0, 1.0)
    testable = np.array([True, True, False, False, False, False])
    blocks = np.tile(np.arange(20), 2)
    found = item_tests(answers, focal=focal, blocks=blocks, testable=testable, rng=np.random.default_rng(0))
    assert np.isnan(found.p_uniform[2:]).all() and np.isnan(found.p_nonuniform[2:]).all()
    assert found.p_uniform[0] == pytest.approx(0.001)
    assert found.flagged(0.05).tolist() == [True, False, False, False, False, False]


def plain(answers: np.ndarray, *, seed: int = 0, **given: object) -> ItemTests:
    """Tested with everybody in one block and all items testable."""
    people, items = answers.shape
    options = {"blocks": np.zeros(people, dtype=np.int64), "testable": np.ones(items, dtype=bool), "alpha": 0.0}
    focal = np.arange(people) < people // 2
    return item_tests(answers, focal=focal, rng=np.random.default_rng(seed), **(options | given))  # type: ignore[arg-type]


def test_ability_is_the_mode_of_a_rasch_model_with_normal_priors() -> None:
    """Against a general optimiser of the penalised likelihood; ability is on a scale whose zero the priors fix."""
    rng = np.random.default_rng(8)
    level, ease = rng.normal(0, 1.2, (24, 1)), rng.normal(0.4, 1.0, (1, 9))
    answers = (rng.random((24, 9)) < special.expit(level + ease)).astype(float)
    answers[rng.random((24, 9)) < 0.2] = np.nan
    known = ~np.isnan(answers)

    def loss(both: np.ndarray) -> float:
        ability, easiness = both[:24], both[24:]
        log_odds = ability[:, None] + easiness[None, :]
        fit = np.where(known, np.nan_to_num(answers) * log_odds - np.logaddexp(0.0, log_odds), 0.0).sum()
        penalty = (ability @ ability + ((easiness - easiness.mean()) ** 2).sum()) / (2 * 1.5**2)
        return float(penalty - fit)

    mode = optimize.minimize(loss, np.zeros(33), method="BFGS", options={"gtol": 1e-8}).x
    assert plain(answers, draws=19).ability == pytest.approx(mode[:24], abs=2e-3)


def test_flagged_items_are_taken_out_of_ability() -> None:
    rng = np.random.default_rng(9)
    answers = (rng.random((60, 8)) < 0.6).astype(float)
    answers[:, 0] = np.arange(60) >= 30  # the focal half is always wrong on this item, the others always right
    found = plain(answers, alpha=0.05)
    assert found.flagged(0.05).tolist() == [True] + 7 * [False]
    without = plain(answers, alpha=0.0).ability
    # An item that all of one half get wrong makes that half seem less able, and is left out for that.
    apart, kept = (ability[30:].mean() - ability[:30].mean() for ability in (without, found.ability))
    assert apart > 0.3
    assert abs(kept) < 0.5 * apart


def test_a_reaction_of_the_able_alone_is_seen_by_the_second_test() -> None:
    """The focal able are wrong where the focal unable are right: over all of them the item moves nobody."""
    rng = np.random.default_rng(10)
    able = np.tile([True, False], 60)
    answers = (rng.random((120, 25)) < np.where(able[:, None], 0.9, 0.3)).astype(float)
    focal = np.arange(120) < 60
    answers[:, 0] = np.where(focal, rng.random(120) < 0.6, able)
    found = plain(answers)
    assert found.p_nonuniform[0] < 0.01 < found.p_uniform[0]
    assert (found.p_nonuniform[1:] > 0.05).all() and (found.p_uniform[1:] > 0.05).all()


def test_labels_are_exchanged_within_blocks_only() -> None:
    rng = np.random.default_rng(11)
    answers = (rng.random((40, 5)) < 0.6).astype(float)
    answers[:, 0] = np.arange(40) >= 20
    assert plain(answers).p_uniform[0] < 0.01
    # Everybody a block of their own, or the two groups two blocks: there is nothing to exchange.
    for blocks in (np.arange(40), np.repeat([0, 1], 20)):
        alone = plain(answers, blocks=blocks)
        assert alone.p_uniform.tolist() == [1.0] * 5 == alone.p_nonuniform.tolist()


def test_the_smallest_p_is_one_in_all_permutations_and_one_adjustment_covers_both_tests() -> None:
    rng = np.random.default_rng(12)
    answers = (rng.random((60, 6)) < 0.6).astype(float)
    answers[:, 0] = np.arange(60) >= 30
    found = plain(answers, draws=99)
    assert found.p_uniform[0] == 1 / 100
    # Of every item: at least the share of permutations in which some item of either test is further out.
    assert np.nanmin(found.p_uniform[1:]) >= 1 / 100
    alone = plain(answers, draws=99, testable=np.arange(6) < 2)
    assert alone.p_uniform[1] <= found.p_uniform[1]

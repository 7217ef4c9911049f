from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from evenhand.analysis.estimators.multiplicity import benjamini_hochberg, hierarchical, holm

P_VALUES = st.lists(st.floats(0, 1, allow_nan=False), min_size=1, max_size=30)


@settings(max_examples=15, deadline=None)  # one call of statsmodels takes 40 ms
@given(P_VALUES)
def test_both_agree_with_statsmodels(p: list[float]) -> None:
    assert holm(p) == pytest.approx(list(multipletests(p, method="holm")[1]))
    assert benjamini_hochberg(p) == pytest.approx(list(multipletests(p, method="fdr_bh")[1]))


def test_holm_by_hand() -> None:
    # Sorted 0.01, 0.02, 0.04 times 3, 2, 1 = 0.03, 0.04, 0.04.
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])


def test_p_values_that_do_not_exist_stay_so_and_do_not_count() -> None:
    assert holm([None, 0.02, None, 0.04]) == [None, pytest.approx(0.04), None, pytest.approx(0.04)]
    assert benjamini_hochberg([None, 0.02]) == [None, pytest.approx(0.02)]
    assert holm([]) == []
    assert benjamini_hochberg([None]) == [None]


def test_families_are_tested_first_and_tests_within_them_at_the_level_that_is_left() -> None:
    # Simes: 0.002, 0.6, None. Over two families: 0.004, 0.6. One of two passes: within it p times 2.
    found = hierarchical([[0.001, 0.03], [0.4, 0.6], [None]], alpha=0.05)
    assert found[0] == pytest.approx([0.004, 0.06])
    assert found[1] == pytest.approx([1.0, 1.0])
    assert found[2] == [None]


def test_a_family_on_the_level_itself_does_not_pass() -> None:
    # Over three families: 0.006, 3/2 x 0.04 = 0.06, 1. One of three passes at 0.06, so p within it counts three times.
    found = hierarchical([[0.001, 0.02], [0.04], [1.0]], alpha=0.06)
    assert found[0] == pytest.approx([0.006, 0.06])
    # At a level just above it two of three pass.
    assert hierarchical([[0.001, 0.02], [0.04], [1.0]], alpha=0.061)[0] == pytest.approx([0.006, 0.03])


def test_one_family_is_benjamini_and_hochberg() -> None:
    p = [0.01, 0.04, 0.5, None]
    assert hierarchical([p], alpha=0.05)[0] == pytest.approx(benjamini_hochberg(p))


def test_a_report_of_nulls_seldom_has_any_alarm() -> None:
    rng = np.random.default_rng(0)
    alarms = sum(
        any(
            p is not None and p < 0.05
            for family in hierarchical(rng.random((12, 8)).tolist(), alpha=0.05)
            for p in family
        )
        for _ in range(300)
    )
    # 5% of 300 are 15; a family by itself has an alarm in 5%, twelve of them in 46%.
    assert alarms <= 27

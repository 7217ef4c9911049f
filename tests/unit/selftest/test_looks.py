"""Planned looks hold their level and save calls."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.selftest.looks import PairedAudit, simulate_looks

AUDITS = 600


def test_looks_do_not_raise_more_false_alarms_than_one_test_at_the_end() -> None:
    null = PairedAudit(slope_sd=0.3)
    rates = simulate_looks(null, looks=3, audits=AUDITS, rng=np.random.default_rng(5))
    assert rates.differences <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / AUDITS)


def test_a_gap_at_the_margin_is_not_called_equivalent_more_often_than_the_level() -> None:
    margin = PairedAudit(gap=0.185, alike=0.7)
    rates = simulate_looks(margin, looks=3, audits=AUDITS, rng=np.random.default_rng(5))
    assert rates.equivalents <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / AUDITS)


@pytest.mark.parametrize(
    ("audited", "verdict"),
    [
        (PairedAudit(gap=-0.95, slope_sd=0.3), "differences"),
        (PairedAudit(items=120, sets=60, alike=0.9), "equivalents"),
    ],
)
def test_a_clear_case_is_settled_with_at_least_two_fifths_of_the_calls_saved(
    audited: PairedAudit, verdict: str
) -> None:
    rates = simulate_looks(audited, looks=3, audits=100, rng=np.random.default_rng(5))
    assert getattr(rates, verdict) >= 0.98
    assert rates.asked <= 0.6
    assert simulate_looks(audited, looks=1, audits=10, rng=np.random.default_rng(5)).asked == 1.0

from __future__ import annotations

import pytest

from evenhand.selftest.audits import FULL, QUICK, Size, run_selftest


@pytest.mark.timeout(240)
def test_a_small_selftest_runs_whole_audits_and_checks_every_promise() -> None:
    done: list[int] = []
    checks = run_selftest(Size(null=3, planted=2, margin=2), seed=5, specimens=False, advance=lambda: done.append(1))
    assert len(done) == 7
    assert [check.audits for check in checks] == [3, 3, 2, 2, 2]
    assert all("Monte Carlo error" in check.found for check in checks)
    assert checks[0].wanted == "5%, at most 1 of 3"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_quick_selftest_holds_with_the_specimens() -> None:
    checks = run_selftest(QUICK, seed=20251009)
    assert [check.name for check in checks if not check.holds] == []


def test_the_full_form_has_the_two_hundred_null_audits_it_promises() -> None:
    assert FULL.null == 200
    assert QUICK.null < FULL.null

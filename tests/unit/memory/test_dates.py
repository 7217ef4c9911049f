from __future__ import annotations

from datetime import date

from evenhand.memory.dates import saved_on


def test_dates_rise_with_the_index() -> None:
    days = [date.fromisoformat(saved_on(index)) for index in range(24)]
    assert days == sorted(set(days))


def test_dates_start_again_so_that_large_stores_stay_within_the_same_months() -> None:
    assert saved_on(24) == saved_on(0)
    assert saved_on(100) == saved_on(4)


def test_a_date_is_the_same_on_every_machine() -> None:
    assert saved_on(0) == "2025-01-08"

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.bank.matching import by_hash, fitted

POOL = ["x" * length for length in (10, 12, 15, 20, 21, 30, 41, 55)]


def test_the_order_depends_on_the_salt_and_not_on_the_order_given() -> None:
    assert by_hash(POOL, salt="a") == by_hash(POOL[::-1], salt="a")
    assert by_hash(POOL, salt="a") != by_hash(POOL, salt="b")


def test_swaps_reach_the_target_where_it_can_be_reached() -> None:
    # 10 + 12 + 15 = 37; 55 + 41 + 30 = 126 is the most three can have.
    assert sum(map(len, fitted(POOL, count=3, target=126))) == 126
    assert sum(map(len, fitted(POOL, count=3, target=500))) == 126
    assert sum(map(len, fitted(POOL[::-1], count=3, target=0))) == 37


@settings(deadline=None)
@given(st.integers(0, 8), st.integers(0, 300))
def test_as_many_different_texts_as_wanted_are_chosen(count: int, target: int) -> None:
    chosen = fitted(POOL, count=count, target=target)
    assert len(chosen) == len(set(chosen)) == count
    assert set(chosen) <= set(POOL)
    assert abs(sum(map(len, chosen)) - target) <= abs(sum(map(len, POOL[:count])) - target)

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from evenhand.design.orders import option_orders
from evenhand.records.item import Item, Option


def items_of(count: int, options: int) -> list[Item]:
    return [
        Item(
            id=f"i{number}",
            kind="understanding",
            stem="s",
            question="q",
            options=tuple(Option(id=chr(97 + index), text=str(index)) for index in range(options)),
            key=chr(97 + number % options),
        )
        for number in range(count)
    ]


@given(count=st.integers(1, 40), options=st.integers(2, 6), replicates=st.integers(1, 8), seed=st.integers(0, 50))
def test_every_order_shows_every_option_once(count: int, options: int, replicates: int, seed: int) -> None:
    orders = option_orders(items_of(count, options), replicates=replicates, seed=seed)
    for chosen in orders.values():
        assert len(chosen) == replicates
        assert all(sorted(order) == list(range(options)) for order in chosen)


def test_the_key_stands_at_every_position_equally_often_over_items() -> None:
    items = items_of(50, 5)
    orders = option_orders(items, replicates=3, seed=7)
    for replicate in range(3):
        positions = Counter(
            orders[item.id][replicate].index(next(n for n, o in enumerate(item.options) if o.id == item.key))
            for item in items
        )
        assert set(positions.values()) == {10}


def test_the_key_stands_everywhere_once_over_as_many_replicates_as_options() -> None:
    items = items_of(6, 4)
    orders = option_orders(items, replicates=4, seed=7)
    for item in items:
        key = next(n for n, o in enumerate(item.options) if o.id == item.key)
        assert sorted(order.index(key) for order in orders[item.id]) == [0, 1, 2, 3]

"""Option orders: position bias cancels in every pair and is balanced over items and replicates.

Within an item and order index every arm sees the same order. The key is at each position equally often over
the items of a bank (up to one item), and moves by one position from one order index to the next, so that over as
many replicates as there are options it is everywhere once.
"""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.records.item import Item
from evenhand.seeds import stream

__all__ = ["option_orders"]


def option_orders(items: Sequence[Item], *, replicates: int, seed: int) -> dict[str, tuple[tuple[int, ...], ...]]:
    """The option orders of every item.

    Args:
        items: The items of one bank.
        replicates: How many orders each item needs.
        seed: Root seed of the plan; the stream is named for each item, so that adding items leaves the relative
            order of an item's other options alone.

    Returns:
        Item id -> one order per order index; an order maps the position shown to the index into `item.options`.
        An item without options has one empty order.
    """
    ranks = stream(seed, "design", "key-position").permutation(len(items))
    orders: dict[str, tuple[tuple[int, ...], ...]] = {}
    for item, rank in zip(items, ranks, strict=True):
        count = len(item.options)
        if not item.options:
            orders[item.id] = ((),)
            continue
        key = next(index for index, option in enumerate(item.options) if option.id == item.key)
        rng = stream(seed, "design", "option-order", item.id)
        others = [int(index) for index in rng.permutation(count) if index != key]
        chosen: list[tuple[int, ...]] = []
        for replicate in range(replicates):
            position = (int(rank) + replicate) % count
            turn = replicate % max(count - 1, 1)
            rest = others[turn:] + others[:turn]
            chosen.append((*rest[:position], key, *rest[position:]))
        orders[item.id] = tuple(chosen)
    return orders

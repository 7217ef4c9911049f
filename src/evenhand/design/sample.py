"""Which items of a plan's banks are asked, and which of them for percentages beside letters.

Both choices are drawn by the seed in every kind of item. Twins (`Item.pair`) come together or not at all, because what
one scene says of sensitivity needs the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from evenhand.records.item import Item
from evenhand.records.plan import Plan
from evenhand.seeds import stream

__all__ = ["asked_items", "letters_alone", "sample_items"]


def asked_items(plan: Plan) -> frozenset[str]:
    """Ids of the items that a plan asks."""
    design = plan.design
    eligible = [
        item
        for bank in plan.banks
        for item in bank.items
        if item.kind in design.kinds and (design.easy or not item.easy)
    ]
    if design.items_per_kind is None:
        return frozenset(item.id for item in eligible)
    return sample_items(eligible, per_kind=lambda _: design.items_per_kind or 0, seed=plan.seed, name="items")


def letters_alone(plan: Plan) -> frozenset[str]:
    """Ids of items with one best option that are asked for a letter, and for no percentages although others are."""
    design = plan.design
    if set(design.answers) != {"letter", "distribution"} or design.distribution_share == 1.0:
        return frozenset()
    taken = asked_items(plan)
    items = [item for bank in plan.banks for item in bank.items if item.id in taken]
    both = sample_items(
        items,
        per_kind=lambda count: max(1, round(design.distribution_share * count)),
        seed=plan.seed,
        name="distributions",
    )
    return taken - both


def sample_items(items: Iterable[Item], *, per_kind: Callable[[int], int], seed: int, name: str) -> frozenset[str]:
    """A seeded sample of items, kind by kind.

    Args:
        items: What can be chosen.
        per_kind: From the number of items of a kind to how many of them are wanted. Twins that do not fit any more are
            passed over, so that one less is taken where only twins are left.
        seed: Root seed of the plan.
        name: Name of the random stream.

    Returns:
        Ids of the chosen items.
    """
    units: dict[str, dict[str, list[str]]] = {}
    for item in items:
        units.setdefault(item.kind, {}).setdefault(item.pair or item.id, []).append(item.id)
    chosen: list[str] = []
    for kind, of_kind in units.items():
        chosen += _taken(
            list(of_kind.values()), per_kind(sum(map(len, of_kind.values()))), seed=seed, name=(name, kind)
        )
    return frozenset(chosen)


def _taken(units: Sequence[Sequence[str]], wanted: int, *, seed: int, name: tuple[str, str]) -> list[str]:
    taken: list[str] = []
    for index in stream(seed, "design", *name).permutation(len(units)):
        if len(taken) + len(units[index]) <= wanted:
            taken += units[index]
    return taken

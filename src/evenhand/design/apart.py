"""Keeps apart items and users that contradict each other: "my car" asked for someone without one measures confusion."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evenhand.bank.contradictions import lacking, presupposed
from evenhand.records.item import Item
from evenhand.records.profile import Arm

__all__ = ["kept_apart", "left_out"]


def kept_apart(
    items: Sequence[Item], picks: Sequence[Sequence[int]], groups: Sequence[Sequence[Arm]]
) -> list[list[int]]:
    """For every item, the groups that it meets, none of which contradicts it.

    A group that contradicts an item is exchanged for a group of another item, such that neither item meets a group that
    contradicts it, or one group twice: every group is then met as often as before. Where no item can take it, the
    group is left out for that item.

    Args:
        items: Items.
        picks: For every item, indexes into `groups`.
        groups: Arms that come together, such as the versions of a persona; one arm that contradicts is enough.
    """
    clash = _clash(items, groups)
    kept = [list(picked) for picked in picks]
    for item in range(len(items)):
        for group in [one for one in kept[item] if clash(item, one)]:
            kept[item].remove(group)
            found = _exchange(item, group, kept=kept, clash=clash)
            if found is not None:
                other, given = found
                kept[other].remove(given)
                kept[other].append(group)
                kept[item].append(given)
    return [sorted(picked) for picked in kept]


def left_out(items: Sequence[Item], picks: Sequence[Sequence[int]], groups: Sequence[Sequence[Arm]]) -> list[list[int]]:
    """The same without exchange: for crossings whose balance rests on which profiles an item meets together."""
    clash = _clash(items, groups)
    return [[group for group in picked if not clash(item, group)] for item, picked in enumerate(picks)]


def _clash(items: Sequence[Item], groups: Sequence[Sequence[Arm]]) -> Callable[[int, int], bool]:
    """Whether the item at a place and the group at a place contradict each other."""
    needed = [frozenset(presupposed(item)) for item in items]
    missing: dict[int, frozenset[str]] = {}

    def clash(item: int, group: int) -> bool:
        if not needed[item]:
            return False
        if group not in missing:
            facts = (fact for arm in groups[group] for fact in arm.facts)
            missing[group] = frozenset(name for fact in facts for name in lacking(fact))
        return not needed[item].isdisjoint(missing[group])

    return clash


def _exchange(
    item: int, group: int, *, kept: Sequence[Sequence[int]], clash: Callable[[int, int], bool]
) -> tuple[int, int] | None:
    """(Another item, its group) for which `item` can give `group`, the next one in a circle; None: there is none."""
    for step in range(1, len(kept)):
        other = (item + step) % len(kept)
        if group in kept[other] or clash(other, group):
            continue
        for given in kept[other]:
            if given not in kept[item] and not clash(item, given) and not clash(other, given):
                return other, given
    return None

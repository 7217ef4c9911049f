"""Pairs of trials whose answers differ: changed by memory, by the version of a user, or between any two users.

A changed answer is one that differs from the model's own answers without memory to the same item in the same option
order, in the same format; the no-memory arm is asked once whatever the placement. These lists are for reading: the
report's flip rates, read against the noise floor, say what may be concluded.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.view.known_plan import KnownPlan
from evenhand.view.trial_columns import Marks, TrialColumns

__all__ = ["ChangedAnswers", "TrialPair"]

Ints = NDArray[np.int64]


class TrialPair(Struct, frozen=True):
    """Two trials of one item in one option order, by their places in the columns."""

    first: int
    second: int
    same: bool
    """Whether the same option was chosen, or neither chose one."""


class ChangedAnswers:
    """What differs, over all trials of a run. Made once for a state of the columns.

    Args:
        columns: The trials.
        known: Their plan.
    """

    def __init__(self, columns: TrialColumns, known: KnownPlan) -> None:
        self._columns, self._known = columns, known

    @cached_property
    def by_memory(self) -> tuple[Ints, Ints]:
        """(changed, own): places of answers that differ from a no-memory answer, and of that answer."""
        columns = self._columns
        choice, none = columns.column("choice"), columns.column("arm") == columns.code("arm", "none")
        own = np.flatnonzero(none & (choice >= 0))
        others = np.flatnonzero(~none & (choice >= 0))
        if not len(own) or not len(others):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        keys = self._keys(condition=self._formats)
        own = own[np.lexsort((choice[own], keys[own]))]
        first, last = (np.searchsorted(keys[own], keys[others], side=side) for side in ("left", "right"))
        asked = first < last
        others, first, last = others[asked], first[asked], last[asked]
        # Own answers are ordered by choice within a key, so the two ends show whether any of them differs.
        low, high = own[first], own[last - 1]
        differing = np.where(choice[low] != choice[others], low, high)
        changed = choice[differing] != choice[others]
        return others[changed], differing[changed]

    @cached_property
    def by_version(self) -> tuple[Ints, Ints]:
        """(first, second): places of differing answers to the two versions of one user; the advantaged one first."""
        columns, known = self._columns, self._known
        analysis = known.plan.analysis
        sets = sorted({arm.matched_set for arm in known.arms.values() if arm.matched_set and len(arm.levels) == 1})
        number = {name: place for place, name in enumerate(sets)}
        matched, side = np.full(columns.most + 2, -1), np.zeros(columns.most + 2, dtype=np.int64)
        for code, name in columns.values("arm").items():
            arm = known.arms.get(name)
            if arm is not None and arm.matched_set in number and analysis.contrast in arm.levels:
                matched[code] = number[arm.matched_set]
                side[code] = 1 if arm.levels[analysis.contrast] == analysis.advantaged else 2
        choice, arm_code = columns.column("choice"), columns.column("arm")
        shown = {code: code for code in columns.conditions}
        keys = self._keys(condition=shown) * (len(sets) + 1) + matched[arm_code]
        keys = keys * (int(columns.column("replicate").max(initial=0)) + 1) + columns.column("replicate")
        usable = (choice >= 0) & (matched[arm_code] >= 0)
        ones, twos = (np.flatnonzero(usable & (side[arm_code] == which)) for which in (1, 2))
        twos = twos[np.argsort(keys[twos], kind="stable")]
        at = np.searchsorted(keys[twos], keys[ones])
        met = at < len(twos)
        ones, at = ones[met], at[met]
        same_cell = keys[twos[at]] == keys[ones]
        ones, twos = ones[same_cell], twos[at[same_cell]]
        differing = choice[ones] != choice[twos]
        return ones[differing], twos[differing]

    def between(self, item: str, first: str, second: str, *, wanted: Marks) -> list[TrialPair]:
        """Trials of one item with two users in memory, matched by model, way of showing, order and replicate.

        Args:
            item: Item id.
            first: Arm id.
            second: Arm id.
            wanted: Trials of the models and conditions that are asked for.
        """
        columns = self._columns
        own = wanted & (columns.column("item") == columns.code("item", item))
        without = "none" in (first, second)
        places = [np.flatnonzero(own & (columns.column("arm") == columns.code("arm", arm))) for arm in (first, second)]
        # No memory is asked once whatever the placement: it is then the side that several trials meet.
        turned = first == "none"
        lone, others = (places[0], places[1]) if turned else (places[1], places[0])
        met = {self._shown_as(int(place), bare=without): int(place) for place in lone}
        choice, pairs = columns.column("choice"), []
        for place in others.tolist():
            other = met.get(self._shown_as(place, bare=without))
            if other is not None:
                one, two = (other, place) if turned else (place, other)
                pairs.append(TrialPair(one, two, same=bool(choice[one] == choice[two])))
        return pairs

    def _shown_as(self, place: int, *, bare: bool) -> tuple[object, ...]:
        """(model, format, order, replicate) of a trial, and unless `bare` the rest of its condition but for the cue."""
        columns = self._columns
        condition = columns.conditions[int(columns.column("condition")[place])]
        shown = () if bare else (condition.placement, condition.reader, condition.mitigation)
        numbers = (int(columns.column(name)[place]) for name in ("model", "order", "replicate"))
        return (*numbers, condition.answer, *shown)

    @property
    def _formats(self) -> dict[int, int]:
        """Code of a condition -> number of its answer format."""
        formats = sorted({condition.answer for condition in self._columns.conditions.values()})
        return {code: formats.index(condition.answer) for code, condition in self._columns.conditions.items()}

    def _keys(self, *, condition: dict[int, int]) -> Ints:
        """A number per trial: equal for the same model, item, option order and `condition`."""
        columns = self._columns
        most = columns.most + 2
        numbers = np.zeros(most, dtype=np.int64)
        for code, number in condition.items():
            numbers[code] = number
        orders = int(columns.column("order").max(initial=0)) + 1
        keys = columns.column("model").astype(np.int64) * most + columns.column("item")
        return np.asarray((keys * orders + columns.column("order")) * most + numbers[columns.column("condition")])

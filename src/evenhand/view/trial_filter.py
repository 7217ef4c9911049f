"""Which trials are shown: read from an address, written into one, and applied to the columns."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict, replace

from evenhand.errors import UsageError, near_miss
from evenhand.records.answer_format import ANSWER_FORMATS
from evenhand.records.condition import Condition
from evenhand.records.trial import OUTCOMES
from evenhand.view.known_plan import KnownPlan
from evenhand.view.search import MOST_CHARACTERS
from evenhand.view.trial_columns import Marks, TrialColumns

__all__ = ["INSIDE", "Choice", "TrialFilter", "choices", "matching", "read_filter"]

INSIDE = ("both", "answers", "prompts")
"""Where words are looked for."""
_CONDITION = ("placement", "cue", "reader", "mitigation", "answer")


class TrialFilter(Struct, frozen=True, kw_only=True):
    """Which trials are wanted; an empty text asks for nothing."""

    model: str = ""
    kind: str = ""
    group: str = ""
    """`FACTOR=LEVEL`."""
    arm: str = ""
    item: str = ""
    outcome: str = ""
    placement: str = ""
    cue: str = ""
    reader: str = ""
    mitigation: str = ""
    answer: str = ""
    q: str = ""
    """Words."""
    inside: str = "both"
    """Member of `INSIDE`."""

    def address(self, **changes: str) -> str:
        """The query of an address that asks for this, with some fields changed."""
        changed = replace(self, **changes)
        return urlencode(
            {name: value for name, value in asdict(changed).items() if value and (name, value) != ("inside", "both")}
        )

    @property
    def asks(self) -> bool:
        """Whether it asks for less than everything."""
        return bool(self.address(inside="both"))


class Choice(Struct, frozen=True, kw_only=True):
    """A field of the form with what may be chosen."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    """(value, words)."""
    chosen: str
    listed: bool = False
    """Too many for a list to choose from: a field to type in that offers them."""


def read_filter(query: Mapping[str, str], known: KnownPlan) -> TrialFilter:
    """The filter that an address asks for.

    Raises:
        UsageError: It names something that the plan does not have.
    """
    given = {name: query.get(name, "").strip() for name in TrialFilter.__struct_fields__}
    given["inside"] = given["inside"] or "both"
    if len(given["q"]) > MOST_CHARACTERS:
        raise UsageError(f"a search has {MOST_CHARACTERS} characters at most; this one has {len(given['q']):,}")
    for name, allowed in _allowed(known).items():
        value = given[name]
        if value and value not in allowed:
            shown = ", ".join(list(allowed)[:12]) + (", ..." if len(allowed) > 12 else "")
            raise UsageError(f"there is no {name} {value[:80]!r}{near_miss(value[:80], allowed)}; allowed: {shown}")
    return TrialFilter(**given)


def _allowed(known: KnownPlan) -> dict[str, tuple[str, ...]]:
    design = known.plan.design
    cues = tuple(dict.fromkeys(arm.cue for arm in known.arms.values() if arm.cue is not None))
    return {
        "model": tuple(model.name for model in known.plan.models),
        "kind": known.kinds,
        "group": tuple(f"{factor}={level}" for factor, level in known.levels),
        "arm": (*known.arms, "item_fact"),
        "item": tuple(known.items),
        "outcome": OUTCOMES,
        "placement": design.placements,
        "cue": cues,
        "reader": design.readers,
        "mitigation": design.mitigations,
        "answer": ANSWER_FORMATS,
        "inside": INSIDE,
    }


_LABELS = {
    "model": "Model",
    "kind": "Kind of item",
    "group": "Group of users",
    "arm": "In memory",
    "item": "Item",
    "outcome": "Outcome",
    "placement": "Memory placed",
    "cue": "Facts are",
    "reader": "Told about memory",
    "mitigation": "Mitigation",
    "answer": "Answered by",
}
_TYPED = ("arm", "item")
_MOST_OFFERED = 400


def choices(filter: TrialFilter, known: KnownPlan, columns: TrialColumns) -> tuple[Choice, ...]:
    """The fields of the form: those in which the trials of the run differ."""
    made = []
    for name, allowed in _allowed(known).items():
        if name == "inside":
            continue
        there = _there(name, columns)
        values = [value for value in allowed if there is None or value in there]
        chosen = str(getattr(filter, name))
        if len(values) < 2 and not chosen:
            continue
        made.append(
            Choice(
                name=name,
                label=_LABELS[name],
                options=tuple((value, _words(name, value, known)) for value in values[:_MOST_OFFERED]),
                chosen=chosen,
                listed=name in _TYPED,
            )
        )
    return tuple(made)


def _there(name: str, columns: TrialColumns) -> frozenset[str] | None:
    """Values that some trial has; None where all of the plan's are offered."""
    if name in ("model", "arm", "item"):
        return frozenset(columns.values(name).values())
    if name in _CONDITION:
        return frozenset(str(getattr(one, name)) for one in columns.conditions.values())
    return None


def _words(name: str, value: str, known: KnownPlan) -> str:
    match name:
        case "group":
            factor, _, level = value.partition("=")
            own = known.factors[factor].label if factor in known.factors else factor
            return f"{own}: {known.levels.get((factor, level), level)}"
        case "arm":
            return known.who(value)
        case _:
            return value.replace("_", " ")


def matching(filter: TrialFilter, columns: TrialColumns, known: KnownPlan, *, found: Marks | None = None) -> Marks:
    """Which trials are wanted.

    Args:
        filter: What is asked for.
        columns: The trials.
        known: Their plan.
        found: The trials that have the words of the filter; needed where it has words.
    """
    wanted = np.ones(len(columns), dtype=bool)
    for axis in ("model", "arm", "item"):
        if value := getattr(filter, axis):
            wanted &= columns.column(axis) == columns.code(axis, value)
    if filter.outcome:
        wanted &= columns.column("outcome") == OUTCOMES.index(filter.outcome)
    if filter.kind:
        wanted &= columns.having("item", {item.id for item in known.items.values() if item.kind == filter.kind})
    if filter.group:
        factor, _, level = filter.group.partition("=")
        wanted &= columns.having("arm", {arm.id for arm in known.arms.values() if arm.levels.get(factor) == level})
    if any(getattr(filter, name) for name in _CONDITION):
        wanted &= columns.having(
            "condition",
            {columns.label(code) for code, condition in columns.conditions.items() if _shown_so(condition, filter)},
        )
    if found is not None:
        wanted &= found
    return wanted


def _shown_so(condition: Condition, filter: TrialFilter) -> bool:
    return all(not getattr(filter, name) or getattr(condition, name) == getattr(filter, name) for name in _CONDITION)

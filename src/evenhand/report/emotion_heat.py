"""Right answers by keyed emotion and group: for whom which feeling is missed, and what is read instead."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from evenhand.records.condition import Condition
from evenhand.records.results import KeyedEmotion
from evenhand.report.blocks import Column, Grid, Heat, HeatCell
from evenhand.report.figures import heat_step
from evenhand.report.numbers import ABSENT, count, decimal, percent, points, span
from evenhand.report.source import Source
from evenhand.report.titles import plain
from evenhand.report.words import Labels, kind_label, plural

__all__ = ["emotion_heats"]

_OPEN = 1
"""Matrices shown open; the others are folded."""
_REACH = 0.15
"""Distance from the mean of the row at which the colour scale ends at the earliest, on the probability scale."""
_SAME = 0.0005
"""Distances that are less than what is written of a number."""


class _Matrix(Struct, frozen=True):
    """The records of one model, kind of item and condition."""

    right: dict[tuple[str, str, str], KeyedEmotion]
    """(keyed, factor, level) -> the record in which the keyed one was chosen."""
    instead: dict[tuple[str, str, str], KeyedEmotion]
    """The same -> what was chosen most of all else."""
    means: dict[str, float]
    """Keyed -> share of right answers over all groups, each answer once per factor."""
    columns: tuple[tuple[str, str], ...]


def emotion_heats(source: Source) -> list[Heat]:
    """A matrix per model, kind of item and condition; none where no emotions were tallied."""
    groups: dict[tuple[str, str, Condition], list[KeyedEmotion]] = {}
    for one in source.findings.emotions:
        groups.setdefault((one.model, one.kind, one.where), []).append(one)
    order = sorted(groups, key=lambda key: source.models.index(key[0]) if key[0] in source.models else 0)
    named = [_name(source, model, kind, where, among=order) for model, kind, where in order]
    return [
        _heat(groups[key], labels=source.labels, name=name, number=number, folded=number >= _OPEN)
        for number, (key, name) in enumerate(zip(order, named, strict=True))
    ]


def _name(
    source: Source, model: str, kind: str, where: Condition, *, among: Sequence[tuple[str, str, Condition]]
) -> str:
    several = len({other for name, of, other in among if (name, of) == (model, kind)}) > 1
    parts = [kind_label(kind), model if source.several else "", where.placement if several else ""]
    return ", ".join(part for part in parts if part)


def _matrix(records: Sequence[KeyedEmotion], labels: Labels) -> _Matrix:
    right: dict[tuple[str, str, str], KeyedEmotion] = {}
    instead: dict[tuple[str, str, str], KeyedEmotion] = {}
    for one in records:
        place = (one.keyed, one.factor, one.level)
        if one.chosen == one.keyed:
            right[place] = one
        elif place not in instead or one.share > instead[place].share:
            instead[place] = one
    factors = dict.fromkeys(one.factor for one in records)
    levels = {name: dict.fromkeys(one.level for one in records if one.factor == name) for name in factors}
    columns = tuple((name, level) for name in factors for level in labels.ordered(name, levels[name]))
    means = {}
    for keyed in dict.fromkeys(one.keyed for one in records):
        own = [one for place, one in right.items() if place[0] == keyed]
        answers = sum(one.answers for one in own)
        if answers:
            means[keyed] = sum(one.share * one.answers for one in own) / answers
    return _Matrix(right, instead, means, columns)


def _heat(records: Sequence[KeyedEmotion], *, labels: Labels, name: str, number: int, folded: bool) -> Heat:
    made = _matrix(records, labels)
    rows = sorted(made.means, key=lambda keyed: made.means[keyed])
    reach = max([_REACH, *(abs(one.share - made.means[keyed]) for (keyed, _, _), one in made.right.items())])
    return Heat(
        id=f"emotions/{number}",
        title=f"Right answers by keyed emotion or advice, and by group: {name}",
        conclusion=_conclusion(made, labels),
        caption="Share of right answers in per cent on the items with this key, for users of each group. Colour is the "
        "distance from the mean of the row. A dot marks an interval that leaves out that mean; by chance alone about 1 "
        "in 20 does. Descriptive: the tests are among the findings.",
        row_names=("Key",),
        column_names=("Factor", "Level"),
        rows=tuple(
            (
                (plain(keyed).capitalize(),),
                tuple(_cell(made, keyed, column, labels=labels, reach=reach) for column in made.columns),
            )
            for keyed in rows
        ),
        columns=tuple((labels.factor(factor), labels.level(factor, level)) for factor, level in made.columns),
        legend=(f"{points(-reach)} points", "mean of the row", f"{points(reach)} points"),
        table=_list(made, rows, labels=labels, number=number, name=name),
        folded=folded,
    )


def _leaves_out(one: KeyedEmotion, mean: float) -> bool:
    return not one.low - _SAME <= mean <= one.high + _SAME


def _conclusion(made: _Matrix, labels: Labels) -> str:
    known = [(one.share - made.means[one.keyed], one) for one in made.right.values()]
    if not known:
        return "No key was met often enough to be shown."
    away = sum(_leaves_out(one, made.means[one.keyed]) for _, one in known)
    chance = plural(max(1, round(len(known) / 20)), "does", "do")
    tally = f"{count(away)} of {count(len(known))} leave out the mean of their row, by chance alone about {chance}"
    if away == 0:
        return f"No group's share of right answers stands out in any row: {tally}."
    far = [(distance, one) for distance, one in known if _leaves_out(one, made.means[one.keyed])]
    _, one = max(far, key=lambda pair: abs(pair[0]))
    return (
        f"Farthest from its row: {labels.level(one.factor, one.level)} users where {plain(one.keyed)} is right, "
        f"{percent(one.share)} instead of {percent(made.means[one.keyed])}; {tally}."
    )


def _cell(made: _Matrix, keyed: str, column: tuple[str, str], *, labels: Labels, reach: float) -> HeatCell:
    one = made.right.get((keyed, *column))
    if one is None:
        return HeatCell(text=ABSENT, step=0, marked=False, tip="Not asked in this design, or never right")
    mean = made.means[keyed]
    who = labels.level(one.factor, one.level)
    return HeatCell(
        text=decimal(100 * one.share, digits=0),
        step=heat_step(one.share - mean, reach=reach),
        marked=_leaves_out(one, mean),
        tip=f"{who}, {plain(keyed)}: {percent(one.share)} right (interval {span(one.low, one.high, unit='percent')}), "
        f"{count(one.answers)} answers to {count(one.items)} items; the row {percent(mean)}",
    )


def _list(made: _Matrix, rows: Sequence[str], *, labels: Labels, number: int, name: str) -> Grid:
    names = ("Key", "Factor", "Level", "Right", "Low", "High", "Chosen most instead", "Share of it", "Answers", "Items")
    texts = ("Key", "Factor", "Level", "Chosen most instead")

    def cells(one: KeyedEmotion) -> tuple[str, ...]:
        other = made.instead.get((one.keyed, one.factor, one.level))
        return (
            plain(one.keyed),
            labels.factor(one.factor),
            labels.level(one.factor, one.level),
            percent(one.share),
            percent(one.low),
            percent(one.high),
            ABSENT if other is None else plain(other.chosen),
            ABSENT if other is None else percent(other.share),
            count(one.answers),
            count(one.items),
        )

    places = [(keyed, *column) for keyed in rows for column in made.columns]
    return Grid(
        id=f"emotions-list/{number}",
        title="The same cells as a list, with what was chosen instead",
        caption=f"{name}: share of right answers by key and group.",
        columns=tuple(Column(one, numeric=one not in texts) for one in names),
        rows=tuple(cells(made.right[place]) for place in places if place in made.right),
    )

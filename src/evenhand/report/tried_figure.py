"""The figure of policies: the gap that remains against what is kept, with the margin band."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from evenhand.records.estimate import Spread
from evenhand.records.finding import Finding
from evenhand.records.tried import PolicyChange, TriedPolicy
from evenhand.report.blocks import Axis, Column, Grid, Scatter, ScatterPoint, SpotShape
from evenhand.report.figures import axis_of, position
from evenhand.report.numbers import ABSENT, level, percent, points, span
from evenhand.report.source import Source
from evenhand.report.words import kind_label

__all__ = ["gap_change", "tried_figure"]

_TOGETHER = 6.0
"""Points that lie closer than this many percent of the width and of the height share their number."""


class _Spot(Struct, frozen=True, kw_only=True):
    """A policy, or none, before it has a place."""

    number: str
    name: str
    kept: float
    gap: float
    spread: Spread | None
    shape: SpotShape


def gap_change(one: TriedPolicy, kind: str) -> PolicyChange | None:
    """The main gap of a kind of item."""
    return next((change for change in one.changes if change.aspect == "gap" and change.kind == kind), None)


def tried_figure(source: Source, tried: Sequence[TriedPolicy], *, model: str, kind: str) -> Scatter | None:
    """Remaining gap against benefit kept (score, where no benefit was asked); None where nothing can be placed.

    Args:
        source: The report.
        tried: The policies of the model, in the order of their numbers.
        model: The model.
        kind: The kind of item whose gap is drawn.
    """
    benefit = any(one.benefit_kept is not None for one in tried)
    spots = [
        *_as_it_is(source, tried, model=model, kind=kind, benefit=benefit),
        *(
            _Spot(
                number=str(number),
                name=one.policy,
                kept=kept,
                gap=gap.after,
                spread=gap.after_spread,
                shape="pareto" if one.pareto else "other",
            )
            for number, one in enumerate(tried, 1)
            if (gap := gap_change(one, kind)) is not None
            and gap.after is not None
            and (kept := _kept(one, kind, benefit=benefit)) is not None
        ),
    ]
    if len(spots) < 2:
        return None
    ends = [0.0, -1.2 * source.margin, 1.2 * source.margin, *(spot.gap for spot in spots)]
    ends += [edge for spot in spots if spot.spread for edge in (spot.spread.low, spot.spread.high)]
    across = axis_of(min(spot.kept for spot in spots), max(spot.kept for spot in spots), unit="percent", about=4)
    upward = axis_of(min(ends), max(ends), unit="points", margin=source.margin, about=5)
    what = "benefit of stored facts that is kept" if benefit else "score with a profile in memory"
    named = f"{model}, " if source.several else ""
    return Scatter(
        id=f"tried/{model}/{kind}",
        title=f"{named}{kind_label(kind)}: the gap that remains against the {what}",
        conclusion=_conclusion(spots),
        caption="Best: within the band, far to the right. Bar: 95% interval of the gap. A filled disc: no other policy "
        "has both a smaller gap and more kept, by the estimates.",
        across=across,
        upward=upward,
        across_label=what,
        upward_label="remaining gap, points",
        band_label=f"smaller than the margin of ±{level(source.margin)} points",
        legend=(("none", "as it is"), ("pareto", "beaten by no other"), ("other", "beaten by another")),
        points=_labelled([_placed(spot, across=across, upward=upward) for spot in spots]),
        table=_table(spots, what=what, id=f"tried-table/{model}/{kind}"),
    )


def _conclusion(spots: Sequence[_Spot]) -> str:
    """Which policy leaves the smallest gap, and what is kept with it."""
    tried = [spot for spot in spots if spot.shape != "none"]
    now = next((spot for spot in spots if spot.shape == "none"), None)
    if not tried:
        return "No policy could be placed."
    best = min(tried, key=lambda spot: (abs(spot.gap), -spot.kept))
    before = "" if now is None else f", {points(now.gap)} as it is"
    return f"Smallest gap: {best.name} ({points(best.gap)} points{before}), with {percent(best.kept)} kept."


def _table(spots: Sequence[_Spot], *, what: str, id: str) -> Grid:
    names = ("Number", "Policy", "Remaining gap", "Low", "High", what.capitalize())
    return Grid(
        id=id,
        title="All numbers",
        caption="Gaps in percentage points, with 95% intervals.",
        columns=tuple(Column(name, numeric=name != "Policy") for name in names),
        rows=tuple(
            (
                spot.number,
                spot.name,
                points(spot.gap),
                points(spot.spread.low) if spot.spread else ABSENT,
                points(spot.spread.high) if spot.spread else ABSENT,
                percent(spot.kept),
            )
            for spot in spots
        ),
    )


def _as_it_is(
    source: Source, tried: Sequence[TriedPolicy], *, model: str, kind: str, benefit: bool
) -> tuple[_Spot, ...]:
    """The assistant as it is: all of its benefit is kept, or its score is what it is."""
    gaps = [found for found in source.of("gap") if (found.model, found.kind) == (model, kind)]
    found: Finding | None = next((one for one in gaps if one.role == "confirmatory"), next(iter(gaps), None))
    scores = (c.before for one in tried for c in one.changes if c.aspect == "accuracy" and c.kind == kind)
    kept = 1.0 if benefit else next(scores, None)
    if found is None or found.value is None or kept is None:
        return ()
    name = "none, the assistant as it is"
    return (_Spot(number="0", name=name, kept=kept, gap=found.value, spread=found.spread, shape="none"),)


def _kept(one: TriedPolicy, kind: str, *, benefit: bool) -> float | None:
    if benefit:
        return one.benefit_kept.value if one.benefit_kept else None
    return next((c.after for c in one.changes if c.aspect == "accuracy" and c.kind == kind), None)


def _placed(spot: _Spot, *, across: Axis, upward: Axis) -> ScatterPoint:
    def down(number: float) -> float:
        return round(100 - position(number, low=upward.low, high=upward.high), 2)

    spread = spot.spread
    return ScatterPoint(
        number=spot.number,
        name=spot.name,
        x=position(spot.kept, low=across.low, high=across.high),
        y=down(spot.gap),
        low=None if spread is None else down(spread.low),
        high=None if spread is None else down(spread.high),
        shape=spot.shape,
        text=_told(spot),
    )


def _told(spot: _Spot) -> str:
    interval = "" if spot.spread is None else f" ({span(spot.spread.low, spot.spread.high, unit='points')})"
    return f"gap {points(spot.gap)}{interval}, {percent(spot.kept)}"


def _labelled(dots: Sequence[ScatterPoint]) -> tuple[ScatterPoint, ...]:
    """The points, those that lie together with one label for all of them at the first."""
    made: list[ScatterPoint] = []
    for dot in dots:
        near = next((i for i, other in enumerate(made) if other.label and _near(dot, other)), None)
        if near is None:
            made.append(replace(dot, label=dot.number))
        else:
            made[near] = replace(made[near], label=f"{made[near].label}, {dot.number}")
            made.append(dot)
    return tuple(made)


def _near(one: ScatterPoint, other: ScatterPoint) -> bool:
    return abs(one.x - other.x) < _TOGETHER and abs(one.y - other.y) < _TOGETHER

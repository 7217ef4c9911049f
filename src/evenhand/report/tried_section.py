"""The section of policies: what was tried, what it changed and what it costs."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.records.tried import Aspect, PolicyChange, TriedPolicy
from evenhand.report.blocks import Block, Column, Grid, Point, Points, Section
from evenhand.report.decided_table import decided_table
from evenhand.report.numbers import percent, points, span
from evenhand.report.source import Source
from evenhand.report.tried_figure import gap_change, tried_figure
from evenhand.report.tried_numbers import tried_numbers_table
from evenhand.report.tried_words import (
    POLICY_LABELS,
    group_change,
    policy_words,
    recommendation,
    tried_in_order,
)
from evenhand.report.words import kind_label

__all__ = ["tried_section"]

_COLUMNS = (
    *("Policy", "Verdict", "Items", "Gap without", "Gap with", "Interval", "Change", "Interval of the change"),
    *("Largest group gap", "Score", "Benefit kept", "Changed answers", "Facts surfacing", "Sycophancy"),
    *("Input tokens", "Output tokens", "Time"),
)


def tried_section(source: Source) -> Section | None:
    """The section; None where no policy was tried."""
    tried = tried_in_order(source.findings)
    if not tried:
        return None
    lead: list[str] = []
    blocks: list[Block] = []
    for model in dict.fromkeys(one.model for one in tried):
        own = [one for one in tried if one.model == model]
        before = f"{model}: " if source.several else ""
        lead.append(before + recommendation(own, labels=source.labels))
        blocks += [figure for kind in _kinds(own) if (figure := tried_figure(source, own, model=model, kind=kind))]
        blocks.append(_table(source, own, model=model))
        numbers = tried_numbers_table(source, own, model=model)
        blocks += [numbers] if numbers is not None else []
        blocks.append(Points(tuple(_point(one, source) for one in own)))
    decided = decided_table(source.findings.run)
    blocks += [decided] if decided is not None else []
    lead.append(
        "Each policy was asked the same questions as the assistant as it is, and is compared with it question by "
        "question. The verdict of this report is about the assistant as it is."
    )
    return Section(id="tried", nav="What was tried", title="What was tried", lead=tuple(lead), blocks=tuple(blocks))


def _point(one: TriedPolicy, source: Source) -> Point:
    run = source.findings.run
    name = next((each.written for each in (run.policies if run else ()) if each.name == one.policy), one.policy)
    label = POLICY_LABELS.get(one.policy)
    return Point(f"{name}: {label}" if label else name, policy_words(one, findings=source.findings))


def _kinds(tried: Sequence[TriedPolicy]) -> list[str]:
    return list(dict.fromkeys(change.kind for one in tried for change in one.changes if change.aspect == "gap"))


def _table(source: Source, tried: Sequence[TriedPolicy], *, model: str) -> Grid:
    """One row a policy and kind of item."""
    rows = [_row(one, kind) for one in tried for kind in (_kinds([one]) or [""])]
    named = f" ({model})" if source.several else ""
    return Grid(
        id=f"tried-table/{model}",
        title=f"Every policy beside the assistant as it is{named}",
        caption="Gaps and changes in points; changes are paired question by question. Tokens and time: how many times "
        "as much an answer takes.",
        columns=tuple(Column(name, numeric=index > 2) for index, name in enumerate(_COLUMNS)),
        rows=tuple(rows),
        folded=False,
    )


def _row(one: TriedPolicy, kind: str) -> tuple[str, ...]:
    gap, group = gap_change(one, kind), group_change(one)
    spread = getattr(gap.change, "spread", None) if gap else None
    after = gap.after_spread if gap else None
    takes = {each.name: f"{each.value:.2f}" for each in one.multiples}
    return (
        one.policy,
        one.verdict or "interim",
        kind_label(kind) if kind else "",
        points(gap.before) if gap else "–",
        points(gap.after) if gap else "–",
        span(after.low, after.high, unit="points") if after else "",
        points(_moved(gap)) if gap else "–",
        span(spread.low, spread.high, unit="points") if spread else "",
        points(group.after) if group else "–",
        _aspect(one, "accuracy", kind),
        percent(one.benefit_kept.value) if one.benefit_kept else "–",
        _aspect(one, "flips", kind),
        _aspect(one, "leakage", None),
        _aspect(one, "sycophancy", None),
        *(takes.get(name, "–") for name in ("input_tokens", "output_tokens", "latency")),
    )


def _moved(change: PolicyChange) -> float | None:
    return None if change.before is None or change.after is None else change.after - change.before


def _aspect(one: TriedPolicy, aspect: Aspect, kind: str | None) -> str:
    """The change of an aspect, of one kind of item or of any; of several cue styles or kinds the largest."""
    found = [_moved(c) for c in one.changes if c.aspect == aspect and (kind is None or c.kind == kind)]
    known = [moved for moved in found if moved is not None]
    return points(max(known, key=abs)) if known else points(None) if found else "–"

"""Forest plots: findings -> rows with marks, texts and what opens under each row, and the table beneath."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import asdict, astuple, replace

from evenhand.records.estimate import Absent, Unassessed
from evenhand.records.finding import Finding
from evenhand.records.identity import finding_id
from evenhand.report.blocks import Axis, Column, Forest, ForestGroup, ForestRow, Grid, NamedValue, Shape
from evenhand.report.conclusions import forest_conclusion
from evenhand.report.figures import axis_for, mark_for, shape_of
from evenhand.report.numbers import (
    ABSENT,
    Unit,
    count,
    decimal,
    level,
    p_value,
    span,
    unit_name,
    unit_of,
    value,
)
from evenhand.report.tables import drop_empty
from evenhand.report.titles import estimand_of, plain
from evenhand.report.words import joined, kind_label, plural, role_words, verdict_word

__all__ = [
    "ForestSpec",
    "Texts",
    "anchor_of",
    "findings_grid",
    "forest_of",
    "tally_of",
    "variant_of",
]

_SHAPES: tuple[Shape, ...] = ("difference", "equivalent", "inconclusive", "not assessable", "descriptive")
_SCALES = {"sd": "standard deviation of the score, which runs from 0 to 1", "ratio": "ratio"}
_LONG = 16
"""Rows beyond which a foldable figure is folded."""
_PAPER = 24
"""Rows beyond which a folded figure stays folded on paper."""
_FEW = 2
"""With more distinct estimands than this they are given in the rows and the table only."""


class Texts(Struct, frozen=True):
    """How the rows of a forest are named."""

    label: Callable[[Finding], str]
    detail: Callable[[Finding], str]


class ForestSpec(Struct, frozen=True, kw_only=True):
    """What a forest shows besides its findings."""

    id: str
    title: str
    caption: str
    left: str = ""
    right: str = ""
    margin: float | None = None
    bounds: bool = False
    folded: bool = False
    explorable: bool = True
    table: bool = True
    from_zero: bool = False
    """The rows are sizes, without a sign."""
    foldable: bool = False
    """Fold the figure when it is long."""


def anchor_of(finding: Finding) -> str:
    """The finding's id, which is a valid HTML anchor."""
    return finding_id(finding)


def variant_of(finding: Finding, *, among: Sequence[Finding]) -> str:
    """What tells a finding from its neighbours besides model and kind: the coordinates of its condition that vary."""
    others = [asdict(where) for where in {other.where for other in among}]
    return ", ".join(
        f"{name} {plain(own)}"
        for name, own in asdict(finding.where).items()
        if own is not None and len({other[name] for other in others} - {None}) > 1
    )


def forest_of(groups: Mapping[str, Sequence[Finding]], *, spec: ForestSpec, texts: Texts) -> Forest | None:
    """A forest over groups of findings of one unit; None when there is nothing to show.

    Args:
        groups: heading -> findings, in the order shown; the heading may be empty.
        spec: titles, direction labels, margin.
        texts: how rows are named.
    """
    shown = [finding for findings in groups.values() for finding in findings]
    if not shown:
        return None
    unit = unit_of(shown[0])
    bounds = spec.bounds and any(finding.bounds is not None for finding in shown)
    axis = axis_for(shown, unit=unit, margin=spec.margin, bounds=bounds, from_zero=spec.from_zero)
    axis = replace(axis, unit=axis.unit or _SCALES.get(shown[0].quantity.scale, ""))

    used = {shape_of(finding) for finding in shown}
    return Forest(
        id=spec.id,
        title=spec.title,
        conclusion=forest_conclusion(_named(groups, texts=texts), signed=not spec.from_zero),
        caption=spec.caption,
        axis=axis,
        left=spec.left,
        right=spec.right,
        groups=tuple(
            ForestGroup(
                title=title, rows=tuple(_row(finding, axis=axis, texts=texts, bounds=bounds) for finding in findings)
            )
            for title, findings in groups.items()
            if findings
        ),
        shapes=tuple(shape for shape in _SHAPES if shape in used),
        band_label=f"within ±{_margin(spec.margin, unit=unit)} {unit_name(unit)}" if spec.margin else "",
        estimands=_distinct(estimand_of(finding) for finding in shown) if spec.explorable else (),
        method=joined([plain(method) for method in dict.fromkeys(finding.method for finding in shown)]),
        tally=tally_of(shown),
        bounds=bounds,
        table=findings_grid(groups, spec=spec, texts=texts) if spec.table else None,
        folded=spec.folded or (spec.foldable and len(shown) > _LONG),
        on_paper=len(shown) <= _PAPER,
        explorable=spec.explorable,
    )


def _named(groups: Mapping[str, Sequence[Finding]], *, texts: Texts) -> list[tuple[str, Finding]]:
    """Every row with a name that says all; the group is part of it where there are several."""
    several = len([1 for findings in groups.values() if findings]) > 1
    rows = []
    for title, findings in groups.items():
        for finding in findings:
            label, detail = texts.label(finding), texts.detail(finding)
            more = ", ".join(part for part in (title if several else "", detail) if part)
            rows.append((f"{label} ({more})" if more else label, finding))
    return rows


def tally_of(findings: Sequence[Finding]) -> str:
    """`2 differences, 1 equivalent, 5 inconclusive`; empty where nothing was tested."""
    words = (
        ("difference", "difference", "differences"),
        *((verdict,) * 3 for verdict in ("equivalent", "inconclusive", "not assessable")),
    )
    counts = [(sum(f.verdict == verdict for f in findings), one, many) for verdict, one, many in words]
    return ", ".join(plural(number, one, many) for number, one, many in counts if number)


def _margin(margin: float, *, unit: Unit) -> str:
    return f"{margin:g}" if unit == "rating" else level(margin)


def _distinct(sentences: Iterable[str]) -> tuple[str, ...]:
    different = tuple(dict.fromkeys(sentences))
    return different if len(different) <= _FEW else ()


def _row(finding: Finding, *, axis: Axis, texts: Texts, bounds: bool) -> ForestRow:
    unit = unit_of(finding)
    number = value(finding.value, unit=unit)
    if axis.low == 0:
        number = number.lstrip("+")
    interval = span(finding.low, finding.high, unit=unit)
    verdict = verdict_word(shape_of(finding))
    label, detail = texts.label(finding), texts.detail(finding)
    return ForestRow(
        anchor=anchor_of(finding),
        label=label,
        detail=detail if finding.value is not None else ", ".join(p for p in (detail, "not estimated") if p),
        mark=mark_for(finding, axis=axis, bounds=bounds),
        value=number,
        span="" if interval == ABSENT and finding.value is not None else interval,
        verdict=verdict,
        estimand=estimand_of(finding),
        facts=_facts(finding, unit=unit),
        notes=(finding.number.reason, *finding.notes)
        if isinstance(finding.number, Absent | Unassessed)
        else finding.notes,
    )


def _facts(finding: Finding, *, unit: Unit) -> tuple[NamedValue, ...]:
    """What is known of one finding beyond estimate and interval; absent numbers are left out."""
    found = [NamedValue("Model", finding.model), NamedValue("Items", kind_label(finding.kind))]
    found += [
        NamedValue(name.capitalize(), plain(own))
        for name, own in asdict(finding.where).items()
        if own and own != "none"
    ]
    found += [NamedValue("Method", plain(finding.method)), NamedValue("Role", role_words(finding.role))]
    if finding.p is not None:
        found.append(NamedValue("p", p_value(finding.p)))
    if finding.p_adjusted is not None:
        found.append(NamedValue("p, adjusted", p_value(finding.p_adjusted)))
    if finding.equivalence is not None:
        found.append(NamedValue("p for equivalence", p_value(finding.equivalence.p)))
    if finding.spread is not None and finding.spread.se is not None:
        found.append(NamedValue("Standard error", value(finding.spread.se, unit=unit).lstrip("+")))
    if finding.spread is not None and finding.spread.df is not None:
        found.append(NamedValue("Degrees of freedom", decimal(finding.spread.df, digits=1)))
    if finding.smallest_detectable is not None:
        found.append(NamedValue("Smallest detectable", value(finding.smallest_detectable, unit=unit).lstrip("+")))
    if finding.bounds is not None:
        found.append(NamedValue("Worst-case bounds", span(finding.bounds.low, finding.bounds.high, unit=unit)))
    return (*found, *_counts(finding), NamedValue("Finding", finding_id(finding), code=True))


def _counts(finding: Finding) -> list[NamedValue]:
    sample = finding.sample
    named = (("Answers", sample.trials), ("Distinct items", sample.items), ("Profiles or sets", sample.profiles))
    return [NamedValue(name, count(number)) for name, number in named if number]


def findings_grid(groups: Mapping[str, Sequence[Finding]], *, spec: ForestSpec, texts: Texts) -> Grid:
    """The numbers of a forest as a table; columns without content are dropped."""
    shown = [(title, finding) for title, findings in groups.items() for finding in findings]
    rows = [_cells(title, finding, texts=texts) for title, finding in shown]
    return drop_empty(
        Grid(
            id=f"{spec.id}-table",
            title="All numbers",
            caption=f"{spec.title}. Estimates and intervals in {unit_name(unit_of(shown[0][1])) or 'their own unit'}.",
            columns=_COLUMNS,
            rows=tuple(rows),
        )
    )


_COLUMNS = (
    Column("Group"),
    Column("Contrast"),
    Column("Variant"),
    Column("Estimate", numeric=True),
    Column("Low", numeric=True),
    Column("High", numeric=True),
    Column("p", numeric=True),
    Column("p, adjusted", numeric=True),
    Column("p, equivalence", numeric=True),
    Column("Verdict"),
    Column("Smallest detectable", numeric=True),
    Column("Worst-case bounds", numeric=True),
    Column("Answers", numeric=True),
    Column("Items", numeric=True),
    Column("Profiles or sets", numeric=True),
    Column("Role"),
)


def _cells(title: str, finding: Finding, *, texts: Texts) -> tuple[str, ...]:
    unit = unit_of(finding)
    return (
        title or ABSENT,
        texts.label(finding),
        texts.detail(finding) or ABSENT,
        value(finding.value, unit=unit),
        value(finding.low, unit=unit),
        value(finding.high, unit=unit),
        p_value(finding.p),
        p_value(finding.p_adjusted),
        p_value(finding.equivalence.p if finding.equivalence else None),
        verdict_word(shape_of(finding)) or ABSENT,
        value(finding.smallest_detectable, unit=unit).lstrip("+"),
        span(finding.bounds.low, finding.bounds.high, unit=unit) if finding.bounds else ABSENT,
        *(count(number) if number else ABSENT for number in astuple(finding.sample)),
        finding.role,
    )

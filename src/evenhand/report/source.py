"""Findings arranged for the sections: by measure, in the order of models and kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.measure import Measure, QuantityName
from evenhand.records.results import CellMean
from evenhand.report.blocks import Forest
from evenhand.report.forest import ForestSpec, Texts, forest_of, variant_of
from evenhand.report.numbers import Unit, unit_name, unit_of
from evenhand.report.titles import title_of
from evenhand.report.words import MEASURE_TITLES, Labels, kind_label, labels_of

__all__ = [
    "Source",
    "by_model",
    "by_model_and_kind",
    "forests_by_model",
    "measure_forests",
    "source_of",
    "titled",
    "with_kind",
]

_QUANTITIES: Mapping[QuantityName, str] = {"score": "answers given", "p_score": "option probabilities"}
_MANY = 4
_KIND_ORDER = ("all", "understanding", "management", "benefit", "leakage", "sycophancy")


class Source(Struct, frozen=True):
    """Findings with what every section needs to know about them."""

    findings: Findings
    labels: Labels
    models: tuple[str, ...]
    """In the order of the plan; without a run, in order of appearance."""
    shown: tuple[Finding, ...]
    """Findings of the assistant as it is, by model, then kind, then as they stand."""

    @property
    def several(self) -> bool:
        """Whether more than one model was audited, so that models must be named."""
        return len(self.models) > 1

    @property
    def many(self) -> bool:
        """Whether so many models were audited that long figures of all of them are folded."""
        return len(self.models) > _MANY

    @property
    def margin(self) -> float:
        """Equivalence margin on the probability scale."""
        return self.findings.settings.margin

    def of(self, *measures: Measure) -> list[Finding]:
        """Findings of some measures, in the order of `all`."""
        return [finding for finding in self.shown if finding.measure in measures]

    def all(self) -> list[Finding]:
        """All findings, by model, then kind, then as they stand."""
        return list(self.shown)

    def cells(self) -> dict[tuple[str, str], list[CellMean]]:
        """Cells of the intersectional table by model and kind, in the order of `all`."""
        groups: dict[tuple[str, str], list[CellMean]] = {}
        for cell in self.findings.cells:
            groups.setdefault((cell.model, cell.kind), []).append(cell)
        order = sorted(groups, key=lambda key: (_rank(key[0], self.models), _rank(key[1], _KIND_ORDER)))
        return {key: groups[key] for key in order}


def source_of(findings: Findings) -> Source:
    """Arrange findings."""
    named = [model.model for model in findings.run.models] if findings.run else []
    seen = [finding.model for finding in findings.findings]
    models = tuple(dict.fromkeys((*named, *seen)))
    found = findings.findings
    if findings.tried:  # the report is about the assistant as it is; policies have a section of their own
        found = tuple(finding for finding in found if finding.where.mitigation == "none")
    shown = sorted(found, key=lambda finding: (_rank(finding.model, models), _rank(finding.kind, _KIND_ORDER)))
    return Source(findings, labels_of(findings), models, tuple(shown))


def _rank(name: str, order: Sequence[str]) -> int:
    return order.index(name) if name in order else len(order)


def by_model(findings: Iterable[Finding], source: Source) -> dict[str, list[Finding]]:
    """Findings under their model's name; under an empty heading when there is one model only."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.model if source.several else "", []).append(finding)
    return groups


def by_model_and_kind(findings: Iterable[Finding], source: Source) -> dict[str, list[Finding]]:
    """Findings under model and item kind."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        parts = (finding.model if source.several else "", kind_label(finding.kind))
        groups.setdefault(" · ".join(part for part in parts if part), []).append(finding)
    return groups


def titled(findings: Sequence[Finding], *, label: Callable[[Finding], str] | None = None) -> Texts:
    """Rows named by the finding's title, or otherwise, with the variant beside it."""
    return Texts(label=label or _title, detail=lambda finding: variant_of(finding, among=findings))


def _title(finding: Finding) -> str:
    """The title with an upper-case first letter."""
    title = title_of(finding)
    return title[:1].upper() + title[1:]


def with_kind(findings: Sequence[Finding]) -> Texts:
    """Rows named by the item kind; the quantity, where rows differ in it, and the variant beside it."""
    several = len({finding.quantity for finding in findings}) > 1

    def detail(finding: Finding) -> str:
        what = _QUANTITIES.get(finding.quantity.name, "") if several else ""
        return ", ".join(part for part in (what, variant_of(finding, among=findings)) if part)

    return Texts(label=lambda finding: kind_label(finding.kind), detail=detail)


def forests_by_model(
    findings: Sequence[Finding], *, source: Source, spec: ForestSpec, label: Callable[[Finding], str] | None = None
) -> list[Forest]:
    """Forests of findings that may have different units: one figure per unit, models as groups.

    Args:
        findings: What is drawn.
        source: Where they come from.
        spec: What the figures have in common.
        label: How a row is named; None: by the finding's title, or by kind where all titles are the same.
    """
    name = label or title_of
    units: dict[Unit, list[Finding]] = {}
    for finding in findings:
        units.setdefault(unit_of(finding), []).append(finding)
    made = []
    for index, (unit, own) in enumerate(units.items()):
        same = len({name(finding) for finding in own}) == 1
        groups: Mapping[str, Sequence[Finding]] = by_model(own, source) if same else by_model_and_kind(own, source)
        margin = spec.margin if unit == "points" else None
        one = ForestSpec(
            id=f"{spec.id}-{index + 1}" if index else spec.id,
            title=f"{spec.title}, in {unit_name(unit)}" if index and unit_name(unit) else spec.title,
            caption=f"{name(own[0])}. {spec.caption}".strip() if same else spec.caption,
            left=spec.left,
            right=spec.right,
            margin=margin,
            bounds=spec.bounds,
            folded=spec.folded,
            foldable=spec.foldable,
            explorable=spec.explorable,
        )
        forest = forest_of(groups, spec=one, texts=with_kind(own) if same else titled(own, label=label))
        if forest is not None:
            made.append(forest)
    return made


def measure_forests(source: Source, measure: Measure, *, folded: bool) -> list[Forest]:
    """All findings of one measure under the measure's own title."""
    return forests_by_model(
        source.of(measure),
        source=source,
        spec=ForestSpec(
            id=f"{measure}-forest", title=MEASURE_TITLES[measure], caption="", folded=folded, foldable=True
        ),
    )

"""Runs that asked the same questions, and how a contrast changed from one to the next."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from evenhand.errors import EvenhandError, UsageError
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.measure import Measure
from evenhand.report.blocks import Forest
from evenhand.report.forest import ForestSpec, Texts, forest_of
from evenhand.report.numbers import count, date_text, size, span, unit_of, value
from evenhand.report.titles import title_of
from evenhand.report.words import asked_label, kind_label, verdict_word
from evenhand.view.known_plan import KnownPlan
from evenhand.view.library import Library
from evenhand.view.render import ShownPage
from evenhand.view.shown_trial import condition_words

__all__ = ["Family", "TimeLine", "compare_page", "contrast_key"]

_SHOWN: tuple[Measure, ...] = ("gap", "memory_effect", "factor_gap", "interaction", "leakage", "shift")
_MOST_RUNS = 60


class TimeLine(Struct, frozen=True, kw_only=True):
    """A contrast in one run, as a row of the table."""

    run: str
    model: str
    created: str
    trials: str
    estimate: str
    interval: str
    shape: str
    verdict: str


class Family(Struct, frozen=True, kw_only=True):
    """Runs that asked the same questions, oldest first."""

    key: str
    name: str
    runs: tuple[tuple[str, KnownPlan, Findings], ...]


def contrast_key(finding: Finding) -> str:
    """Short hash of what a finding is about, whichever model it is of; the same in every run."""
    about = (finding.measure, finding.kind, finding.where, finding.arms, finding.contrast, finding.quantity)
    return hashlib.blake2b(msgspec.json.encode(about), digest_size=6).hexdigest()


def compare_page(library: Library, query: Mapping[str, str]) -> ShownPage:
    """Runs of the same questions over time.

    Raises:
        UsageError: The address names a set of runs or a contrast that is not there.
    """
    families, left_out = _families(library)
    family = _chosen(families, query.get("questions", ""))
    contrasts = _contrasts(family) if family is not None else {}
    what = query.get("what", "") or next(iter(contrasts), "")
    if what and what not in contrasts:
        raise UsageError(f"there is no contrast {what[:80]!r} in these runs; take one from the list")
    found = _over_time(family, what) if family is not None else []
    return ShownPage(
        template="compare.html.j2",
        values={
            "title": "Over time",
            "families": [(one.key, f"{one.name} ({len(one.runs)})") for one in families],
            "family": family,
            "runs": [name for name, _, _ in family.runs] if family is not None else [],
            "contrasts": [(key, label) for key, label in contrasts.items()],
            "what": what,
            "lines": [_line(run, plan, finding) for run, plan, finding in found],
            "forest": _figure(found, contrasts.get(what, "")),
            "left_out": left_out,
            "live": 0,
        },
    )


def _families(library: Library) -> tuple[list[Family], int]:
    """Sets of analysed runs that asked the same questions, the largest first; how many runs could not be used."""
    groups: dict[str, list[tuple[str, KnownPlan, Findings]]] = {}
    left_out = 0
    entries = [entry for entry in library.folder.entries() if entry.kind == "run"]
    for entry in entries[:_MOST_RUNS]:
        try:
            known, findings = library.plan(entry.path), library.findings(entry.path)
        except EvenhandError:  # the list of runs says what is wrong with it
            left_out += 1
            continue
        if findings is None:
            left_out += 1
            continue
        groups.setdefault(known.questions, []).append((entry.name, known, findings))
    made = [
        Family(
            key=key[:12],
            name=_name(runs[0][1]),
            runs=tuple(sorted(runs, key=lambda run: (run[1].plan.created, run[0]))),
        )
        for key, runs in groups.items()
    ]
    return sorted(made, key=lambda one: (-len(one.runs), one.key)), left_out + max(0, len(entries) - _MOST_RUNS)


def _name(known: KnownPlan) -> str:
    banks = ", ".join(stamp.name for stamp in known.plan.bank_stamps)
    return f"{banks}; {count(known.planned_each)} cells per model"


def _chosen(families: Sequence[Family], key: str) -> Family | None:
    if not key:
        return families[0] if families else None
    found = next((one for one in families if one.key == key), None)
    if found is None:
        raise UsageError(f"there are no runs of the questions {key[:80]!r}; take a set from the list")
    return found


def _contrasts(family: Family) -> dict[str, str]:
    """Key -> name of every contrast that some run tested, the confirmatory ones first."""
    tested = [
        finding
        for _, _, findings in family.runs
        for finding in findings.findings
        if finding.measure in _SHOWN and finding.verdict is not None
    ]
    order = sorted(tested, key=lambda one: (one.role != "confirmatory", _SHOWN.index(one.measure)))
    return {contrast_key(finding): _label(finding) for finding in order}


def _label(finding: Finding) -> str:
    kind = kind_label(finding.kind) if finding.kind == "all" else asked_label(finding.kind, finding.where.answer)
    title = title_of(finding)
    shown = {
        name: one for name, one in asdict(finding.where).items() if name in ("reader", "mitigation") and one != "none"
    }
    how = f" ({condition_words(finding.where)})" if shown or finding.where.placement != "system" else ""
    return f"{title[:1].upper()}{title[1:]}: {kind.lower()}{how}"


def _over_time(family: Family, what: str) -> list[tuple[str, KnownPlan, Finding]]:
    return [
        (name, known, finding)
        for name, known, findings in family.runs
        for finding in findings.findings
        if finding.measure in _SHOWN and finding.verdict is not None and contrast_key(finding) == what
    ]


def _line(run: str, known: KnownPlan, finding: Finding) -> TimeLine:
    unit = unit_of(finding)
    shape = finding.verdict or "descriptive"
    return TimeLine(
        run=run,
        model=finding.model,
        created=date_text(known.plan.created),
        trials=count(finding.sample.trials),
        estimate=value(finding.value, unit=unit),
        interval=span(finding.low, finding.high, unit=unit),
        shape=shape,
        verdict=verdict_word(shape, margin=known.plan.analysis.margin),
    )


def _figure(found: Sequence[tuple[str, KnownPlan, Finding]], title: str) -> Forest | None:
    """The contrast in every run, the oldest on top."""
    if not found:
        return None
    names = {id(finding): run for run, _, finding in found}
    margins = {known.plan.analysis.margin for _, known, _ in found}
    margin = margins.pop() if len(margins) == 1 and unit_of(found[0][2]) == "points" else None
    caption = f"The band is the margin, ±{size(margin)}." if margin is not None else ""
    spec = ForestSpec(id="over-time", title=title, caption=caption, margin=margin, explorable=False, table=False)
    texts = Texts(label=lambda finding: names[id(finding)], detail=lambda finding: finding.model)
    return forest_of({"": [finding for _, _, finding in found]}, spec=spec, texts=texts)

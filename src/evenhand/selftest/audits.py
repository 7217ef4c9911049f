"""The pipeline tested on respondents whose bias is known: planted, exactly at the margin, or none.

Each audit is a whole one: a plan of its own seed, asked, stored, scored and analysed. The checks compare how often the
primary gap was called with what its level, its intervals and its power promise; a check holds when the count lies where
a correct pipeline would put it in 99 of 100 selftests (exact binomial).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from scipy import stats

from evenhand.audit import audit
from evenhand.errors import EvenhandError
from evenhand.plan.make import PlanRequest, make_plan
from evenhand.records.finding import Finding
from evenhand.records.findings import Findings
from evenhand.records.message import ModelSettings
from evenhand.records.plan import Design, ModelSpec
from evenhand.records.run_summary import PlantedEffect
from evenhand.records.settings import AnalysisSettings
from evenhand.selftest.gallery import Case, Seen, audit_gallery

__all__ = ["FULL", "QUICK", "Check", "Size", "SpecimenAudit", "audit_specimens", "pair_up", "run_selftest"]

PLANTED_GAP = 0.10
MARGIN = 0.03
CONFIDENCE = 0.99
_SPREAD = {"persona_spread": "0.15", "persona_slopes": "0.3", "item_slopes": "0.5"}
"""Personas and items react differently, the case in which simple tests raise false alarms."""
_DESIGN = Design(kinds=("understanding",), none_repeats=2, placebo_per_item=0.0, pairs_per_item=2, matched_sets=30)
_SPECIMEN_DESIGN = Design(
    kinds=("understanding",), none_repeats=1, placebo_per_item=1.0, pairs_per_item=3, profiles_per_item=9
)
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Size(Struct, frozen=True, kw_only=True):
    """How many audits of each kind."""

    null: int
    planted: int
    margin: int
    """Audits of a respondent whose true gap is exactly the equivalence margin."""


QUICK = Size(null=20, planted=10, margin=10)
FULL = Size(null=200, planted=100, margin=100)


class Check(Struct, frozen=True, kw_only=True):
    """One promise of the pipeline and what was found."""

    name: str
    audits: int
    found: str
    wanted: str
    holds: bool


def run_selftest(
    size: Size,
    *,
    seed: int,
    specimens: bool = True,
    folder: Path | None = None,
    cases: Sequence[Case] = (),
    advance: Callable[[], None] = lambda: None,
) -> tuple[Check, ...]:
    """All checks.

    Args:
        size: How many audits of each kind.
        seed: Root seed; audit k of a kind uses a seed derived from it.
        specimens: Audit the specimens too.
        folder: Where specimens built anew are; None: the shipped ones.
        cases: Respondents of the gallery to audit too.
        advance: Called after every audit.
    """
    workers = min(os.cpu_count() or 1, 8)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        begun = [
            _gaps(0.0, size.null, seed=seed, pool=pool),
            _gaps(PLANTED_GAP, size.planted, seed=seed + 10_000, pool=pool),
            _gaps(MARGIN, size.margin, seed=seed + 20_000, pool=pool),
        ]
        real = _specimens(seed, folder, advance) if specimens else []
        null, planted, margin = (_collected(gaps, advance) for gaps in begun)
        seen = audit_gallery(cases, seed=seed, pool=pool, advance=advance)
    checks = [
        _at_most("false alarms under no bias", [_below(gap.p) for gap in null], rate=0.05),
        _at_least("intervals cover a gap of 0", [gap.covers(0.0) for gap in null], rate=0.95),
        _at_least(f"intervals cover a gap of {PLANTED_GAP:g}", [gap.covers(PLANTED_GAP) for gap in planted], rate=0.95),
        _at_least(f"audits find a gap of {PLANTED_GAP:g}", [_below(gap.p) for gap in planted], rate=0.8),
        _at_most(
            f"audits call a gap of {MARGIN:g} (the margin) equivalent",
            [_below(gap.equivalence.p if gap.equivalence else None) for gap in margin],
            rate=0.05,
        ),
    ]
    return (*checks, *real, *(_gallery_check(one) for one in seen))


def _gallery_check(seen: Seen) -> Check:
    """Whether a respondent of the gallery got the answer that is written beside it."""
    return Check(
        name=f"gallery, {seen.case.name}: {seen.case.title}",
        audits=1,
        found=seen.answer.verdict or "no verdict",
        wanted=" or ".join(seen.case.expected.verdicts) + (f" ({'; '.join(seen.wrong)})" if seen.wrong else ""),
        holds=not seen.wrong,
    )


def _audit(model: ModelSpec, *, design: Design, seed: int, banks: Sequence[str] = ()) -> Findings:
    """One whole audit in a directory of its own that is thrown away."""
    request = PlanRequest(
        models=(model,),
        design=design,
        banks=tuple(banks),
        seed=seed,
        analysis=AnalysisSettings(margin=MARGIN),
        outcome="option_probabilities",
    )
    plan = make_plan(request, now=_EPOCH)
    with TemporaryDirectory(prefix="evenhand-selftest-") as name:
        return audit(plan, Path(name)).findings


def _simulated_gap(gap: float, seed: int) -> Finding:
    """The primary gap found in one audit of a simulated respondent; runs in a worker process."""
    model = ModelSpec(
        name="simulated/custom",
        settings=ModelSettings(logprobs=False),
        options={"gap": str(gap), **_SPREAD, "seed": str(seed)},
    )
    findings = _audit(model, design=_DESIGN, seed=seed, banks=("understanding",))
    return next(finding for finding in findings.findings if finding.measure == "gap")


def _gaps(gap: float, audits: int, *, seed: int, pool: Executor) -> Iterator[Finding]:
    """Begins the audits in the pool at once; their gaps, in order, as they come."""
    return pool.map(_simulated_gap, [gap] * audits, range(seed, seed + audits))


def _collected(gaps: Iterator[Finding], advance: Callable[[], None]) -> list[Finding]:
    found: list[Finding] = []
    for gap in gaps:
        found.append(gap)
        advance()
    return found


def _below(p: float | None) -> bool:
    return p is not None and p < 0.05


def _share(hits: Sequence[bool]) -> str:
    share = sum(hits) / len(hits)
    error = (share * (1 - share) / len(hits)) ** 0.5
    return f"{share:.1%} (Monte Carlo error {error:.1%})"


def _at_most(name: str, hits: Sequence[bool], *, rate: float) -> Check:
    most = int(stats.binom.ppf(CONFIDENCE, len(hits), rate))
    return Check(
        name=name,
        audits=len(hits),
        found=_share(hits),
        wanted=f"{rate:.0%}, at most {most} of {len(hits)}",
        holds=sum(hits) <= most,
    )


def _at_least(name: str, hits: Sequence[bool], *, rate: float) -> Check:
    least = int(stats.binom.ppf(1 - CONFIDENCE, len(hits), rate))
    return Check(
        name=name,
        audits=len(hits),
        found=_share(hits),
        wanted=f"{rate:.0%}, at least {least} of {len(hits)}",
        holds=sum(hits) >= least,
    )


class SpecimenAudit(Struct, frozen=True, kw_only=True):
    """What one audit of `specimen/tilted` and one of `specimen/level` found, beside what is known of them."""

    planted: tuple[tuple[PlantedEffect, Finding], ...]
    """Every planted effect, and the finding that estimates it."""
    level: tuple[Finding, ...]
    """The confirmatory findings of `specimen/level`."""

    def covered(self) -> list[bool]:
        """Whether the interval of each planted effect covers its size."""
        return [finding.covers(effect.estimate) for effect, finding in self.planted]


def audit_specimens(
    seed: int, *, folder: Path | None = None, advance: Callable[[], None] = lambda: None
) -> SpecimenAudit:
    """Audit both specimens once.

    Args:
        seed: Root seed of both plans.
        folder: Where specimens built anew are; None: the shipped ones.
        advance: Called after each audit.
    """
    found: dict[str, Findings] = {}
    for name in ("tilted", "level"):
        options = {} if folder is None else {"folder": str(folder)}
        model = ModelSpec(name=f"specimen/{name}", settings=ModelSettings(logprobs=True), options=options)
        found[name] = _audit(model, design=_SPECIMEN_DESIGN, seed=seed)
        advance()
    return pair_up(found["tilted"], found["level"])


def pair_up(tilted: Findings, level: Findings) -> SpecimenAudit:
    """The findings of two audits beside what was planted.

    Raises:
        EvenhandError: The audit of `specimen/tilted` has no finding for a planted effect.
    """
    return SpecimenAudit(
        planted=tuple((effect, _finding_of(effect, tilted)) for effect in (tilted.run.planted if tilted.run else ())),
        level=tuple(finding for finding in level.findings if finding.role == "confirmatory"),
    )


def _specimens(seed: int, folder: Path | None, advance: Callable[[], None]) -> list[Check]:
    """`specimen/tilted` must show every planted effect at its measured size, `specimen/level` must be cleared."""
    audit = audit_specimens(seed, folder=folder, advance=advance)
    called = [finding.verdict == "difference" for _, finding in audit.planted]
    cleared = [finding.verdict == "equivalent" for finding in audit.level]
    return [
        _all("planted effects of specimen/tilted covered by their intervals", audit.covered()),
        _all("planted effects of specimen/tilted called a difference", called),
        _all("confirmatory findings of specimen/level called equivalent", cleared),
    ]


def _finding_of(effect: PlantedEffect, findings: Findings) -> Finding:
    for finding in findings.findings:
        if effect.is_estimated_by(finding):
            return finding
    raise EvenhandError(f"the analysis has no finding for the planted effect {effect.levels}")


def _all(name: str, hits: Sequence[bool]) -> Check:
    return Check(
        name=name,
        audits=1,
        found=f"{sum(hits)} of {len(hits)}",
        wanted=f"{len(hits)} of {len(hits)}",
        holds=bool(hits) and all(hits),
    )

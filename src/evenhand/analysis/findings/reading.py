"""What the analysis adds to the record of how a table was read, and what that record forbids."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from evenhand.analysis.findings.mixed_check import CovariateEffect
from evenhand.records.as_read import AsRead, CovariateRead
from evenhand.records.estimate import Tested
from evenhand.records.finding import Finding

__all__ = ["with_covariates", "withheld"]


def with_covariates(
    as_read: AsRead | None, effects: Sequence[tuple[str, str, tuple[CovariateEffect, ...]]]
) -> AsRead | None:
    """The record with the coefficients of the covariates.

    Args:
        as_read: The record; None stays None.
        effects: (model, item kind, effects) of every stratum.
    """
    if as_read is None:
        return None
    found = {(model, kind, one.covariate): one for model, kind, ones in effects for one in ones}
    return replace(
        as_read,
        covariates=tuple(
            _filled(read, found.get((read.model, read.kind, read.covariate))) for read in as_read.covariates
        ),
    )


def withheld(findings: tuple[Finding, ...], as_read: AsRead | None) -> tuple[Finding, ...]:
    """The findings, none of them with a verdict that rests on repeats which may be different users."""
    if as_read is None or as_read.withheld is None:
        return findings
    return tuple(_without_verdict(finding, why=as_read.withheld) for finding in findings)


def _without_verdict(finding: Finding, *, why: str) -> Finding:
    match finding.number:
        case Tested(verdict="difference" | "equivalent") as number:
            return replace(finding, number=replace(number, verdict="inconclusive"), notes=(why, *finding.notes))
        case _:
            return finding


def _filled(read: CovariateRead, effect: CovariateEffect | None) -> CovariateRead:
    if effect is None:
        return read
    return replace(read, sd=effect.sd, coefficient=effect.coefficient, se=effect.se, scale=effect.scale)

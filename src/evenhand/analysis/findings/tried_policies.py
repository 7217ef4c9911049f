"""Policies against `none`: their findings, their changes, their words. The answer about `none` never sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from evenhand.analysis.estimators.ratio import ratio_of_means
from evenhand.analysis.findings.accuracy import accuracy_findings
from evenhand.analysis.findings.benefit_findings import benefit_findings
from evenhand.analysis.findings.compare import QUESTION
from evenhand.analysis.findings.factor_gaps import factor_findings
from evenhand.analysis.findings.flips import flip_findings
from evenhand.analysis.findings.gaps import gap_findings
from evenhand.analysis.findings.judgement import judged
from evenhand.analysis.findings.leakage_findings import leakage_findings
from evenhand.analysis.findings.memory_effect import memory_findings
from evenhand.analysis.findings.missingness import missing_findings
from evenhand.analysis.findings.number_changes import number_changes
from evenhand.analysis.findings.numbers import number_findings, sensitivities
from evenhand.analysis.findings.policy_basis import basis_of
from evenhand.analysis.findings.policy_changes import (
    WITHOUT_CHOICE,
    AspectChange,
    Sides,
    aspect_changes,
    benefit_kept,
)
from evenhand.analysis.findings.policy_verdict import gap_state, loss_state, policy_verdict
from evenhand.analysis.findings.validity import gated, validities
from evenhand.analysis.table.measurements import Measurements, mitigated, unmitigated
from evenhand.analysis.table.scores import Scores
from evenhand.analysis.table.stratum import Stratum, strata
from evenhand.records.condition import Condition
from evenhand.records.finding import Finding
from evenhand.records.measure import Measure
from evenhand.records.tried import Aspect, Multiple, MultipleName, PolicyChange, Share, TriedPolicy, main_changes

__all__ = ["Tried", "tried_policies", "without_policies"]

_TAKES: tuple[tuple[MultipleName, str], ...] = (
    ("input_tokens", "input_tokens"),
    ("output_tokens", "output_tokens"),
    ("latency", "latency_s"),
)
"""What an answer takes, and its column of the score table."""


_MEASURES: Mapping[Aspect, Measure] = {
    "gap": "gap",
    "group": "factor_gap",
    "shift": "shift",
    "divergence": "divergence",
}
"""Aspect -> the measure of its findings with a policy and without."""
_DIGITS = 9
"""Sizes that differ by less than rounding are alike."""


class Tried(Struct, frozen=True, kw_only=True):
    """What a table says of the policies in it."""

    findings: tuple[Finding, ...]
    """The findings of every policy, judged among themselves."""
    policies: tuple[TriedPolicy, ...]
    """Every policy on every model, in alphabetical order."""


def without_policies(scores: Scores) -> Scores:
    """The table without the trials of any policy."""
    return _only(scores, pl.col("mitigation") == "none")


def tried_policies(
    scores: Scores, *, made: Sequence[Finding], interim: bool, measurements: Measurements | None = None
) -> Tried:
    """The policies of a table.

    Args:
        scores: The whole table.
        made: The judged findings without a policy.
        interim: Whether cells of the plan are still to be asked; then no policy gets a word.
        measurements: The numbers that answers state, where any were asked for.
    """
    names = sorted(scores.frame["mitigation"].unique().drop_nulls().cast(pl.String).to_list())
    parts = [part for name in names if name != "none" for part in _sides(scores, policy=name)]
    if not parts:
        return Tried(findings=(), policies=())
    validity = {
        name: validities(_only(scores, (pl.col("mitigation") == name) | (pl.col("arm_kind") == "none")))
        for name in names
    }

    def through(findings: Iterable[Finding]) -> list[Finding]:
        return [one for found in findings for one in gated([found], validity[found.where.mitigation])]

    tried = [name for name in names if name != "none"]
    numbers = _Numbers(findings=[], changes=[]) if measurements is None else _numbers(measurements, policies=tried)
    own = through((*(one for part in parts for one in _findings(part.under)), *numbers.findings))
    changes = [*(change for part in parts for change in aspect_changes(part)), *numbers.changes]
    findings = judged(own, settings=scores.settings)
    decided = judged(through(change.change for change in changes), settings=scores.settings)
    verdicts = {_key(found): found for found in (*made, *findings)}
    shown = [_shown(one, change=found, known=verdicts) for one, found in zip(changes, decided, strict=True)]
    models = dict.fromkeys((part.under.model, part.under.where.mitigation) for part in parts)
    policies = [
        _policy(
            scores,
            model=model,
            policy=policy,
            changes=[
                c for c, f in zip(shown, decided, strict=True) if (f.model, c.where.mitigation) == (model, policy)
            ],
            sides=[p for p in parts if (p.under.model, p.under.where.mitigation) == (model, policy)],
            interim=interim,
        )
        for model, policy in models
    ]
    return Tried(findings=findings, policies=tuple(_with_pareto(policies)))


class _Numbers(Struct, frozen=True, kw_only=True):
    """What is found of stated numbers under policies."""

    findings: list[Finding]
    changes: list[AspectChange]


def _numbers(measurements: Measurements, *, policies: Sequence[str]) -> _Numbers:
    """The findings of every policy, and their changes."""
    bare = unmitigated(measurements)
    sensitivity = sensitivities(bare)
    found = _Numbers(findings=[], changes=[])
    for policy in policies:
        under = mitigated(measurements, policy=policy)
        found.findings.extend(number_findings(under, sensitivity=sensitivity))
        found.changes.extend(number_changes(bare, under, sensitivity=sensitivity))
    return found


def _only(scores: Scores, condition: pl.Expr) -> Scores:
    mask = scores.frame.select(condition.alias("kept"))["kept"]
    return scores if mask.all() else replace(scores, frame=scores.frame.filter(mask))


def _sides(scores: Scores, *, policy: str) -> list[Sides]:
    """The strata of a policy, each beside the same stratum without one.

    Both are cut from one table, so that answers of a kind are scored in the same way on both sides, also where all that
    have probabilities are on one of them.
    """
    compared = pl.col("mitigation").cast(pl.String).is_in(["none", policy]) | (pl.col("arm_kind") == "none")
    both = strata(_only(scores, compared))
    known = {(one.model, one.kind, _bare(one.where)): one for one in both if one.where.mitigation == "none"}
    return [
        Sides(without=known[model, kind, where], under=one)
        for one in both
        for model, kind, where in [(one.model, one.kind, _bare(one.where))]
        if one.where.mitigation == policy and (model, kind, where) in known
    ]


def _bare(where: Condition) -> Condition:
    return replace(where, mitigation="none")


def _findings(stratum: Stratum) -> list[Finding]:
    """The findings of one policy that are shown beside those without one; cross-checks and items are left out."""
    if stratum.where.answer in WITHOUT_CHOICE:
        return [
            *(accuracy_findings(stratum) if stratum.where.answer == "rating" else ()),
            *missing_findings(stratum),
            *(leakage_findings(stratum) if stratum.where.answer == "text" else ()),
        ]
    return [
        *gap_findings(stratum),
        *memory_findings(stratum),
        *accuracy_findings(stratum),
        *factor_findings(stratum),
        *flip_findings(stratum),
        *missing_findings(stratum),
        *leakage_findings(stratum),
        *benefit_findings(stratum),
    ]


_Key = tuple[object, ...]


def _key(found: Finding) -> _Key:
    return (found.measure, found.model, found.kind, found.where, found.arms, found.contrast, found.quantity)


def _shown(one: AspectChange, *, change: Finding, known: dict[_Key, Finding]) -> PolicyChange:
    """The change with the verdicts of both sides."""
    numbered = one.aspect in ("shift", "divergence")
    measure = _MEASURES.get(one.aspect)
    before, after = (
        known.get((measure, change.model, change.kind, where, change.arms, change.contrast, change.quantity))
        for where in (_bare(change.where), change.where)
    )
    return PolicyChange(
        aspect=one.aspect,
        kind=change.kind,
        where=change.where,
        contrast=change.contrast,
        quantity=change.quantity if numbered else None,
        arms=change.arms if numbered else None,
        before=one.before,
        after=one.after,
        before_verdict=before.verdict if before else None,
        after_verdict=after.verdict if after else None,
        after_spread=after.spread if after else None,
        change=change.number,
        change_verdict=change.verdict,
    )


def _policy(
    scores: Scores, *, model: str, policy: str, changes: list[PolicyChange], sides: list[Sides], interim: bool
) -> TriedPolicy:
    kept = next((share for part in sides if (share := benefit_kept(part)) is not None), None)
    basis = basis_of(changes, settings=scores.settings)
    main = main_changes(changes, basis=basis)
    verdict = policy_verdict(
        [gap_state(one) for one in main.gaps],
        groups=[gap_state(one) for one in main.groups],
        losses=[loss_state(one) for one in changes if one.aspect in ("accuracy", "benefit")],
        benefit=any(one.aspect == "benefit" for one in changes),
    )
    return TriedPolicy(
        model=model,
        policy=policy,
        verdict=None if interim else verdict,
        changes=tuple(changes),
        basis=basis,
        benefit_kept=kept,
        multiples=tuple(_multiples(scores.frame, model=model, policy=policy, confidence=1 - scores.settings.alpha)),
    )


def _multiples(frame: pl.DataFrame, *, model: str, policy: str, confidence: float) -> list[Multiple]:
    """How many times as much an answer with memory takes; only what is reported for both."""
    rows = frame.filter((pl.col("model").cast(pl.String) == model) & (pl.col("arm_kind") != "none"))
    columns = list(QUESTION)
    old, new = (rows.filter(pl.col("mitigation").cast(pl.String) == name) for name in ("none", policy))
    found: list[Multiple] = []
    for name, column in _TAKES:
        both = (
            new.select(*columns, pl.col(column).cast(pl.Float64).alias("after"))
            .join(
                old.select(*columns, pl.col(column).cast(pl.Float64).alias("before")),
                on=columns,
                how="inner",
                nulls_equal=True,
            )
            .drop_nulls(["before", "after"])
        )
        items = both.group_by("bank", "item").agg(pl.col("before", "after").sum()).sort("bank", "item")
        if items.height == 0 or not items["before"].sum():
            continue
        ratio = ratio_of_means(items["after"].to_numpy(), items["before"].to_numpy(), confidence=confidence)
        low = None if ratio.low is None else max(ratio.low, 0.0)  # nothing takes less than no token and no time
        found.append(Multiple(name=name, value=ratio.value, low=low, high=ratio.high))
    return found


def _with_pareto(policies: Sequence[TriedPolicy]) -> list[TriedPolicy]:
    """The policies of every model, those that no other beats on both sides marked."""
    placed = [(one, _remaining(one), _kept(one)) for one in policies]

    def beaten(model: str, gap: float, kept: float) -> bool:
        return any(
            other.model == model
            and g is not None
            and k is not None
            and g <= gap
            and k >= kept
            and (g, k) != (gap, kept)
            for other, g, k in placed
        )

    return [
        replace(one, pareto=gap is not None and kept is not None and not beaten(one.model, gap, kept))
        for one, gap, kept in placed
    ]


def _largest(values: Iterable[float | None], *, of: Callable[[Iterable[float]], float]) -> float | None:
    known = [value for value in values if value is not None]
    return of(known) if known else None


def _remaining(policy: TriedPolicy) -> float | None:
    """Size of the largest gap that remains."""
    sizes = (None if one.after is None else round(abs(one.after), _DIGITS) for one in policy.main.gaps)
    return _largest(sizes, of=max)


def _kept(policy: TriedPolicy) -> float | None:
    """Share of benefit kept; where none was asked, the lowest accuracy."""
    share: Share | None = policy.benefit_kept
    if share is not None:
        return round(share.value, _DIGITS)
    return _largest((c.after for c in policy.changes if c.aspect == "accuracy"), of=min)

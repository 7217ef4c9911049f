"""Binomial mixed model with crossed random effects: the cross-check in log-odds.

Estimand: differences in the log-odds of a good answer between levels of a profile factor, for the items and profiles
of the population the audited ones stand for. Items and profiles are random intercepts, optionally also cells (where
replicated) and slopes of the contrast of interest. Maximum likelihood under the Laplace approximation, the criterion of
``lme4::glmer`` with ``nAGQ = 1``; standard errors from the joint Hessian of fixed effects and variances.

With P profiles and p fixed effects that are constant within a profile, normal-theory intervals are too short, so those
effects get SE x sqrt(P / (P - p)) and Student's t with P - p degrees of freedom. The factor makes up for a variance
between profiles that maximum likelihood finds too small. Where that variance is zero the factor shrinks towards 1 with
the ratio of observed to expected variation between profiles: the sampling variance alone is not underestimated.

References:
    Breslow and Clayton (1993), JASA 88:9-25. Bates, Maechler, Bolker and Walker (2015), J. Stat. Software 67(1).
    Barr, Levy, Scheepers and Tily (2013), J. Memory and Language 68:255-278 (random slopes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct, structs
from scipy import linalg, special

from evenhand.analysis.estimators.laplace import CEILING, FLOOR, Evaluation, LaplaceLikelihood
from evenhand.analysis.estimators.random_terms import RandomTerm, tally
from evenhand.analysis.estimators.variance_search import SearchResult, curvature, search
from evenhand.errors import TableError

__all__ = [
    "BinomialCells",
    "BinomialFit",
    "BinomialSpec",
    "FixedEffect",
    "RandomSd",
    "aggregate",
    "fit_binomial",
    "reference_design",
    "two_sided",
    "unit_effects",
    "upper_quantile",
]

Array = npt.NDArray[np.float64]


class BinomialCells(Struct, frozen=True, kw_only=True):
    """Counts with their fixed-effect columns and random terms."""

    successes: Array
    trials: Array
    design: Array
    """Shape (rows, p), the intercept column included."""
    names: tuple[str, ...]
    """Names of the p columns."""
    terms: tuple[RandomTerm, ...]


class BinomialSpec(Struct, frozen=True, kw_only=True):
    """How to fit and what to state."""

    unit: str | None = "profile"
    """Random term whose levels are the sampling units of between-unit effects; None: no small-sample correction."""
    confidence: float = 0.95
    max_iterations: int = 100


class FixedEffect(Struct, frozen=True, kw_only=True):
    """One coefficient."""

    name: str
    estimate: float
    se: float
    """From the Hessian, as lme4 and glmmTMB give it."""
    se_adjusted: float
    """With the small-sample factor where the effect lies between units; the interval and p rest on it."""
    df: float | None
    """Degrees of freedom of Student's t; None: normal."""
    low: float
    high: float
    p: float


class RandomSd(Struct, frozen=True, kw_only=True):
    """Standard deviation of one random term, in log-odds."""

    name: str
    sd: float
    levels: int
    singular: bool
    """True when the likelihood is highest at zero. That is not evidence that there is no such variation."""


class BinomialFit(Struct, frozen=True, kw_only=True):
    """A fitted model."""

    effects: tuple[FixedEffect, ...]
    sds: tuple[RandomSd, ...]
    loglik: float
    singular: bool
    converged: bool
    iterations: int
    rows: int
    """Rows after aggregation."""
    trials: int
    notes: tuple[str, ...]
    beta: Array
    covariance: Array
    """Of beta, without the small-sample factor."""
    joint_covariance: Array
    """Of beta and all variances; rows and columns of a singular variance are zero."""
    variances: Array
    modes: tuple[Array, ...]
    """Conditional modes of each term's effects, in log-odds."""


def aggregate(cells: BinomialCells) -> BinomialCells:
    """Add up rows that are alike in all fixed-effect columns, random levels and slope covariates.

    Adding up changes the likelihood only by a constant (the binomial coefficients).
    """
    columns = [*cells.design.T]
    for part in cells.terms:
        columns.append(part.codes)
        if part.covariate is not None:
            columns.append(part.covariate)
    label = np.zeros(cells.successes.size, dtype=np.int64)
    for column in columns:
        values, codes = np.unique(column, return_inverse=True)
        if values.size > 1:
            _, label = np.unique(label * values.size + codes.reshape(-1), return_inverse=True)
            label = label.reshape(-1)
    groups, first = np.unique(label, return_index=True)
    if groups.size == label.size:
        return cells
    terms = tuple(
        structs.replace(
            part, codes=part.codes[first], covariate=None if part.covariate is None else part.covariate[first]
        )
        for part in cells.terms
    )
    return BinomialCells(
        successes=tally(label, weights=cells.successes, levels=groups.size),
        trials=tally(label, weights=cells.trials, levels=groups.size),
        design=cells.design[first],
        names=cells.names,
        terms=terms,
    )


def reference_design(
    columns: Mapping[str, npt.NDArray[np.int64]], *, labels: Mapping[str, Sequence[str]], references: Mapping[str, int]
) -> tuple[Array, tuple[str, ...]]:
    """Intercept and treatment-coded dummies.

    Args:
        columns: Factor -> level code of every row.
        labels: Factor -> level names by code.
        references: Factor -> code of its reference level (0 where absent).

    Returns:
        The design and its column names, ``factor.level``. Levels that do not occur get no column.
    """
    rows = len(next(iter(columns.values())))
    parts, names = [np.ones(rows)], ["(Intercept)"]
    for factor, codes in columns.items():
        present = np.unique(codes)
        for level in present:
            if level != references.get(factor, 0):
                parts.append((codes == level).astype(np.float64))
                names.append(f"{factor}.{labels[factor][int(level)]}")
    return np.column_stack(parts), tuple(names)


def unit_effects(design: Array, part: RandomTerm) -> npt.NDArray[np.bool_]:
    """Which columns are constant within every level of a grouping."""
    counts = np.bincount(part.codes, minlength=part.levels)
    result = np.empty(design.shape[1], dtype=np.bool_)
    for index, column in enumerate(design.T):
        means = np.bincount(part.codes, weights=column, minlength=part.levels) / np.maximum(counts, 1)
        result[index] = bool(np.allclose(means[part.codes], column, atol=1e-9))
    return result


def _check(cells: BinomialCells) -> None:
    if cells.successes.size == 0:
        raise TableError("The table for the mixed model has 0 rows; at least one answered trial is needed.")
    if np.any(cells.trials <= 0) or np.any(cells.successes < 0) or np.any(cells.successes > cells.trials):
        raise TableError("Successes must lie between 0 and the number of trials, and trials must be positive.")
    rank = int(np.linalg.matrix_rank(cells.design))
    if rank < cells.design.shape[1]:
        raise TableError(
            f"The {cells.design.shape[1]} fixed-effect columns {cells.names!r} have rank {rank}; drop the ones that "
            "follow from the others."
        )


def _start(cells: BinomialCells) -> Array:
    """Fixed effects of a logistic regression and rough moment variances."""
    mean = (cells.successes.sum() + 0.5) / (cells.trials.sum() + 1.0)
    beta = np.zeros(cells.design.shape[1])
    eta = np.full(cells.successes.size, special.logit(mean))
    for _ in range(4):
        probability = special.expit(eta)
        weights = cells.trials * probability * (1.0 - probability)
        working = weights * eta + cells.successes - cells.trials * probability
        normal = cells.design.T @ (weights[:, None] * cells.design)
        beta = linalg.solve(normal + 1e-8 * np.eye(beta.size), cells.design.T @ working, assume_a="pos")
        eta = np.clip(cells.design @ beta, -8.0, 8.0)
    probability = special.expit(eta)
    variances = []
    for part in cells.terms:
        slope = 1.0 if part.covariate is None else part.covariate
        weights = np.bincount(part.codes, weights=slope**2 * cells.trials * probability * (1.0 - probability))
        score = np.bincount(part.codes, weights=slope * (cells.successes - cells.trials * probability))
        # E score^2 = weights + tau weights^2, so this is unbiased for tau to first order.
        variances.append(float(np.sum(score**2 - weights) / max(float(np.sum(weights**2)), 1e-12)))
    return np.concatenate([beta, np.clip(variances, 0.02, 4.0)])


def _between_ratio(cells: BinomialCells, spec: BinomialSpec, found: Evaluation, held: npt.NDArray[np.bool_]) -> float:
    """Observed over expected variation between units where the unit's variance is zero; 1 where it is not.

    With ``S`` the sum of squared unit residuals and ``T`` its expectation under a variance of zero, the derivative of
    the criterion there is ``(T - S) / 2``, so the ratio is ``S / T = 1 - 2 g / T``.
    """
    fixed = cells.design.shape[1]
    for index, part in enumerate(cells.terms):
        if part.name == spec.unit and part.covariate is None and held[fixed + index]:
            # The information is half the sum of squared traces, which for even units is T^2 / (2 units).
            expected = np.sqrt(2.0 * part.levels * found.information[fixed + index, fixed + index])
            if expected <= 0.0:
                return 1.0
            return float(np.clip(1.0 - 2.0 * found.gradient[fixed + index] / expected, 0.0, 1.0))
    return 1.0


def _joint_covariance(hessian: Array, free: npt.NDArray[np.bool_]) -> Array:
    joint = np.zeros((free.size, free.size))
    joint[np.ix_(free, free)] = linalg.pinvh(hessian)
    return joint


def _effects(
    cells: BinomialCells, spec: BinomialSpec, *, beta: Array, covariance: Array, ratio: float
) -> tuple[FixedEffect, ...]:
    unit = next((part for part in cells.terms if part.name == spec.unit and part.covariate is None), None)
    if spec.unit is not None and unit is None:
        names = tuple(part.name for part in cells.terms)
        raise TableError(f"No random intercept is named {spec.unit!r}; the terms are {names!r}. Pass unit=None.")
    between = np.zeros(beta.size, dtype=np.bool_) if unit is None else unit_effects(cells.design, unit)
    units, spent = (0, 0) if unit is None else (unit.levels, int(between.sum()))
    item = next((part for part in cells.terms if unit is not None and part.name == "item" and part is not unit), None)
    of_item = np.zeros(beta.size, dtype=np.bool_) if item is None else unit_effects(cells.design, item)
    effects = []
    for index, name in enumerate(cells.names):
        se = float(np.sqrt(max(covariance[index, index], 0.0)))
        df: float | None = None
        adjusted = se
        if between[index] and units > spent:
            df, adjusted = float(units - spent), se * float(np.sqrt(max(1.0, ratio * units / (units - spent))))
        elif of_item[index] and item is not None and item.levels > int(of_item.sum()):
            # The same for what lies between items: their number, not that of the answers, says how much is known.
            left = item.levels - int(of_item.sum())
            df, adjusted = float(left), se * float(np.sqrt(item.levels / left))
        slopes = [max(p.levels - 1, 1) for p in cells.terms if _is_slope_of(p, cells.design[:, index])]
        if slopes:
            df = float(min([*slopes, *([] if df is None else [df])]))
        effects.append(_effect(name, float(beta[index]), se, adjusted, df, spec.confidence))
    return tuple(effects)


def _is_slope_of(part: RandomTerm, column: Array) -> bool:
    if part.covariate is None or np.ptp(column) == 0 or np.ptp(part.covariate) == 0:
        return False
    return bool(abs(np.corrcoef(part.covariate, column)[0, 1]) > 1 - 1e-9)


def upper_quantile(confidence: float, *, df: float | None) -> float:
    """How many standard errors an interval reaches; Student's t, or the normal where `df` is None."""
    probability = 0.5 + confidence / 2
    return float(special.ndtri(probability) if df is None else special.stdtrit(df, probability))


def two_sided(size: float, *, df: float | None) -> float:
    """The two-sided p-value of an estimate that is `size` standard errors from zero."""
    return float(2 * (special.ndtr(-size) if df is None else special.stdtr(df, -size)))


def _effect(name: str, estimate: float, se: float, adjusted: float, df: float | None, confidence: float) -> FixedEffect:
    half = upper_quantile(confidence, df=df) * adjusted
    p = two_sided(abs(estimate) / adjusted, df=df) if adjusted > 0 else 1.0
    return FixedEffect(
        name=name,
        estimate=estimate,
        se=se,
        se_adjusted=adjusted,
        df=df,
        low=estimate - half,
        high=estimate + half,
        p=p,
    )


def _notes(cells: BinomialCells, spec: BinomialSpec, found: SearchResult, held: Sequence[bool]) -> tuple[str, ...]:
    notes = []
    if not found.converged:
        notes.append("The optimiser did not converge; do not rely on these coefficients.")
    for part, zero in zip(cells.terms, held, strict=True):
        if zero:
            notes.append(
                f"Singular fit: the likelihood is highest at a {part.name} SD of 0. That is no evidence that the "
                f"{part.name} variation is absent; see the interval of the SD."
            )
    total = cells.successes.sum()
    if total in (0.0, cells.trials.sum()):
        notes.append("All answers are the same, so log-odds are not finite; read the probability scale.")
    elif max(float(np.abs(found.point[: cells.design.shape[1]]).max()), float(np.sqrt(found.point.max()))) > 10.0:
        notes.append("A coefficient or SD is beyond 10 in log-odds (separation); read the probability scale.")
    unit = next((part for part in cells.terms if part.name == spec.unit), None)
    if unit is not None and unit.levels <= int(unit_effects(cells.design, unit).sum()):
        notes.append(f"There are no more {unit.name}s than fixed effects, so no small-sample correction is possible.")
    return tuple(notes)


def fit_binomial(cells: BinomialCells, *, spec: BinomialSpec | None = None) -> BinomialFit:
    """Fit the model by maximum likelihood (Laplace approximation).

    Args:
        cells: Counts; rows that are alike are added up first.
        spec: What to state beside the estimates.

    Raises:
        TableError: No rows, impossible counts, fixed-effect columns that follow from each other, or a `unit` that is
            not among the terms.
    """
    spec = BinomialSpec() if spec is None else spec
    _check(cells)
    cells = aggregate(cells)
    likelihood = LaplaceLikelihood(cells.successes, cells.trials, cells.design, cells.terms)
    fixed = cells.design.shape[1]
    found = search(likelihood.evaluate, _start(cells), fixed=fixed, max_iterations=spec.max_iterations, ceiling=CEILING)
    point, evaluation = found.point, found.evaluation
    # A variance that sits at its bound is zero; the others enter the joint Hessian.
    bounded = np.arange(point.size) >= fixed
    held = bounded & (point <= 2 * FLOOR)
    free = ~(held | (bounded & (point >= CEILING)))
    hessian = curvature(likelihood.slope, point, evaluation, fixed=fixed, free=free)
    point = _polished(point, evaluation.gradient, hessian, fixed=fixed, free=free)
    evaluation = likelihood.evaluate(point)
    joint = _joint_covariance(hessian, free)
    beta, variances = point[:fixed], np.where(held[fixed:], 0.0, point[fixed:])
    zero = [bool(value) for value in held[fixed:]]
    sds = tuple(
        RandomSd(name=part.name, sd=float(np.sqrt(value)), levels=part.levels, singular=single)
        for part, value, single in zip(cells.terms, variances, zero, strict=True)
    )
    return BinomialFit(
        effects=_effects(
            cells,
            spec,
            beta=beta,
            covariance=joint[:fixed, :fixed],
            ratio=_between_ratio(cells, spec, evaluation, held),
        ),
        sds=sds,
        loglik=likelihood.penalty(point) - evaluation.value,
        singular=any(zero),
        converged=found.converged,
        iterations=found.iterations,
        rows=int(cells.successes.size),
        trials=int(cells.trials.sum()),
        notes=_notes(cells, spec, found, zero),
        beta=beta,
        covariance=joint[:fixed, :fixed],
        joint_covariance=joint,
        variances=variances,
        modes=tuple(likelihood.modes(point)),
    )


def _polished(point: Array, gradient: Array, hessian: Array, *, fixed: int, free: npt.NDArray[np.bool_]) -> Array:
    """One Newton step with the exact Hessian, kept only where it is small and stays inside the bounds."""
    values = linalg.eigvalsh(hessian)
    if values[0] <= 1e-8 * values[-1]:
        return point
    step = np.zeros_like(point)
    step[free] = -linalg.solve(hessian, gradient[free], assume_a="pos")
    small = np.all(np.abs(step[free]) < 0.01 * np.sqrt(np.diag(linalg.inv(hessian))))
    inside = np.all((point + step)[fixed:][free[fixed:]] > 2 * FLOOR)
    return point + step if small and inside else point

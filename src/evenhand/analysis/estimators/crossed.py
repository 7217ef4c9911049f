"""Contrasts between factor levels where profiles are crossed, or each item meets a fraction of them.

Estimand: the difference in mean score, on the scale of the scores, between two levels of a profile factor, the other
factors held, over items and profiles of the populations the audited ones stand for. Sampling units are items and
profiles, both.

The estimate is a least-squares coefficient with every item's own mean absorbed. Its variance has a part from items
reacting differently to the contrast (item slope), one from profiles that differ beyond their factors, and a residual,
all found by the method of moments (`evenhand.analysis.estimators.moments`). In a complete crossing that is the quasi-F
of the contrast.

References:
    Clark (1973), J. Verbal Learning and Verbal Behavior 12:335-359. Barr et al. (2013), J. Memory and Language
    68:255-278 (why the item slope must be there).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from evenhand.analysis.estimators.equivalence import ITEM_REACTION, Sampled
from evenhand.analysis.estimators.estimate import Component, Estimate, EstimateSpec, infer
from evenhand.analysis.estimators.influence import influence
from evenhand.analysis.estimators.moments import MomentVariance, moment_variance
from evenhand.analysis.estimators.random_terms import RandomTerm, tally
from evenhand.analysis.estimators.skewness import third_cumulant
from evenhand.errors import TableError

__all__ = [
    "CrossedContrast",
    "CrossedScores",
    "cell_means",
    "dummies",
    "interaction_contrast",
    "item_coefficient",
    "level_contrast",
    "profile_contrast",
]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
_TINY = 1e-12
_ALIKE = 1e-10
"""Share of the largest score up to which what a fit leaves over is its rounding."""


class CrossedScores(Struct, frozen=True, kw_only=True):
    """Mean scores of (item, profile) cells."""

    score: Array
    item: Codes
    profile: Codes
    """0-based code, the index into the profile-level arrays of a contrast."""
    weight: Array | None = None
    """Replicates behind each mean; None: one. Kept for the caller, the contrasts weigh cells alike."""
    covariates: Array | None = None
    """Shape (cells, covariates): numbers that contrasts are adjusted for; None: there are none."""


class CrossedContrast(Estimate, frozen=True, kw_only=True):
    """A difference between levels, or an interaction."""

    items: int
    profiles: int
    cells: int


def cell_means(score: Array, *, item: Codes, profile: Codes, covariates: Array | None = None) -> CrossedScores:
    """Average trials, and their covariates, to one row per (item, profile); NaN scores are left out."""
    known = ~np.isnan(score)
    width = int(profile.max(initial=0)) + 1
    index, inverse, counts = np.unique(item[known] * width + profile[known], return_inverse=True, return_counts=True)
    cell = inverse.reshape(-1)
    means = tally(cell, weights=score[known], levels=index.size) / np.maximum(counts, 1)
    adjusted: Array | None = None
    if covariates is not None and covariates.shape[1]:
        sums = [tally(cell, weights=column[known], levels=index.size) for column in covariates.T]
        adjusted = np.column_stack(sums) / np.maximum(counts, 1)[:, None]
    return CrossedScores(
        score=means,
        item=index // width,
        profile=index % width,
        weight=counts.astype(np.float64),
        covariates=adjusted,
    )


def dummies(levels: Codes, *, reference: int = 0) -> Array:
    """Treatment-coded columns of a factor, one for each level that occurs but the reference."""
    columns = [(levels == level).astype(np.float64) for level in np.unique(levels) if level != reference]
    return np.column_stack(columns) if columns else np.empty((levels.size, 0))


def level_contrast(
    scores: CrossedScores,
    *,
    levels: Codes,
    level: int,
    reference: int,
    nuisance: Array | None = None,
    spec: EstimateSpec | None = None,
) -> CrossedContrast:
    """Mean score at `level` minus mean score at `reference`.

    Args:
        scores: Cell means.
        levels: The factor's level of every profile.
        level: The level of interest.
        reference: The level it is compared with. Profiles at neither are left out.
        nuisance: Columns of the other factors, one row per profile (see `dummies`).
        spec: What to state.

    Raises:
        TableError: One of the two levels has no scores, or the contrast cannot be told from `nuisance`.
    """
    x = np.full(levels.size, np.nan)
    x[levels == level] = 0.5
    x[levels == reference] = -0.5
    return profile_contrast(scores, x=x, nuisance=nuisance, spec=spec)


def interaction_contrast(
    scores: CrossedScores,
    *,
    first: Codes,
    second: Codes,
    pairs: tuple[tuple[int, int], tuple[int, int]],
    nuisance: Array | None = None,
    spec: EstimateSpec | None = None,
) -> CrossedContrast:
    """How much the difference of the first factor changes between two levels of the second.

    Args:
        scores: Cell means.
        first: The first factor's level of every profile.
        second: The second factor's.
        pairs: (level, reference) of the first factor and of the second.
        nuisance: Columns of the other factors; the two main effects are added here.
        spec: What to state.

    Raises:
        TableError: As `level_contrast`.
    """
    coded = []
    for levels, (level, reference) in zip((first, second), pairs, strict=True):
        x = np.full(levels.size, np.nan)
        x[levels == level] = 0.5
        x[levels == reference] = -0.5
        coded.append(x)
    mains = np.column_stack(coded)
    others = np.nan_to_num(mains) if nuisance is None else np.column_stack([np.nan_to_num(mains), nuisance])
    # Coded +-1/2 each, the product's coefficient is the difference of differences.
    return profile_contrast(scores, x=coded[0] * coded[1], nuisance=others, spec=spec)


def profile_contrast(
    scores: CrossedScores, *, x: Array, nuisance: Array | None = None, spec: EstimateSpec | None = None
) -> CrossedContrast:
    """Least-squares coefficient of a profile covariate, with item means absorbed.

    Args:
        scores: Cell means.
        x: The covariate of every profile; NaN leaves a profile out. Coded -1/2 and +1/2 its coefficient is a
            difference.
        nuisance: Further profile columns to hold, one row per profile.
        spec: What to state.

    Raises:
        TableError: Fewer than two profiles or one item have scores, or the covariate cannot be told from the items and
            `nuisance`.
    """
    spec = EstimateSpec() if spec is None else spec
    used = ~np.isnan(scores.score) & ~np.isnan(x[scores.profile])
    profile_ids, profile = np.unique(scores.profile[used], return_inverse=True)
    item_ids, item = np.unique(scores.item[used], return_inverse=True)
    if profile_ids.size < 2 or np.ptp(x[profile_ids]) == 0:
        raise TableError(
            f"The contrast needs scored profiles on both sides; {profile_ids.size} profile(s) with the values "
            f"{np.unique(x[profile_ids]).tolist()!r} have scores."
        )
    y = scores.score[used]
    columns = np.empty((profile_ids.size, 0)) if nuisance is None else nuisance[profile_ids]
    held = columns[profile]
    if scores.covariates is not None:
        held = np.column_stack([held, scores.covariates[used]])
    items = RandomTerm(name="item", codes=item, levels=item_ids.size)
    covariate = x[scores.profile[used]]
    weights, residual = item_coefficient(y, covariate, held, items)
    estimate = float(weights @ y)
    counts = (int(item_ids.size), int(profile_ids.size), int(y.size))
    if float(np.abs(residual).max()) <= _ALIKE * float(np.abs(y).max()):
        return _degenerate(estimate, counts, spec, span=float(np.ptp(x[profile_ids])))
    groups = [RandomTerm(name="profile", codes=profile, levels=profile_ids.size)]
    if item_ids.size > 1:
        groups.insert(0, RandomTerm(name="item slope", codes=item, levels=item_ids.size, covariate=covariate))
    dense = _independent(np.column_stack([covariate, held]), items)
    moments = moment_variance(residual, weights=weights, groups=groups, fixed=[items], covariates=dense)
    inference = infer(estimate, se=math.sqrt(moments.variance), df=moments.df, spec=spec)
    parts, share = weights * residual, weights * covariate
    return CrossedContrast(
        estimate=estimate,
        se=math.sqrt(moments.variance),
        df=moments.df,
        low=inference.low,
        high=inference.high,
        p=inference.p,
        confidence=spec.confidence,
        smallest_detectable=inference.smallest_detectable,
        components=moments.components,
        degenerate=False,
        notes=_notes(moments, counts),
        third=third_cumulant(parts, groups=(profile, item)),
        units=_units(counts),
        sampled=_sampled(counts[0], span=float(np.ptp(x[profile_ids]))),
        by_item=influence(parts, share=share, estimate=estimate, codes=item),
        by_unit=influence(parts, share=share, estimate=estimate, codes=profile),
        items=counts[0],
        profiles=counts[1],
        cells=counts[2],
    )


def _demeaned(columns: Array, items: RandomTerm) -> Array:
    counts = np.maximum(tally(items.codes, weights=None, levels=items.levels), 1.0)
    means = items.scatter(columns) / (counts if columns.ndim == 1 else counts[:, None])
    result: Array = columns - means[items.codes]
    return result


def _independent(columns: Array, items: RandomTerm) -> Array:
    """Columns that add something to the item means and to the columns before them; the first is always kept."""
    inner = _demeaned(columns, items)
    kept, basis = [0], [inner[:, 0] / _length(inner[:, 0])]
    for index in range(1, columns.shape[1]):
        rest = inner[:, index].copy()
        for direction in basis:
            rest -= direction * (direction @ rest)
        size = _length(rest)
        if size > 1e-8 * max(_length(columns[:, index]), _TINY):
            kept.append(index)
            basis.append(rest / size)
    return columns[:, kept]


def _length(vector: Array) -> float:
    return math.sqrt(float(vector @ vector))


def item_coefficient(y: Array, x: Array, nuisance: Array, items: RandomTerm) -> tuple[Array, Array]:
    """Weights of the least-squares coefficient of x and the residuals of the whole fit."""
    inner_x, inner_y = _demeaned(x, items), _demeaned(y, items)
    inner_n = _demeaned(nuisance, items)
    if inner_n.shape[1]:
        fitted = inner_n @ np.linalg.lstsq(inner_n, np.column_stack([inner_x, inner_y]), rcond=1e-10)[0]
        inner_x, inner_y = inner_x - fitted[:, 0], inner_y - fitted[:, 1]
    size = float(inner_x @ inner_x)
    if size <= 1e-10 * float(x @ x):
        raise TableError(
            "The contrast cannot be told from the items and the other factors: within every item all scored profiles "
            "have the same level, or another factor moves with it. Ask each item of profiles on both sides."
        )
    weights: Array = inner_x / size
    return weights, inner_y - inner_x * float(weights @ inner_y)


def _notes(moments: MomentVariance, counts: tuple[int, int, int]) -> tuple[str, ...]:
    notes = []
    if counts[0] == 1:
        notes.append("There is a single item, so the result holds for this item only.")
    confounded = [part.name for part in moments.components if part.variance is None]
    if confounded:
        notes.append(f"The design cannot tell the components {', '.join(confounded)} apart.")
    if not moments.estimable:
        notes.append("The design is too sparse to find the variance without assumption; the standard error may be low.")
    return tuple(notes)


def _sampled(items: int, *, span: float) -> tuple[Sampled, ...]:
    """Items; the profiles of a crossing are all the combinations there are, and none of them is unseen."""
    return (Sampled(of="item", number=items, reaction=ITEM_REACTION / span),) if items > 1 else ()


def _units(counts: tuple[int, int, int]) -> int:
    """The smaller of items and profiles per level; a single item is no sample."""
    return max(1, min(counts[0], counts[1] // 2) if counts[0] > 1 else counts[1] // 2)


def _degenerate(estimate: float, counts: tuple[int, int, int], spec: EstimateSpec, *, span: float) -> CrossedContrast:
    zero = abs(estimate) <= _TINY
    value = 0.0 if zero else estimate
    units = _units(counts)
    return CrossedContrast(
        estimate=value,
        se=0.0,
        df=None,
        low=value,
        high=value,
        p=1.0 if zero else min(1.0, 2.0 ** (1 - units)),
        confidence=spec.confidence,
        smallest_detectable=None,
        components=tuple(Component(name=name, variance=0.0, sd=0.0) for name in ("item slope", "profile", "residual")),
        degenerate=True,
        units=units,
        sampled=_sampled(counts[0], span=span),
        notes=("The scores show no variation beyond item and level means, so that the interval is the point itself.",),
        items=counts[0],
        profiles=counts[1],
        cells=counts[2],
    )

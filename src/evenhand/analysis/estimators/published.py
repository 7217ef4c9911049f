"""The published analysis, for comparison only: a binomial model with random intercepts for items and nothing else.

Estimand: as `evenhand.analysis.estimators.binomial_mixed`, but items are the only units that vary. Answers of the same
profile are then treated as if they were independent, and the variational standard errors are too small besides: on null
data of the study's shape this analysis calls far more than the nominal share of effects significant
(docs/methods/mixed-models.md). It is given next to ours so that published numbers can be compared, and never decides
anything.

References:
    Fang et al. (2025), arXiv 2510.09905. statsmodels ``BinomialBayesMixedGLM`` (mean-field variational Bayes).
"""

from __future__ import annotations

import importlib

import numpy as np
import numpy.typing as npt
from scipy import sparse

from evenhand.analysis.estimators.binomial_mixed import (
    BinomialCells,
    BinomialFit,
    BinomialSpec,
    FixedEffect,
    fit_binomial,
    two_sided,
    upper_quantile,
)
from evenhand.errors import TableError

__all__ = ["item_only_bayes", "item_only_likelihood"]

Array = npt.NDArray[np.float64]


def item_only_bayes(
    successes: Array,
    *,
    design: Array,
    names: tuple[str, ...],
    item: npt.NDArray[np.int64],
    confidence: float = 0.95,
) -> tuple[FixedEffect, ...]:
    """Posterior means and SDs of the fixed effects, with p-values as the study made them (normal, mean over SD).

    Args:
        successes: 0 or 1, one row per trial.
        design: Fixed-effect columns, intercept included.
        names: Names of the columns.
        item: Item of each row.
        confidence: Coverage of the nominal intervals.

    Raises:
        TableError: An outcome is not 0 or 1.
    """
    if not np.isin(successes, (0.0, 1.0)).all():
        raise TableError("The published model needs outcomes of 0 or 1, one row per trial; use the linear model.")
    levels = int(item.max()) + 1
    rows = np.arange(item.size)
    indicators = sparse.csr_matrix((np.ones(item.size), (rows, item)), shape=(item.size, levels))
    # statsmodels takes most of a second to import and is needed here alone.
    module = importlib.import_module("statsmodels.genmod.bayes_mixed_glm")
    model = module.BinomialBayesMixedGLM(successes, design, indicators, np.zeros(levels, dtype=np.int64))
    # The start is random by default; a fixed one makes the result repeatable.
    start = np.zeros(design.shape[1] + 1 + levels)
    result = model.fit_vb(mean=start, sd=np.full(start.size, 0.3))
    width = upper_quantile(confidence, df=None)
    effects = []
    for name, mean, sd in zip(names, result.fe_mean, result.fe_sd, strict=True):
        effects.append(
            FixedEffect(
                name=name,
                estimate=float(mean),
                se=float(sd),
                se_adjusted=float(sd),
                df=None,
                low=float(mean - width * sd),
                high=float(mean + width * sd),
                p=two_sided(float(abs(mean) / sd), df=None),
            )
        )
    return tuple(effects)


def item_only_likelihood(cells: BinomialCells, *, item: str = "item", confidence: float = 0.95) -> BinomialFit:
    """The same model by maximum likelihood: items alone vary, normal intervals.

    Args:
        cells: Counts; random terms other than `item` are dropped.
        item: Name of the item term.
        confidence: Coverage of the nominal intervals.

    Raises:
        TableError: No term is named `item`, or as `fit_binomial`.
    """
    terms = tuple(part for part in cells.terms if part.name == item and part.covariate is None)
    if not terms:
        raise TableError(f"No random term is named {item!r}; the terms are {[part.name for part in cells.terms]!r}.")
    reduced = BinomialCells(
        successes=cells.successes, trials=cells.trials, design=cells.design, names=cells.names, terms=terms
    )
    return fit_binomial(reduced, spec=BinomialSpec(unit=None, confidence=confidence))

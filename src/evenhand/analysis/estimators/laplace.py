"""The Laplace approximation of a binomial mixed model's likelihood, with its exact gradient.

For fixed effects ``beta`` and variances ``tau`` the random effects are integrated out by Laplace's method at their
conditional modes (Breslow and Clayton 1993; Bates et al. 2015), the criterion of ``lme4::glmer`` with ``nAGQ = 1``.
Everything is written in variances, not in standard deviations: the likelihood is even in a standard deviation, so zero
is always a stationary point there, while the derivative in the variance says at zero whether the term is needed.

With ``V = W^-1 + Z diag(tau) Z'``, ``r = k - n p`` at the modes, ``c`` half the derivative of the log determinant in
the linear predictor and ``c~ = V^-1 W^-1 c``, the gradient of the negative log-likelihood is

    d/d beta  = X' (c~ - r)
    d/d tau_j = -|Z_j' r|^2 / 2 + tr(Z_j' V^-1 Z_j) / 2 + (Z_j' c~)' (Z_j' r)

which is finite and correct at ``tau_j = 0`` too. A term with one row a level (the cell) only adds ``tau`` to the
diagonal of ``V`` and costs nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import special

from evenhand.analysis.estimators.random_terms import CrossedTerms, Factorisation, Gram, RandomTerm

__all__ = ["CEILING", "FLOOR", "RIDGE", "Evaluation", "LaplaceLikelihood"]

Array = npt.NDArray[np.float64]
FLOOR = 1e-9
"""Smallest variance at which the criterion is evaluated; a term at the floor is reported as zero."""
CEILING = 400.0
"""Largest variance worth trying: an SD of 20 in log-odds, reached only where answers are separated."""
RIDGE = 1e-6
"""Weight of |beta|^2 / 2 and of the variances in the criterion. It moves estimates by about 1e-6 and keeps them finite
where the data have no finite maximum (all answers alike, separation)."""
_MAX_STEPS = 60
_TOLERANCE = 1e-8


class Evaluation(Struct, frozen=True):
    """The criterion at one point."""

    value: float
    """Negative log-likelihood."""
    gradient: Array
    """In (beta, tau)."""
    information: Array
    """Approximate information in (beta, tau), for scaling steps; its fixed-effect block is zero where not asked for."""


class _State(Struct, frozen=True):
    """The conditional modes: ``a = V^-1 (working response - X beta)``, its sums per level, and what follows."""

    dual: Array
    sums: Array
    eta: Array
    penalised: float


class LaplaceLikelihood:
    """Negative Laplace log-likelihood of counts given fixed and crossed random effects.

    Args:
        successes: Successes per row.
        trials: Trials per row.
        design: Fixed-effect columns, shape (rows, p).
        terms: Random terms. One with a level of its own for every row is handled apart.
    """

    def __init__(self, successes: Array, trials: Array, design: Array, terms: tuple[RandomTerm, ...]) -> None:
        self.successes, self.trials, self.design = successes, trials, design
        self.rowwise = next((i for i, part in enumerate(terms) if _is_rowwise(part) and len(terms) > 1), None)
        self.dense = [i for i in range(len(terms)) if i != self.rowwise]
        self.crossing = CrossedTerms([terms[i] for i in self.dense])
        self.fixed = design.shape[1]
        self.count = len(terms)
        self.constant = float(
            np.sum(
                special.gammaln(trials + 1) - special.gammaln(successes + 1) - special.gammaln(trials - successes + 1)
            )
        )
        self._dual = np.zeros(successes.size)
        self._sums = np.zeros(self.crossing.size)

    def penalty(self, point: Array) -> float:
        """What the ridge adds to the value."""
        return RIDGE * (0.5 * float(point[: self.fixed] @ point[: self.fixed]) + float(point[self.fixed :].sum()))

    def split(self, point: Array) -> tuple[Array, Array, float]:
        """Fixed effects, variances of the dense terms (in the crossing's order), variance of the rowwise term."""
        tau = np.maximum(point[self.fixed :], FLOOR)
        dense = np.array([tau[self.dense[i]] for i in self.crossing.order])
        return point[: self.fixed], dense, 0.0 if self.rowwise is None else float(tau[self.rowwise])

    def _state(self, base: Array, variance: Array, extra: float, dual: Array, sums: Array) -> _State:
        effects = variance * sums
        eta = base + self.crossing.gather(effects)
        penalty = float(effects @ sums)
        if extra:
            eta = eta + extra * dual
            penalty += extra * float(dual @ dual)
        loss = float(self.trials @ np.logaddexp(0.0, eta) - self.successes @ eta)
        return _State(dual, sums, eta, loss + 0.5 * penalty)

    def _solve_v(self, rows: Array, weights: Array, scale: Array, factor: Factorisation) -> Array:
        """``V^-1 x`` given ``rows = W~ x``."""
        inner = factor.solve(scale * self.crossing.scatter(rows))
        return rows - weights * self.crossing.gather(scale * inner)

    def _factor(self, state: _State, scale: Array, extra: float) -> tuple[Array, Array, Array, Gram, Factorisation]:
        probability = special.expit(state.eta)
        weights = self.trials * probability * (1.0 - probability)
        shrunk = weights / (1.0 + extra * weights) if extra else weights
        gram = self.crossing.gram(shrunk)
        return probability, weights, shrunk, gram, self.crossing.factor(gram, scale)

    def _modes(self, base: Array, variance: Array, extra: float) -> _State:
        """Penalised iteratively reweighted least squares with step halving, started at the last modes."""
        scale = np.sqrt(variance)
        state = self._state(base, variance, extra, self._dual, self._sums)
        null = float(self.trials @ np.logaddexp(0.0, base) - self.successes @ base)
        if state.penalised > null:
            state = _State(np.zeros_like(self._dual), np.zeros_like(self._sums), base, null)
        for _ in range(_MAX_STEPS):
            probability, weights, shrunk, _, factor = self._factor(state, scale, extra)
            working = weights * (state.eta - base) + self.successes - self.trials * probability
            dual = self._solve_v(working / (1.0 + extra * weights), shrunk, scale, factor)
            sums = self.crossing.scatter(dual)
            proposal = self._state(base, variance, extra, dual, sums)
            share = 1.0
            while proposal.penalised > state.penalised + 1e-9 * (1.0 + abs(state.penalised)) and share > 1e-6:
                share *= 0.5
                proposal = self._state(
                    base,
                    variance,
                    extra,
                    state.dual + share * (dual - state.dual),
                    state.sums + share * (sums - state.sums),
                )
            change = float(np.max(np.abs(proposal.eta - state.eta)))
            state = proposal
            if change**2 < _TOLERANCE:
                # Newton's method is quadratic: the next change would be of the order of this one squared.
                break
        self._dual, self._sums = state.dual, state.sums
        return state

    def modes(self, point: Array) -> list[Array]:
        """Conditional modes of every term, in the order given, on the log-odds scale."""
        beta, dense, extra = self.split(point)
        variance = self.crossing.spread(dense)
        state = self._modes(self.design @ beta, variance, extra)
        effects = variance * state.sums
        parts = self.crossing.by_input([effects[where] for where in self.crossing.slices])
        if self.rowwise is not None:
            parts.insert(self.rowwise, extra * state.dual)
        return parts

    def slope(self, point: Array) -> Evaluation:
        """As `evaluate`, without the costly part of the information."""
        return self.evaluate(point, scaled=False)

    def evaluate(self, point: Array, *, scaled: bool = True) -> Evaluation:
        """Value, gradient and, where `scaled`, the approximate information at (beta, tau)."""
        beta, dense, extra = self.split(point)
        variance = self.crossing.spread(dense)
        scale = np.sqrt(variance)
        state = self._modes(self.design @ beta, variance, extra)
        probability, weights, shrunk, _, factor = self._factor(state, scale, extra)
        residual = self.successes - self.trials * probability
        value = state.penalised + 0.5 * factor.logdet - self.constant + self.penalty(point)
        if extra:
            value += 0.5 * float(np.log1p(extra * weights).sum())

        inverse = factor.inverse()
        leverage = self.crossing.leverage(inverse, scale)
        damping = 1.0 + extra * weights
        posterior = extra / damping + leverage / damping**2
        half = 0.5 * posterior * (1.0 - 2.0 * probability) * weights
        curved = self._solve_v(half / damping, shrunk, scale, factor)
        gradient = np.empty(self.fixed + self.count)
        gradient[: self.fixed] = self.design.T @ (curved - residual) + RIDGE * beta
        information = np.zeros((gradient.size, gradient.size))
        if scaled:
            information[: self.fixed, : self.fixed] = self._fixed_information(shrunk, scale, factor)
            information[np.diag_indices(self.fixed)] += RIDGE

        residual_sums, curved_sums = self.crossing.scatter(residual), self.crossing.scatter(curved)
        shrinkage = 1.0 - inverse.diagonal()
        for position, where in enumerate(self.crossing.slices):
            index = self.fixed + self.dense[self.crossing.order[position]]
            part = residual_sums[where]
            traces = shrinkage[where] / dense[position]
            gradient[index] = -0.5 * part @ part + 0.5 * traces.sum() + curved_sums[where] @ part + RIDGE
            information[index, index] = 0.5 * traces @ traces
        if self.rowwise is not None:
            index = self.fixed + self.rowwise
            traces = shrunk - shrunk**2 * leverage
            gradient[index] = -0.5 * residual @ residual + 0.5 * traces.sum() + curved @ residual + RIDGE
            information[index, index] = 0.5 * traces @ traces
        return Evaluation(value, gradient, information)

    def _fixed_information(self, shrunk: Array, scale: Array, factor: Factorisation) -> Array:
        """``X' V^-1 X``."""
        weighted = shrunk[:, None] * self.design
        sums = scale[:, None] * self.crossing.scatter(weighted)
        information: Array = self.design.T @ weighted - sums.T @ factor.solve(sums)
        return information


def _is_rowwise(part: RandomTerm) -> bool:
    return part.covariate is None and part.levels == part.codes.size

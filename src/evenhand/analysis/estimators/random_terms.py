"""Crossed random terms: the matrix algebra that the mixed models share.

A random term is a grouping (item, profile, cell) with one effect per level, either an intercept or the slope of a
covariate. All of them together make the random part ``Z b`` of a linear predictor, ``b ~ N(0, diag(tau))``. With
weights ``W`` the models need the factor of ``H = I + L Z'WZ L``, ``L = diag(sqrt(tau))``. One term's block of ``Z'WZ``
is diagonal, so the term with most levels is eliminated first and only the others are held as a dense matrix
(the Schur complement). Cost is thus cubic in the smaller terms alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import linalg

from evenhand.errors import TableError

__all__ = ["CrossedTerms", "Factorisation", "Gram", "RandomTerm", "tally", "term"]

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


class RandomTerm(Struct, frozen=True, kw_only=True):
    """One grouping with a random effect a level."""

    name: str
    codes: Codes
    """Level of every row, 0-based."""
    levels: int
    covariate: Array | None = None
    """None: a random intercept. Otherwise the covariate whose slope varies over the levels (uncorrelated with the
    intercepts: centre it, for example as -1/2 and +1/2)."""

    def scatter(self, rows: Array) -> Array:
        """``Z' rows``: sums by level, shape (levels,) or (levels, columns)."""
        weighted = rows if self.covariate is None else (self.covariate * rows.T).T
        if weighted.ndim == 1:
            return tally(self.codes, weights=weighted, levels=self.levels)
        sums = np.zeros((self.levels, weighted.shape[1]))
        for index, column in enumerate(weighted.T):
            sums[:, index] = tally(self.codes, weights=column, levels=self.levels)
        return sums

    def squares(self) -> Array:
        """Diagonal of ``Z'Z``: rows of each level, or sums of squares of the covariate."""
        weights = None if self.covariate is None else self.covariate**2
        return tally(self.codes, weights=weights, levels=self.levels)


def term(name: str, codes: npt.ArrayLike, *, covariate: npt.ArrayLike | None = None) -> RandomTerm:
    """A random term from raw codes, which are renumbered so that every level occurs.

    Args:
        name: The name under which results show it.
        codes: Any integer or string label a row.
        covariate: See `RandomTerm`.
    """
    _, inverse = np.unique(np.asarray(codes), return_inverse=True)
    renumbered = np.asarray(inverse, dtype=np.int64).reshape(-1)
    slope = None if covariate is None else np.asarray(covariate, dtype=np.float64)
    return RandomTerm(name=name, codes=renumbered, levels=int(renumbered.max(initial=-1)) + 1, covariate=slope)


def tally(codes: Codes, *, weights: Array | None, levels: int) -> Array:
    """Sums of `weights` (counts where None) by code."""
    sums: Array = np.bincount(codes, weights=weights, minlength=levels).astype(np.float64, copy=False)
    return sums


class Gram(Struct, frozen=True):
    """``Z'WZ`` in blocks: the eliminated term's diagonal, its border, and the rest."""

    diagonal: Array
    border: Array
    rest: Array


class Factorisation(Struct, frozen=True):
    """The factor of ``H = I + L Z'WZ L``."""

    logdet: float
    diagonal: Array
    scaled_border: Array
    """Border divided by the diagonal, ``D^-1 B``."""
    lower: Array
    """Cholesky factor of the Schur complement."""

    def solve(self, vector: Array) -> Array:
        """``H^-1 vector``; a matrix is solved by column."""
        first, second = vector[: self.diagonal.size], vector[self.diagonal.size :]
        scaled = first / (self.diagonal if first.ndim == 1 else self.diagonal[:, None])
        if not second.size:
            return scaled
        reduced = second - self.scaled_border.T @ first
        tail = linalg.cho_solve((self.lower, True), reduced, check_finite=False)
        return np.concatenate([scaled - self.scaled_border @ tail, tail])

    def inverse(self) -> tuple[Array, Array, Array]:
        """Blocks of ``H^-1``: the eliminated term's diagonal, its border, and the rest."""
        if not self.lower.size:
            return 1.0 / self.diagonal, self.scaled_border, self.lower
        rest = linalg.cho_solve((self.lower, True), np.eye(self.lower.shape[0]), check_finite=False)
        border = self.scaled_border @ rest
        diagonal = 1.0 / self.diagonal + np.einsum("ij,ij->i", border, self.scaled_border)
        return diagonal, -border, rest


class CrossedTerms:
    """All random terms of a model, with the one of most levels placed first.

    Effects of all terms are in one vector of length `size`, in the order of `order`.
    """

    def __init__(self, terms: Sequence[RandomTerm]) -> None:
        if not terms:
            raise TableError("A mixed model needs at least one random term, got none; name the item column.")
        self.order = sorted(range(len(terms)), key=lambda index: -terms[index].levels)
        self.terms = [terms[index] for index in self.order]
        self.rows = self.terms[0].codes.size
        bounds = np.concatenate([[0], np.cumsum([part.levels for part in self.terms])])
        self.slices = [slice(int(low), int(high)) for low, high in itertools.pairwise(bounds)]
        self.size = int(bounds[-1])
        self.head = self.terms[0].levels
        self._pairs = [
            (s, t, self.terms[s].codes * self.terms[t].levels + self.terms[t].codes, self._product(s, t))
            for s in range(len(self.terms))
            for t in range(s + 1, len(self.terms))
        ]

    def _product(self, s: int, t: int) -> Array | None:
        first, second = self.terms[s].covariate, self.terms[t].covariate
        if first is None or second is None:
            return second if first is None else first
        return first * second

    def by_input(self, values: Sequence[Array]) -> list[Array]:
        """Values in the order of the terms as they were given."""
        given = dict(zip(self.order, values, strict=True))
        return [given[index] for index in range(len(values))]

    def scatter(self, rows: Array) -> Array:
        """``Z' rows``."""
        return np.concatenate([part.scatter(rows) for part in self.terms])

    def gather(self, effects: Array) -> Array:
        """``Z effects``, one number per row."""
        total = np.zeros(self.rows)
        for part, where in zip(self.terms, self.slices, strict=True):
            values = effects[where][part.codes]
            total += values if part.covariate is None else values * part.covariate
        return total

    def spread(self, variances: Array) -> Array:
        """A value a term repeated for each of its levels."""
        return np.repeat(variances, [part.levels for part in self.terms])

    def gram(self, weights: Array) -> Gram:
        """``Z'WZ`` for row weights."""
        full = np.zeros((self.size - self.head, self.size - self.head))
        border = np.zeros((self.head, self.size - self.head))
        diagonals = []
        for part in self.terms:
            squared = weights if part.covariate is None else weights * part.covariate**2
            diagonals.append(tally(part.codes, weights=squared, levels=part.levels))
        np.fill_diagonal(full, np.concatenate([*diagonals[1:], np.empty(0)]))
        for s, t, index, product in self._pairs:
            values = weights if product is None else weights * product
            shape = (self.terms[s].levels, self.terms[t].levels)
            block = tally(index, weights=values, levels=shape[0] * shape[1]).reshape(shape)
            column = slice(self.slices[t].start - self.head, self.slices[t].stop - self.head)
            if s == 0:
                border[:, column] = block
            else:
                row = slice(self.slices[s].start - self.head, self.slices[s].stop - self.head)
                full[row, column] = block
                full[column, row] = block.T
        return Gram(diagonals[0], border, full)

    def factor(self, gram: Gram, scale: Array) -> Factorisation:
        """Factor of ``I + L G L``; `scale` is the diagonal of ``L``, one value an effect."""
        head, tail = scale[: self.head], scale[self.head :]
        diagonal = 1.0 + head**2 * gram.diagonal
        border = (head[:, None] * gram.border) * tail
        scaled = border / diagonal[:, None]
        schur = (tail[:, None] * gram.rest) * tail - scaled.T @ border
        schur[np.diag_indices_from(schur)] += 1.0
        lower = linalg.cholesky(schur, lower=True, check_finite=False) if schur.size else schur
        logdet = float(np.log(diagonal).sum() + 2.0 * np.log(np.diag(lower)).sum())
        return Factorisation(logdet, diagonal, scaled, lower)

    def leverage(self, inverse: tuple[Array, Array, Array], scale: Array) -> Array:
        """Diagonal of ``Z L H^-1 L Z'``: each row's conditional variance of the random part."""
        head, tail = scale[: self.head], scale[self.head :]
        diagonal = inverse[0] * head**2
        border = (head[:, None] * inverse[1]) * tail
        rest = (tail[:, None] * inverse[2]) * tail
        total = np.zeros(self.rows)
        for position, part in enumerate(self.terms):
            where = self.slices[position]
            own = diagonal if position == 0 else np.diag(rest)[where.start - self.head : where.stop - self.head]
            values = own[part.codes]
            total += values if part.covariate is None else values * part.covariate**2
        for s, t, index, product in self._pairs:
            column = slice(self.slices[t].start - self.head, self.slices[t].stop - self.head)
            if s == 0:
                block = border[:, column]
            else:
                block = rest[self.slices[s].start - self.head : self.slices[s].stop - self.head, column]
            values = 2.0 * np.ascontiguousarray(block).reshape(-1)[index]
            total += values if product is None else values * product
        return total

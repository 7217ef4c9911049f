"""Crossed random terms: the matrix algebra that the mixed models share.

A random term is a grouping (item, profile, cell) with one effect per level, either an intercept or the slope of a
covariate. All of them together make the random part ``Z b`` of a linear predictor, ``b ~ N(0, diag(tau))``. With
weights ``W`` the models need the factor of ``H = I + L Z'WZ L``, ``L = diag(sqrt(tau))``. Effects of different
levels of one grouping meet in no row, so the block of its terms (an intercept and its slopes) is a small matrix per
level. The grouping with most levels is eliminated first, level by level, and only the others are held as a dense matrix
(the Schur complement). Cost is thus cubic in the smaller groupings alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import linalg

from evenhand.errors import TableError

__all__ = ["CrossedTerms", "Factorisation", "Gram", "InverseBlocks", "RandomTerm", "tally", "term"]

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
    """``Z'WZ`` in blocks."""

    own: Array
    """Of the eliminated grouping, shape (terms, terms, levels)."""
    border: Array
    """Between its effects and the others."""
    rest: Array
    """Of the others, dense."""


class InverseBlocks(Struct, frozen=True):
    """``H^-1`` in the blocks of `Gram`."""

    own: Array
    border: Array
    rest: Array

    def diagonal(self) -> Array:
        """Its diagonal, in the order of the effects."""
        return np.concatenate([*np.einsum("iil->il", self.own), np.diag(self.rest)])


def _each_level(blocks: Array, effects: Array) -> Array:
    """A matrix per level times the effects of that level; `effects` are a vector, or columns of them."""
    terms, levels = blocks.shape[1:]
    if terms == 1:
        scaled: Array = (blocks[0, 0] * effects.T).T
        return scaled
    by_term = effects.reshape(terms, levels, -1)
    summed: Array = np.einsum("ijl,jlc->ilc", blocks, by_term)
    return summed.reshape(effects.shape)


class Factorisation(Struct, frozen=True):
    """The factor of ``H = I + L Z'WZ L``."""

    logdet: float
    own_inverse: Array
    """Inverse of the eliminated grouping's own block, ``D^-1``; shape (terms, terms, levels)."""
    scaled_border: Array
    """``D^-1`` times the border."""
    lower: Array
    """Cholesky factor of the Schur complement."""

    def solve(self, vector: Array) -> Array:
        """``H^-1 vector``; a matrix is solved by column."""
        head = self.scaled_border.shape[0]
        first, second = vector[:head], vector[head:]
        scaled = _each_level(self.own_inverse, first)
        if not second.size:
            return scaled
        reduced = second - self.scaled_border.T @ first
        tail = _solved(self.lower, reduced)
        return np.concatenate([scaled - self.scaled_border @ tail, tail])

    def inverse(self) -> InverseBlocks:
        """``H^-1`` in blocks."""
        if not self.lower.size:
            return InverseBlocks(self.own_inverse, self.scaled_border, self.lower)
        rest = _solved(self.lower, np.eye(self.lower.shape[0]))
        border = self.scaled_border @ rest
        terms, levels = self.own_inverse.shape[1:]
        shape = (terms, levels, rest.shape[0])
        added = np.einsum("ilt,jlt->ijl", border.reshape(shape), self.scaled_border.reshape(shape))
        return InverseBlocks(self.own_inverse + added, -border, rest)


class CrossedTerms:
    """All random terms of a model, with those of the grouping of most levels placed first.

    Effects of all terms are in one vector of length `size`, in the order of `order`.
    """

    def __init__(self, terms: Sequence[RandomTerm]) -> None:
        if not terms:
            raise TableError("A mixed model needs at least one random term, got none; name the item column.")
        most = max(terms, key=lambda part: part.levels)
        together = [np.array_equal(part.codes, most.codes) for part in terms]
        self.order = sorted(range(len(terms)), key=lambda index: (not together[index], -terms[index].levels))
        self.terms = [terms[index] for index in self.order]
        self.rows = self.terms[0].codes.size
        bounds = np.concatenate([[0], np.cumsum([part.levels for part in self.terms])])
        self.slices = [slice(int(low), int(high)) for low, high in itertools.pairwise(bounds)]
        self.size = int(bounds[-1])
        self.first = sum(together)
        """How many terms the eliminated grouping has."""
        self.head = self.first * self.terms[0].levels
        self._pairs = [
            (s, t, self._index(s, t), self._product(s, t))
            for s in range(len(self.terms))
            for t in range(s + 1, len(self.terms))
        ]

    def _index(self, s: int, t: int) -> Codes:
        """For every row, its place in the block of two terms; within the eliminated grouping, its level."""
        if t < self.first:
            return self.terms[s].codes
        return self.terms[s].codes * self.terms[t].levels + self.terms[t].codes

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
        """``Z effects``, one number per row; of a matrix, by column."""
        total = np.zeros((self.rows, *effects.shape[1:]))
        for part, where in zip(self.terms, self.slices, strict=True):
            values = effects[where][part.codes]
            total += values if part.covariate is None else (values.T * part.covariate).T
        return total

    def spread(self, variances: Array) -> Array:
        """A value a term repeated for each of its levels."""
        return np.repeat(variances, [part.levels for part in self.terms])

    def _block(self, s: int, t: int) -> tuple[slice, slice]:
        """Where the block of two terms is: in the border where the first is eliminated, otherwise in the rest."""
        row, column = self.slices[s], self.slices[t]
        start = 0 if s < self.first else self.head
        return slice(row.start - start, row.stop - start), slice(column.start - self.head, column.stop - self.head)

    def gram(self, weights: Array) -> Gram:
        """``Z'WZ`` for row weights."""
        rest = np.zeros((self.size - self.head, self.size - self.head))
        border = np.zeros((self.head, self.size - self.head))
        own = np.empty((self.first, self.first, self.terms[0].levels))
        diagonals = [np.empty(0)]
        for position, part in enumerate(self.terms):
            squared = weights if part.covariate is None else weights * part.covariate**2
            sums = tally(part.codes, weights=squared, levels=part.levels)
            if position < self.first:
                own[position, position] = sums
            else:
                diagonals.append(sums)
        np.fill_diagonal(rest, np.concatenate(diagonals))
        for s, t, index, product in self._pairs:
            values = weights if product is None else weights * product
            if t < self.first:
                own[s, t] = own[t, s] = tally(index, weights=values, levels=self.terms[s].levels)
                continue
            shape = (self.terms[s].levels, self.terms[t].levels)
            block = tally(index, weights=values, levels=shape[0] * shape[1]).reshape(shape)
            row, column = self._block(s, t)
            if s < self.first:
                border[row, column] = block
            else:
                rest[row, column] = block
                rest[column, row] = block.T
        return Gram(own, border, rest)

    def factor(self, gram: Gram, scale: Array) -> Factorisation:
        """Factor of ``I + L G L``; `scale` is the diagonal of ``L``, one value an effect."""
        head, tail = scale[: self.head], scale[self.head :]
        by_term = head.reshape(self.first, -1)
        own = gram.own * by_term[:, None] * by_term
        own[np.diag_indices(self.first)] += 1.0
        own_inverse, own_logdet = _inverted(own)
        border = (head[:, None] * gram.border) * tail
        scaled = _each_level(own_inverse, border)
        schur = (tail[:, None] * gram.rest) * tail - scaled.T @ border
        schur[np.diag_indices_from(schur)] += 1.0
        lower = _cholesky(schur) if schur.size else schur
        logdet = own_logdet + float(2.0 * np.log(np.diag(lower)).sum())
        return Factorisation(logdet, own_inverse, scaled, lower)

    def leverage(self, inverse: InverseBlocks, scale: Array) -> Array:
        """Diagonal of ``Z L H^-1 L Z'``: each row's conditional variance of the random part."""
        head, tail = scale[: self.head], scale[self.head :]
        by_term = head.reshape(self.first, -1)
        own = inverse.own * by_term[:, None] * by_term
        border = (head[:, None] * inverse.border) * tail
        rest = (tail[:, None] * inverse.rest) * tail
        diagonal = np.concatenate([*np.einsum("iil->il", own), np.diag(rest)])
        total = np.zeros(self.rows)
        for part, where in zip(self.terms, self.slices, strict=True):
            values = diagonal[where][part.codes]
            total += values if part.covariate is None else values * part.covariate**2
        for s, t, index, product in self._pairs:
            block = own[s, t] if t < self.first else (border if s < self.first else rest)[self._block(s, t)]
            values = 2.0 * np.ascontiguousarray(block).reshape(-1)[index]
            total += values if product is None else values * product
        return total


def _cholesky(matrix: Array) -> Array:
    """Lower factor; LAPACK is called directly, since the wrappers take longer than these small matrices do."""
    lower, failed = linalg.lapack.dpotrf(matrix, lower=1, clean=1)
    if failed:
        raise linalg.LinAlgError(f"The leading minor of order {failed} is not positive definite.")
    factor: Array = lower
    return factor


def _solved(lower: Array, right: Array) -> Array:
    """``(L L')^-1 right``."""
    solved: Array = linalg.lapack.dpotrs(lower, right, lower=1)[0]
    return solved


def _inverted(own: Array) -> tuple[Array, float]:
    """Inverse of a matrix per level, shape (terms, terms, levels), and the logarithm of their determinants' product."""
    if own.shape[0] == 1:
        return 1.0 / own, float(np.log(own).sum())
    stacked = np.moveaxis(own, -1, 0)
    inverse = np.ascontiguousarray(np.moveaxis(np.linalg.inv(stacked), 0, -1))
    return inverse, float(np.linalg.slogdet(stacked)[1].sum())

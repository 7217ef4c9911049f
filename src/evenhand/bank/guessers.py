"""Readers that never read the situation: how often are they right all the same?

Each guesser sees one thing about the options and learns from other items which kind of option tends to be the key. It
is a conditional logit (McFadden 1974): an option's chance of being the key is the softmax, within its item, of a
weighted sum of its features. Weights are learnt with a ridge and judged on items left out, in ten folds; twins stay in
one fold. A bank whose keys can only be found by reading leaves every guesser near chance.

McFadden, D. (1974). Conditional logit analysis of qualitative choice behavior. In P. Zarembka (Ed.), Frontiers in
Econometrics (pp. 105-142). Academic Press.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Final, Literal, get_args

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from evenhand.records.item import Item, Option

__all__ = ["GUESSERS", "Guess", "Guesser", "guess", "hit_rate"]

Guesser = Literal["words", "label", "form", "echo"]
"""`words`: words and pairs of words of the options; `label`: strategy or emotion; `form`: length and position; `echo`:
words that an option shares with the situation and the question."""
GUESSERS: tuple[Guesser, ...] = get_args(Guesser)

_FOLDS: Final = 10
_RIDGE: Final = 1.0
_MOST: Final = 1_000
"""Items that a guesser is tried on at most: shares are sharp enough by then."""
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_COMMON: Final = frozenset(
    ("a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is", "it", "its", "of", "on", "or")
) | {"that", "the", "this", "to", "was", "with"}

Floats = NDArray[np.float64]
Features = dict[str, float]


class Guess(Struct, frozen=True, kw_only=True):
    """What a guesser makes of one item that it did not learn from."""

    item: str
    hit: float
    """1 where its first choice is the key, 0 where not; a share where several options tie."""
    lead: float
    """How much surer it is of the key than of the best other option, in log odds; negative where it is misled."""
    chance: float


def guess(items: Sequence[Item], guesser: Guesser) -> tuple[Guess, ...]:
    """What the guesser makes of each item, learnt from the other folds.

    Items are few or many, of one kind or several; with fewer than two groups of items there is nothing to learn from
    and the guesser ties everywhere. Of more than 1,000 items a fixed sample is taken.
    """
    ranked = sorted(items, key=lambda item: _hash(item.pair or item.id))[:_MOST]
    places = {group: index % _FOLDS for index, group in enumerate(dict.fromkeys(i.pair or i.id for i in ranked))}
    folds = np.array([places[item.pair or item.id] for item in ranked])
    rows = [[_FEATURES[guesser](item, option) for option in item.options] for item in ranked]
    names = {name: place for place, name in enumerate(dict.fromkeys(n for item in rows for row in item for n in row))}
    found: list[Guess] = []
    for fold in range(_FOLDS):
        learnt, left = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        weights = _learn([rows[i] for i in learnt], [ranked[i].key_position for i in learnt], names)
        found += [_judge(ranked[i], _matrix(rows[i], names) @ weights) for i in left]
    return tuple(found)


def hit_rate(guesses: Sequence[Guess]) -> tuple[float, float]:
    """Share of items that the guesser gets right, and the share that chance would; both NaN without items."""
    if not guesses:
        return float("nan"), float("nan")
    return float(np.mean([one.hit for one in guesses])), float(np.mean([one.chance for one in guesses]))


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _judge(item: Item, scores: Floats) -> Guess:
    key = item.key_position
    best = np.flatnonzero(np.isclose(scores, scores.max(), rtol=0, atol=1e-9))
    others = np.delete(scores, key)
    return Guess(
        item=item.id,
        hit=float(key in best) / len(best),
        lead=float(scores[key] - others.max()),
        chance=1 / len(item.options),
    )


def _matrix(rows: Sequence[Features], names: dict[str, int]) -> csr_matrix:
    places = [(index, names[name], value) for index, row in enumerate(rows) for name, value in row.items()]
    index, column, values = zip(*places, strict=True) if places else ((), (), ())
    return csr_matrix((values, (index, column)), shape=(len(rows), len(names)), dtype=np.float64)


def _learn(items: Sequence[Sequence[Features]], keys: Sequence[int], names: dict[str, int]) -> Floats:
    """Weights of the conditional logit with a ridge; zeros where there is nothing to learn from."""
    if not items or not names:
        return np.zeros(len(names))
    matrix = _matrix([row for item in items for row in item], names)
    sizes = np.array([len(item) for item in items])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    keyed = starts + np.asarray(keys)
    wanted = np.asarray(matrix[keyed].sum(axis=0)).ravel()

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = matrix @ weights
        scores -= np.repeat(np.maximum.reduceat(scores, starts), sizes)
        odds = np.exp(scores)
        totals = np.add.reduceat(odds, starts)
        value = np.sum(np.log(totals)) - np.sum(scores[keyed]) + _RIDGE / 2 * weights @ weights
        slope = matrix.T @ (odds / np.repeat(totals, sizes)) - wanted + _RIDGE * weights
        return float(value), np.asarray(slope)

    found = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return np.asarray(found.x, dtype=np.float64)


def _words(text: str) -> list[str]:
    return [word.casefold().replace("’", "'") for word in _WORD.findall(text)]


def _word_features(_: Item, option: Option) -> Features:
    words = _words(option.text)
    pairs = [f"{one} {two}" for one, two in zip(["^", *words], [*words, "$"], strict=True)]
    return dict.fromkeys([*words, *pairs], 1.0)


def _label_features(_: Item, option: Option) -> Features:
    label = option.strategy or option.emotion
    return {label: 1.0} if label is not None else {}


def _form_features(item: Item, option: Option) -> Features:
    """Position, length beside the item's other options in quarters of their mean, and who is longest or shortest."""
    lengths = {other.id: len(other.text) for other in item.options}
    mean = float(np.mean(list(lengths.values())))
    own = lengths[option.id]
    place = item.options.index(option)
    features = {f"position {place}": 1.0, "length": 4 * (own - mean) / mean, "commas": float(option.text.count(","))}
    features["longest"] = float(own == max(lengths.values()))
    features["shortest"] = float(own == min(lengths.values()))
    return features


def _echo_features(item: Item, option: Option) -> Features:
    words = set(_words(option.text)) - _COMMON
    if not words:
        return {}
    situation, question = set(_words(item.stem)), set(_words(item.question))
    shared = len(words & situation)
    features = {"shared": float(shared), "share": 4 * shared / len(words), "new": float(len(words) - shared)}
    features["question"] = float(len(words & question))
    return features


_FEATURES: dict[Guesser, Callable[[Item, Option], Features]] = {
    "words": _word_features,
    "label": _label_features,
    "form": _form_features,
    "echo": _echo_features,
}

"""What a judge is like: whether it repeats itself, and whether it prefers a position or a length."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from evenhand.bank.agreement import agreement_interval, krippendorff_alpha
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.plan import Plan
from evenhand.records.rubric import Judged, Rater, RaterCheck
from evenhand.scoring.features.sentences import words
from evenhand.scoring.judging.endpoint import judged_of
from evenhand.seeds import stream
from evenhand.store.reading import TrialReader

__all__ = ["RatedAnswer", "known", "rank_correlation", "rated_answers", "rater_checks"]

Floats = NDArray[np.float64]


class RatedAnswer(Struct, frozen=True, kw_only=True):
    """One answer with what the judge said of it."""

    item: str
    words: int
    judged: Judged


def rated_answers(trials: TrialReader) -> Iterator[RatedAnswer]:
    """The answers of a run that were put to the judge."""
    for stored in trials.rows():
        reply = stored.trial.reply
        judged = judged_of(reply) if stored.cell.condition.answer == "text" else None
        if reply is not None and judged is not None:
            yield RatedAnswer(item=stored.cell.item, words=len(words(split_reasoning(reply.text)[0])), judged=judged)


def rater_checks(plan: Plan, trials: TrialReader) -> tuple[RaterCheck, ...]:
    """A check for every criterion; none where nobody judges or nothing was rated yet."""
    if plan.rater is None:
        return ()
    answers = list(rated_answers(trials))
    return checks_of(plan.rater, answers, seed=plan.seed) if answers else ()


def checks_of(rater: Rater, answers: list[RatedAnswer], *, seed: int) -> tuple[RaterCheck, ...]:
    """A check for every criterion of a judge."""
    twice = [one for one in answers if one.judged.forward is not None and one.judged.backward is not None]
    return tuple(
        _check(rater, criterion.id, twice, unread=len(answers) - len(twice), seed=seed) for criterion in rater.criteria
    )


def _check(rater: Rater, criterion: str, answers: list[RatedAnswer], *, unread: int, seed: int) -> RaterCheck:
    pairs = [(one.judged.forward or {}, one.judged.backward or {}) for one in answers]
    ratings = np.asarray([(first[criterion], second[criterion]) for first, second in pairs], dtype=np.float64)
    ratings = ratings.reshape(-1, 2)
    agreement = agreement_interval(
        ratings,
        partial(krippendorff_alpha, metric="interval"),
        rng=stream(seed, "analysis", "judge", criterion),
        resamples=500,
    )
    apart = ratings[:, 0] - ratings[:, 1]
    several = len(apart) > 1
    length, length_p = _with_length(answers, ratings.mean(axis=1)) if several else (float("nan"), float("nan"))
    return RaterCheck(
        model=rater.model.name,
        criterion=criterion,
        answers=len(answers),
        unread=unread,
        alpha=known(agreement.value),
        low=known(agreement.low),
        high=known(agreement.high),
        order=float(apart.mean()) if several else None,
        order_se=float(apart.std(ddof=1) / np.sqrt(len(apart))) if several else None,
        length=known(length),
        length_p=known(length_p),
    )


def known(number: float) -> float | None:
    """None for a number that could not be computed; JSON has no NaN."""
    return number if math.isfinite(number) else None


def _with_length(answers: list[RatedAnswer], ratings: Floats) -> tuple[float, float]:
    """(Spearman's correlation of rating and length within items, its two-sided p); NaN where one does not vary."""
    items = np.unique([one.item for one in answers], return_inverse=True)[1]
    lengths = np.asarray([one.words for one in answers], dtype=np.float64)
    first, second = _within(ratings, items), _within(lengths, items)
    if not (np.ptp(first) > 1e-12 and np.ptp(second) > 1e-12):
        return float("nan"), float("nan")
    return rank_correlation(first, second)


def rank_correlation(first: Floats, second: Floats) -> tuple[float, float]:
    """(Spearman's correlation, its two-sided p) of two lists of numbers, neither of which is constant."""
    from scipy import stats  # half a second to import, and most audits have no judge

    found = stats.spearmanr(first, second)
    return float(found.statistic), float(found.pvalue)


def _within(values: Floats, items: NDArray[np.int64]) -> Floats:
    """What is left of values when the mean of their item is taken off."""
    means = np.bincount(items, weights=values) / np.bincount(items)
    result: Floats = np.round(values - means[items], 9)
    return result

"""What a judge of pairs is like: whether it repeats itself, and whether it prefers a place or a length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from evenhand.bank.agreement import agreement_interval, krippendorff_alpha
from evenhand.head.judging import known, rank_correlation
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.pairwise import PREFERRED, PairwiseCheck, PairwiseOpinion, PairwiseRater
from evenhand.scoring.features.sentences import words
from evenhand.scoring.judging.pairwise import shares
from evenhand.seeds import stream
from evenhand.store.opinions import read_opinions
from evenhand.store.reading import TrialReader

__all__ = ["check_of", "pairwise_checks"]


def pairwise_checks(directory: Path, trials: TrialReader) -> tuple[PairwiseCheck, ...]:
    """How far the judge of pairs can be relied on, a check for every criterion; none where nobody compared.

    Raises:
        StoreError: The file cannot be read.
    """
    read = read_opinions(directory)
    if read is None or not read[1]:
        return ()
    head, opinions = read
    lengths = {key: _length(trials, key) for opinion in opinions for key in (opinion.first, opinion.second)}
    twice = [one for one in opinions if one.forward is not None and one.backward is not None]
    return tuple(
        check_of(head.rater, criterion.id, twice, unread=len(opinions) - len(twice), lengths=lengths)
        for criterion in head.rater.criteria
    )


def check_of(
    rater: PairwiseRater,
    criterion: str,
    opinions: Sequence[PairwiseOpinion],
    *,
    unread: int,
    lengths: Mapping[str, int],
) -> PairwiseCheck:
    """How far a judge can be relied on, on one criterion.

    Args:
        rater: Who compared.
        criterion: Id of the criterion.
        opinions: Those with both orders.
        unread: Pairs without.
        lengths: Cell key -> words of the answer.
    """
    said = [((one.forward or {})[criterion], (one.backward or {})[criterion]) for one in opinions]
    codes = np.asarray([[PREFERRED.index(word) for word in both] for both in said], dtype=np.float64).reshape(-1, 2)
    agreement = agreement_interval(
        codes,
        partial(krippendorff_alpha, metric="nominal"),
        rng=stream(rater.seed, "analysis", "pairwise", criterion),
        resamples=500,
    )
    # Shown first in the forward order is the first answer, in the backward order the second.
    places = np.asarray([((f == "first") - (f == "second") + (b == "second") - (b == "first")) / 2 for f, b in said])
    length, length_p = _with_length(opinions, criterion, lengths)
    return PairwiseCheck(
        model=rater.model.name,
        criterion=criterion,
        pairs=len(said),
        unread=unread,
        same=float(np.mean([f == b for f, b in said])) if said else None,
        alpha=known(agreement.value),
        low=known(agreement.low),
        high=known(agreement.high),
        place=float(places.mean()) if said else None,
        place_se=float(places.std(ddof=1) / np.sqrt(len(places))) if len(said) > 1 else None,
        length=known(length),
        length_p=known(length_p),
    )


def _with_length(
    opinions: Sequence[PairwiseOpinion], criterion: str, lengths: Mapping[str, int]
) -> tuple[float, float]:
    """(Spearman's correlation of votes and words, first minus second, its two-sided p); NaN where one is constant."""
    given = [shares(one, criterion) or (0.5, 0.5) for one in opinions]
    votes = np.asarray([first - second for first, second in given])
    longer = np.asarray([lengths[one.first] - lengths[one.second] for one in opinions], dtype=np.float64)
    if len(votes) < 3 or not (np.ptp(votes) > 0 and np.ptp(longer) > 0):
        return float("nan"), float("nan")
    return rank_correlation(votes, longer)


def _length(trials: TrialReader, key: str) -> int:
    """Words of a stored answer, without its thoughts."""
    stored = trials.one(key)
    reply = None if stored is None else stored.trial.reply
    return 0 if reply is None else len(words(split_reasoning(reply.text)[0]))

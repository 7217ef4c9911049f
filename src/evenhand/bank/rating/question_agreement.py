"""How far raters agree with each other on each question, whatever the key says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from msgspec import Struct

from evenhand.bank.agreement import (
    Agreement,
    Floats,
    Metric,
    agreement_interval,
    fleiss_kappa,
    krippendorff_alpha,
    mean_cohen_kappa,
)
from evenhand.records.item import Bank
from evenhand.records.rating import ASPECTS, Rating

__all__ = ["QuestionAgreement", "question_agreements"]

_Value = float | str


class QuestionAgreement(Struct, frozen=True, kw_only=True):
    """Agreement of raters on one question."""

    question: str
    """A rating question, or an aspect of the appraisal."""
    metric: Metric
    """How far apart two judgements are, for alpha."""
    raters: int
    """Raters with a judgement."""
    alpha: Agreement
    """Krippendorff's alpha."""
    fleiss: Agreement | None
    """Fleiss' kappa, where judgements are categories."""
    cohen: float | None
    """Mean of Cohen's kappa over pairs of raters, where judgements are categories and it is defined for some pair."""


def question_agreements(
    bank: Bank, ratings: Sequence[Rating], *, rng: np.random.Generator, resamples: int = 1000, level: float = 0.95
) -> tuple[QuestionAgreement, ...]:
    """Agreement on every question that was answered, in a fixed order.

    Answers are compared as the emotions that the options name, where all options of the bank name one, else as the ids
    of options. Strengths and effectiveness have one unit per item and option.

    Args:
        bank: The bank that was rated.
        ratings: Of one kind of readers.
        rng: For the bootstrap over units.
        resamples: Bootstrap resamples.
        level: Coverage of the intervals.
    """
    names = _category_names(bank)
    found = []
    for question, metric, judgements in _questions(ratings, names=names):
        if judgements:
            found.append(_agreement(question, metric, judgements, rng=rng, resamples=resamples, level=level))
    return tuple(found)


_Judgements = dict[tuple[str, str], _Value]
"""(Unit, rater) -> judgement."""


def _category_names(bank: Bank) -> dict[tuple[str, str], str]:
    """(Item, option) -> what an answer is called when answers to several items are put together."""
    options = [(item, option) for item in bank.items for option in item.options]
    by_emotion = all(option.emotion for _, option in options)
    return {(item.id, option.id): (option.emotion or "") if by_emotion else option.id for item, option in options}


def _questions(
    ratings: Sequence[Rating], *, names: dict[tuple[str, str], str]
) -> Iterator[tuple[str, Metric, _Judgements]]:
    yield (
        "answer",
        "nominal",
        {(r.item, r.rater): names[r.item, r.answer] for r in ratings if r.answer is not None},
    )
    yield "certainty", "ordinal", {(r.item, r.rater): r.certainty for r in ratings if r.certainty is not None}
    yield (
        "sensitive",
        "nominal",
        {(r.item, r.rater): float(r.sensitive) for r in ratings if r.sensitive is not None},
    )
    yield "intensity", "interval", _scaled(ratings, lambda rating: rating.intensity)
    yield "effectiveness", "interval", _scaled(ratings, lambda rating: rating.effectiveness)
    for aspect in ASPECTS:
        said = {(r.item, r.rater): r.appraisal[aspect] for r in ratings if r.appraisal and aspect in r.appraisal}
        yield aspect, "nominal", dict(said)


def _scaled(ratings: Sequence[Rating], of: Callable[[Rating], dict[str, float] | None]) -> _Judgements:
    return {
        (f"{rating.item}\x1f{option}", rating.rater): value
        for rating in ratings
        for option, value in (of(rating) or {}).items()
    }


def _agreement(
    question: str,
    metric: Metric,
    judgements: _Judgements,
    *,
    rng: np.random.Generator,
    resamples: int,
    level: float,
) -> QuestionAgreement:
    table = _table(judgements)
    interval = partial(agreement_interval, table, rng=rng, resamples=resamples, level=level)
    categories = metric == "nominal"
    return QuestionAgreement(
        question=question,
        metric=metric,
        raters=table.shape[1],
        alpha=interval(partial(krippendorff_alpha, metric=metric)),
        fleiss=interval(fleiss_kappa) if categories else None,
        cohen=_defined(mean_cohen_kappa(table)) if categories else None,
    )


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else value


def _table(judgements: _Judgements) -> Floats:
    """Units by raters, NaN for missing; categories are numbered in the order of their names."""
    units = list(dict.fromkeys(unit for unit, _ in judgements))
    raters = sorted({rater for _, rater in judgements})
    texts = sorted({value for value in judgements.values() if isinstance(value, str)})
    codes = {text: float(place) for place, text in enumerate(texts)}
    table = np.full((len(units), len(raters)), np.nan)
    rows, columns = {u: i for i, u in enumerate(units)}, {r: i for i, r in enumerate(raters)}
    for (unit, rater), value in judgements.items():
        table[rows[unit], columns[rater]] = codes[value] if isinstance(value, str) else value
    return table

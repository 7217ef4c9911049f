"""Store + plan -> score table: one row per trial, every factor a column."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import polars as pl

from evenhand.design.arms import best_option, item_fact_arm, plan_arms
from evenhand.design.cells import Crossing
from evenhand.reading.read import Read, read
from evenhand.reading.shown import Shown
from evenhand.records.answer_format import CHOICE_FORMATS
from evenhand.records.item import Item
from evenhand.records.message import Reply
from evenhand.records.plan import Plan
from evenhand.records.profile import Arm
from evenhand.records.score import SCORE_COLUMNS, ColumnType
from evenhand.records.trial import Answered, Outcome, Rated, outcome_name
from evenhand.scoring.leakage import FactWords, content_words, mentioned, prepare
from evenhand.scoring.outcome import LETTERS
from evenhand.scoring.probability import option_probabilities
from evenhand.scoring.rating_score import order_fit, reference_score
from evenhand.store.reading import TrialReader
from evenhand.store.rows import StoredTrial

__all__ = ["plan_factors", "score_table", "trial_score"]

_TYPES: dict[ColumnType, type[pl.DataType]] = {
    "str": pl.String,
    "int": pl.Int64,
    "float": pl.Float64,
    "bool": pl.Boolean,
}
_BATCH = 4_000


def plan_factors(plan: Plan) -> tuple[str, ...]:
    """Factor ids of the plan's cohorts, in their order: the columns after the fixed ones."""
    return tuple(dict.fromkeys(factor.id for cohort in plan.cohorts for factor in cohort.factors))


def score_table(plan: Plan, trials: TrialReader) -> pl.DataFrame:
    """The long table of a run.

    Cells that were never asked have no row. A trial that was not answered has a row with null scores. A stored row
    that cannot be read, or that is no cell of the plan, is left out.
    """
    factors = plan_factors(plan)
    schema: dict[str, type[pl.DataType]] = {column.name: _TYPES[column.type] for column in SCORE_COLUMNS}
    schema |= dict.fromkeys(factors, pl.String)
    scorer, crossing = _Scorer(plan, factors), Crossing(plan)
    frames: list[pl.DataFrame] = []
    rows: list[tuple[Any, ...]] = []
    for stored in trials.rows():
        if crossing.holds(stored.cell):
            rows.append(scorer.row(stored))
        if len(rows) == _BATCH:
            frames.append(pl.DataFrame(rows, schema=schema, orient="row"))
            rows = []
    frames.append(pl.DataFrame(rows, schema=schema, orient="row"))
    return pl.concat(frames)


class _Scorer:
    """What is needed to score any trial of a plan, looked up once."""

    def __init__(self, plan: Plan, factors: Sequence[str]) -> None:
        self._factors = factors
        self._arms = plan_arms(plan)
        self._items = {item.id: (bank.name, item) for bank in plan.banks for item in bank.items}
        self._words = lru_cache(maxsize=4096)(self._fact_words)
        self._asked = lru_cache(maxsize=4096)(self._asked_words)

    def _arm(self, arm: str, item: Item) -> Arm:
        return item_fact_arm(item) if arm == "item_fact" else self._arms[arm]

    def _fact_words(self, arm: str, item: str) -> tuple[FactWords, ...]:
        return prepare(self._arm(arm, self._items[item][1]).facts)

    def _asked_words(self, item: str) -> frozenset[str]:
        _, found = self._items[item]
        return content_words(" ".join([found.stem, found.question, *(option.text for option in found.options)]))

    def row(self, stored: StoredTrial) -> tuple[Any, ...]:
        cell, outcome, reply = stored.cell, stored.trial.outcome, stored.trial.reply
        bank, item = self._items[cell.item]
        arm = self._arm(cell.arm, item)
        key = best_option(item, arm)
        values = [_value(item, option.id, key) for option in item.options]
        choice = outcome.choice if isinstance(outcome, Answered) else None
        chosen = next((index for index, option in enumerate(item.options) if option.id == choice), None)
        answered = item.options[chosen] if chosen is not None else None
        place = cell.option_order.index(chosen) if chosen is not None else None
        letter = cell.condition.answer == "letter"
        p_score, p_best = _expected(reply, cell.option_order, values, place=place if letter else None)
        leak, leak_reasoning, dimension = self._leak(stored, arm, item)
        return (
            *(cell.cell_key, cell.model, bank, item.id, item.kind, item.context, item.difficulty),
            *(arm.id, arm.kind, arm.cohort if arm.kind == "profile" else None, arm.matched_set),
            *msgspec.structs.astuple(cell.condition),
            *(cell.replicate, cell.order_index, outcome_name(outcome)),
            *(choice, (answered.emotion or answered.strategy) if answered else None, key or None),
            sum(values) / len(values) if values and cell.condition.answer in CHOICE_FORMATS else None,
            place,
            trial_score(item, outcome, key),
            *(p_score, p_best, leak, leak_reasoning, dimension),
            len(reply.text) if reply else None,
            *_tokens(reply),
            reply.latency_s if reply else None,
            *(arm.levels.get(factor) for factor in self._factors),
        )

    def _leak(self, stored: StoredTrial, arm: Arm, item: Item) -> tuple[bool | None, bool | None, str | None]:
        """(answer or reasoning mentions a fact, reasoning does, dimension of the first mentioned)."""
        reply = stored.trial.reply
        if reply is None or not arm.facts:
            return None, None, None
        facts = self._words(arm.id, item.id if arm.kind == "item_fact" else next(iter(self._items)))
        asked = self._asked(item.id)
        markers = item.markers if arm.kind == "item_fact" else ()
        answer = mentioned(reply.text, facts, asked=asked, markers=markers)
        thought = mentioned(reply.reasoning, facts, asked=asked, markers=markers) if reply.reasoning else None
        return (
            answer is not None or thought is not None,
            None if not reply.reasoning else thought is not None,
            (answer or thought),
        )


def _value(item: Item, option: str, key: str) -> float:
    """Score of an option: its weight for management items, else one for the key and zero for the others."""
    if item.kind == "management":
        return float(next(o.weight for o in item.options if o.id == option) or 0.0)
    return 1.0 if option == key else 0.0


def trial_score(item: Item, outcome: Outcome, key: str) -> float | None:
    """Score of a trial in [0, 1]; None without a usable answer, and for ratings without anything to hold them against.

    Of a distribution it is the expected score. Of ratings it is the share of order constraints that they satisfy, or
    their closeness to reference ratings, where worse than random counts 0.
    """
    match outcome:
        case Answered(stated=None):
            return _value(item, outcome.choice, key)
        case Answered(stated=dict(stated)):
            return min(1.0, sum(share * _value(item, option, key) for option, share in stated.items()))
        case Rated(ratings=ratings):
            if item.order is not None:
                return order_fit(ratings, item.order)
            return max(0.0, reference_score(ratings, item.reference)) if item.reference else None
        case _:
            return None


def _expected(
    reply: Reply | None, order: Sequence[int], values: Sequence[float], *, place: int | None
) -> tuple[float | None, float | None]:
    """(expected score, probability of the best option) under the option probabilities; None without them.

    The probabilities are those of the letter that the answer's own text gives. Where the choice at `place` is another,
    as when a second model or a table of labels read the answer, they belong to something else and are left out.
    """
    letters = tuple(LETTERS[: len(order)])
    if reply is None or reply.top is None or place is None or _letter_read(reply.text, letters) != place:
        return None, None
    chances = option_probabilities(reply.top, letters)
    if chances is None:
        return None, None
    shown = [values[index] for index in order]
    return sum(p * v for p, v in zip(chances, shown, strict=True)), chances[shown.index(max(shown))]


def _tokens(reply: Reply | None) -> tuple[int | None, int | None]:
    """Input and output tokens of all calls of the assistant for one answer; None where one of them is not reported."""
    if reply is None:
        return None, None
    usages = [reply.usage, *(call.usage for call in reply.extra)]
    read, written = [usage.input_tokens for usage in usages], [usage.output_tokens for usage in usages]
    return (
        None if None in read else sum(tokens or 0 for tokens in read),
        None if None in written else sum(tokens or 0 for tokens in written),
    )


@lru_cache(maxsize=4096)
def _letter_read(text: str, letters: tuple[str, ...]) -> int | None:
    """Position of the letter that a text gives; None where it gives none."""
    found = read(text, Shown(letters, ()))
    return found.position if isinstance(found, Read) else None

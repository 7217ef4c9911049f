"""The discordant pair that shows a finding: one item, two users in memory, two answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import polars as pl

from evenhand.analysis.table.scores import Scores, level_column
from evenhand.design.arms import plan_arms
from evenhand.endpoints.redact import redact
from evenhand.records.answer_pair import AnswerPair, PairSide
from evenhand.records.condition import CONDITION_FIELDS
from evenhand.records.finding import Finding
from evenhand.records.item import Item
from evenhand.records.plan import Plan
from evenhand.records.profile import Arm
from evenhand.store.reading import TrialReader

__all__ = ["answer_pairs"]

_SIDE = ("cell_key", "arm", "choice", "score")
_MATCHED = ("item", "order_index")
"""Both answers of a pair are to one item in one option order."""


def answer_pairs(
    found: Iterable[Finding], *, plan: Plan, scores: Scores, trials: TrialReader
) -> tuple[AnswerPair, ...]:
    """A pair of answers per finding that has one.

    Of the pairs that differ in the direction of the finding, one of users who differ in as little else as possible
    is taken; among these one with the largest difference in score, and then the one with the shortest situation.

    Args:
        found: Findings of gaps, factor gaps or effects of memory; others have no pair.
        plan: The run's plan.
        scores: The run's scores.
        trials: The run's answers.
    """
    arms, items = plan_arms(plan), {item.id: item for bank in plan.banks for item in bank.items}
    shown = (_Shown(plan, arms=arms, items=items, trials=trials).pair(one, _paired(one, scores)) for one in found)
    return tuple(pair for pair in shown if pair is not None)


def _paired(finding: Finding, scores: Scores) -> pl.DataFrame:
    """Every pair of answers that the finding compares, one row each: `item`, then `first_*` and `second_*`."""
    rows = scores.frame.filter(
        (pl.col("model") == finding.model)
        & (pl.col("kind") == finding.kind)
        & (pl.col("outcome") == "answered")
        & pl.col("score").is_not_null()
        & pl.col("choice").is_not_null()
        & pl.all_horizontal(_shown_as(finding))
    ).with_columns(pl.col(_SIDE[1], "choice", "item").cast(pl.String))
    sides = _sides(finding, scores)
    if sides is None:
        return rows.clear()
    matched = [*_MATCHED, "matched_set"] if finding.measure == "gap" else list(_MATCHED)
    others = [level_column(factor) for factor in scores.factors]
    first, second = (
        rows.filter(side).select(*matched, *(pl.col(name).alias(f"{place}_{name}") for name in (*_SIDE, *others)))
        for side, place in zip(sides, ("first", "second"), strict=True)
    )
    return first.join(second, on=matched).with_columns(
        pl.sum_horizontal(
            (pl.col(f"first_{name}").cast(pl.String) != pl.col(f"second_{name}").cast(pl.String)).fill_null(False)
            for name in others
        ).alias("differing")
        if others
        else pl.lit(0).alias("differing")
    )


def _shown_as(finding: Finding) -> list[pl.Expr]:
    """The finding's condition; its cue only where it names one, and only of users: neutral facts have none."""
    where = {name: getattr(finding.where, name) for name in CONDITION_FIELDS}
    return [
        (pl.col(name) == value) | pl.col(name).is_null() if name == "cue" else pl.col(name) == value
        for name, value in where.items()
        if value is not None
    ]


def _sides(finding: Finding, scores: Scores) -> tuple[pl.Expr, pl.Expr] | None:
    """Which rows are on either side; None for findings that are no comparison of two groups of users or arms."""
    one = finding.contrast[0] if len(finding.contrast) == 1 else None
    match finding.measure:
        case "gap" | "factor_gap" if one is not None and one.of == "user" and one.factor in scores.factors:
            column = pl.col(level_column(one.factor))
            return column == one.level, column == one.reference
        case "memory_effect" if finding.arms.baseline in ("placebo", "none"):
            return pl.col("arm_kind") == "profile", pl.col("arm_kind") == finding.arms.baseline
        case _:
            return None


class _Shown:
    """Makes the record of a pair from a plan and its answers."""

    def __init__(self, plan: Plan, *, arms: dict[str, Arm], items: dict[str, Item], trials: TrialReader) -> None:
        self._arms, self._items, self._trials = arms, items, trials
        self._closed = {item.id for bank in plan.banks if not bank.redistribute for item in bank.items}
        self._private = {cohort.name for cohort in plan.cohorts if not cohort.redistribute}

    def pair(self, finding: Finding, pairs: pl.DataFrame) -> AnswerPair | None:
        """The record; None where no pair differs as the finding says."""
        if finding.value is None or pairs.is_empty():
            return None
        change = pl.col("first_score") - pl.col("second_score")
        differing = pairs.filter(change != 0)
        telling = differing.filter(change > 0 if finding.value > 0 else change < 0)
        if telling.is_empty():
            return None
        lengths = {item: len(self._items[item].stem) for item in telling["item"].unique()}
        best = telling.sort(
            "differing",
            -change.abs(),
            pl.col("item").replace_strict(lengths, return_dtype=pl.Int64),
            "first_cell_key",
            "second_cell_key",
        ).row(0, named=True)
        item = self._items[best["item"]]
        arms = (self._arms.get(best["first_arm"]), self._arms.get(best["second_arm"]))
        told = {one.factor for one in finding.contrast}
        return AnswerPair(
            model=finding.model,
            kind=finding.kind,
            where=finding.where,
            measure=finding.measure,
            contrast=finding.contrast,
            item=item.id,
            situation=item.id
            if item.id in self._closed
            else " ".join(part for part in (item.stem, item.question) if part),
            first=self._side(best, "first", item=item, arms=arms, told=told),
            second=self._side(best, "second", item=item, arms=arms[::-1], told=told),
            alike=pairs.height - differing.height,
            different=differing.height,
        )

    def _side(
        self,
        row: dict[str, object],
        place: str,
        *,
        item: Item,
        arms: tuple[Arm | None, Arm | None],
        told: Collection[str],
    ) -> PairSide:
        """One side; facts that express a factor of the finding come first."""
        arm, other = arms
        key, choice = str(row[f"{place}_cell_key"]), str(row[f"{place}_choice"])
        stored = self._trials.one(key)
        reply = stored.trial.reply if stored is not None else None
        closed = item.id in self._closed
        text = next((option.text for option in item.options if option.id == choice), choice)
        known = {fact.text for fact in other.facts} if other is not None else set()
        own = arm.facts if arm is not None and arm.cohort not in self._private else ()
        own = tuple(sorted(own, key=lambda fact: fact.factor not in told))
        score = row[f"{place}_score"]
        assert isinstance(score, float)
        return PairSide(
            cell_key=key,
            arm=str(row[f"{place}_arm"]),
            levels=dict(arm.levels) if arm is not None else {},
            facts=tuple(fact.text for fact in own if fact.text not in known),
            option=choice if closed else text,
            score=score,
            answer=redact(reply.text) if reply is not None else "",
        )

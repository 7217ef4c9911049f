"""The sample of a run's answers that a page lets a reader compare: some items, every user asked about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl
from msgspec import Struct

from evenhand.analysis.table.scores import Scores
from evenhand.design.arms import plan_arms
from evenhand.endpoints.redact import redact
from evenhand.head.shown_turns import shown_turns
from evenhand.records.answer_sample import AnswerSample, SampledAnswer, SampledItem, SampledUser
from evenhand.records.condition import CONDITION_FIELDS, Condition
from evenhand.records.item import Item
from evenhand.records.plan import Plan
from evenhand.records.profile import Arm
from evenhand.records.trial import outcome_name
from evenhand.seeds import stream
from evenhand.store.reading import TrialReader

__all__ = ["answer_sample"]

_CHARACTERS = 240_000
"""Characters of all texts of a sample; models share them alike."""
_ITEMS = 24
"""Items of one model."""
_USERS = 24
"""Users of one item."""
_LONGEST = 4_000
"""Characters of one text; the rest of it is in the store."""
_SHOWN = [name for name in CONDITION_FIELDS if name != "cue"]
"""How memory is shown; the cue belongs to the user, because an arm without a profile has none."""
_ASKED = ["model", "kind", *_SHOWN, "item"]
"""What an item is asked as."""


def answer_sample(*, plan: Plan, scores: Scores, trials: TrialReader) -> AnswerSample:
    """The sample of a run.

    Of every model some items are taken, from each kind of item and format of answer in turn: one whose answers differ
    most between users, then one that is drawn by the plan's seed. A policy that is tried is not sampled. Of an item
    there is one answer per user.

    Args:
        plan: The run's plan.
        scores: The run's scores.
        trials: The run's answers.
    """
    frame = scores.frame.filter(pl.col("mitigation").cast(pl.String) == "none").with_columns(
        pl.col("model", "kind", "item", "arm", "choice", *_SHOWN).cast(pl.String)
    )
    asked = _asked(frame)
    made = _Sample(plan, trials)
    models = tuple(model.name for model in plan.models)
    for model in models:
        of_model = pl.col("model") == model
        made.add(frame.filter(of_model), _chosen(asked.filter(of_model), plan), limit=_CHARACTERS // len(models))
    return AnswerSample(
        users=tuple(made.users.values()),
        texts=tuple(made.texts),
        items=tuple(made.items),
        all_items=asked.height,
        all_answers=int(asked["answers"].sum()),
    )


def _asked(frame: pl.DataFrame) -> pl.DataFrame:
    """Every item as it was asked, with how much its answers differ; items asked of one user only are left out."""
    return (
        frame.group_by(_ASKED)
        .agg(
            pl.len().alias("answers"),
            pl.col("arm").n_unique().alias("users"),
            pl.col("score").var().fill_null(0.0).alias("spread"),
        )
        .filter(pl.col("users") > 1)
        .sort(_ASKED)
    )


def _chosen(asked: pl.DataFrame, plan: Plan) -> Iterator[dict[str, str]]:
    """Items of one model in the order in which they are taken."""
    groups = asked.partition_by(["kind", *_SHOWN], maintain_order=True)
    orders = [_order(group, plan) for group in groups]
    for place in range(max(map(len, orders), default=0)):
        for order in orders:
            if place < len(order):
                yield order[place]


def _order(group: pl.DataFrame, plan: Plan) -> list[dict[str, str]]:
    """Items of one group: by turns the one that differs most and the next that is drawn."""
    rows = group.select(_ASKED).rows(named=True)
    differing = list(np.argsort(-group["spread"].to_numpy(), kind="stable"))
    drawn = list(stream(plan.seed, "answer sample", rows[0]["kind"]).permutation(len(rows)))
    taken = dict.fromkeys(int(index) for both in zip(differing, drawn, strict=True) for index in both)
    return [rows[index] for index in taken]


class _Sample:
    """Items, users and texts as they come together."""

    def __init__(self, plan: Plan, trials: TrialReader) -> None:
        self._arms, self._trials = plan_arms(plan), trials
        self._items: dict[str, Item] = {item.id: item for bank in plan.banks for item in bank.items}
        self._closed = {item.id for bank in plan.banks if not bank.redistribute for item in bank.items}
        self._private = {cohort.name for cohort in plan.cohorts if not cohort.redistribute}
        self.users: dict[str, SampledUser] = {}
        self.texts: dict[str, int] = {}
        self.items: list[SampledItem] = []

    def add(self, frame: pl.DataFrame, chosen: Iterable[dict[str, str]], *, limit: int) -> None:
        """Items of one model, until there are enough or their texts are."""
        before, number = self._characters(), 0
        for row in chosen:
            if number == _ITEMS or self._characters() - before >= limit:
                return
            own = frame.filter(pl.all_horizontal(pl.col(name).eq_missing(pl.lit(row[name])) for name in _ASKED))
            one = self._item(row, own)
            if len(one.answers) > 1:
                self.items.append(one)
                number += 1

    def _characters(self) -> int:
        return sum(map(len, self.texts))

    def _item(self, row: dict[str, str], own: pl.DataFrame) -> SampledItem:
        item = self._items[row["item"]]
        keys = own.sort("replicate", "order_index", "cell_key").unique("arm", keep="first", maintain_order=True)
        ordered = sorted(keys.select("arm", "cell_key", "choice", "score").rows(), key=lambda one: self._rank(one[0]))
        answers = (self._answer(_ScoredAnswer(*one), item) for one in ordered[:_USERS])
        return SampledItem(
            model=row["model"],
            item=item.id,
            kind=item.kind,
            where=Condition(**{name: row[name] for name in _SHOWN}),  # type: ignore[arg-type]
            situation=item.id if item.id in self._closed else item.stem,
            answers=tuple(answer for answer in answers if answer is not None),
        )

    def _rank(self, arm: str) -> tuple[int, str]:
        kinds = ("none", "placebo", "item_fact", "profile")
        known = self._arms.get(arm)
        return kinds.index(known.kind) if known is not None else 0, arm

    def _answer(self, row: _ScoredAnswer, item: Item) -> SampledAnswer | None:
        stored = self._trials.one(row.cell_key)
        if stored is None:
            return None
        arm = self._arms.get(row.arm)
        closed = item.id in self._closed
        turns = shown_turns(
            self._trials.messages(stored),
            stored,
            hidden=closed,
            memory_hidden=arm is not None and arm.cohort in self._private,
        )
        reply, choice = stored.trial.reply, row.choice or ""
        text = next((option.text for option in item.options if option.id == choice), choice)
        return SampledAnswer(
            cell_key=row.cell_key,
            user=self._user(row.arm, arm),
            asked=tuple((role, self._text(content)) for role, content in turns),
            answer=None if reply is None else self._text(redact(reply.text)),
            outcome=outcome_name(stored.trial.outcome),
            option=choice if closed else text,
            score=row.score,
        )

    def _user(self, name: str, arm: Arm | None) -> int:
        if name not in self.users:
            self.users[name] = SampledUser(
                arm=name,
                kind="none" if arm is None else arm.kind,
                levels={} if arm is None else dict(arm.levels),
                matched_set=None if arm is None else arm.matched_set,
            )
        return list(self.users).index(name)

    def _text(self, text: str) -> int:
        kept = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... [cut, {len(text):,} characters]"
        return self.texts.setdefault(kept, len(self.texts))


class _ScoredAnswer(Struct, frozen=True):
    """What is known of an answer from the scores."""

    arm: str
    cell_key: str
    choice: str | None
    score: float | None

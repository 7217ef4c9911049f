"""The sample that a page lets a reader compare: bounded, stated, the same each time, and true to the store."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.analysis.table.scores import Scores, scores_from_frame
from evenhand.audit import ask
from evenhand.head import answer_sample as module
from evenhand.head.answer_sample import answer_sample
from evenhand.plan.file import stamp_plan
from evenhand.records.answer_sample import AnswerSample
from evenhand.records.plan import Plan
from evenhand.score_table import plan_factors, score_table
from evenhand.store.reading import open_trials
from tests.support.small_plan import small_bank, small_plan


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Path]:
    plan = small_plan(model="simulated/custom", bank=small_bank(12))
    (model,) = plan.models
    plan = stamp_plan(replace(plan, models=(replace(model, options={"accuracy": "0.6", "gap": "0.2"}),)))
    folder = tmp_path_factory.mktemp("run")
    ask(plan, folder)
    return plan, folder


def scores_of(plan: Plan, folder: Path) -> Scores:
    with open_trials(folder / "trials.sqlite") as trials:
        return scores_from_frame(score_table(plan, trials), settings=plan.analysis, factors=plan_factors(plan))


def sample_of(asked: tuple[Plan, Path], *, plan: Plan | None = None) -> AnswerSample:
    with open_trials(asked[1] / "trials.sqlite") as trials:
        return answer_sample(plan=plan or asked[0], scores=scores_of(*asked), trials=trials)


def test_every_answer_is_the_one_in_the_store_with_all_that_was_shown(asked: tuple[Plan, Path]) -> None:
    sample = sample_of(asked)
    with open_trials(asked[1] / "trials.sqlite") as trials:
        for item in sample.items:
            for answer in item.answers:
                stored = trials.one(answer.cell_key)
                assert stored is not None and stored.trial.reply is not None and answer.answer is not None
                assert (stored.cell.item, stored.cell.arm) == (item.item, sample.users[answer.user].arm)
                assert sample.texts[answer.answer] == stored.trial.reply.text
                shown = [(turn.role, turn.content) for turn in trials.messages(stored)]
                assert [(role, sample.texts[text]) for role, text in answer.asked] == shown


def test_one_answer_per_user_and_more_than_one_user_per_item(asked: tuple[Plan, Path]) -> None:
    sample = sample_of(asked)
    assert len(sample.items) == sample.all_items == 12
    assert sample.all_answers == scores_of(*asked).frame.height
    for item in sample.items:
        users = [answer.user for answer in item.answers]
        assert len(users) == len(set(users)) > 1
        kinds = [sample.users[user].kind for user in users]
        assert kinds == sorted(kinds, key=("none", "placebo", "item_fact", "profile").index)
    assert len(set(sample.texts)) == len(sample.texts)


def test_the_first_item_is_the_one_whose_answers_differ_most(asked: tuple[Plan, Path]) -> None:
    spread = scores_of(*asked).frame.group_by("item").agg(one=pl.col("score").var())
    assert sample_of(asked).items[0].item in spread.filter(spread["one"] == spread["one"].max())["item"].cast(pl.String)


def test_it_is_the_same_each_time_and_drawn_by_the_seed(asked: tuple[Plan, Path]) -> None:
    assert sample_of(asked) == sample_of(asked)
    orders = {tuple(one.item for one in sample_of(asked, plan=replace(asked[0], seed=seed)).items) for seed in range(4)}
    assert len(orders) > 1


@pytest.mark.parametrize(("name", "least", "items"), [("_ITEMS", 5, 5), ("_CHARACTERS", 1, 1)])
def test_it_is_bounded_in_items_and_in_characters(
    asked: tuple[Plan, Path], monkeypatch: pytest.MonkeyPatch, name: str, least: int, items: int
) -> None:
    monkeypatch.setattr(module, name, least)
    assert len(sample_of(asked).items) == items


def test_users_and_texts_are_bounded_too(asked: tuple[Plan, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_USERS", 3)
    monkeypatch.setattr(module, "_LONGEST", 40)
    sample = sample_of(asked)
    assert {len(item.answers) for item in sample.items} == {3}
    assert max(map(len, sample.texts)) < 80 and any("[cut, " in text for text in sample.texts)


def test_what_may_not_be_passed_on_is_not(asked: tuple[Plan, Path]) -> None:
    plan = asked[0]
    closed = replace(
        plan,
        banks=tuple(replace(bank, redistribute=False) for bank in plan.banks),
        cohorts=tuple(replace(cohort, redistribute=False) for cohort in plan.cohorts),
    )
    sample = sample_of(asked, plan=closed)
    words = "\n".join(sample.texts)
    for bank in plan.banks:
        for item in bank.items:
            assert item.stem not in words
            assert all(one.situation == one.item for one in sample.items)
    facts = [fact.text for cohort in plan.cohorts for profile in cohort.profiles for fact in profile.facts]
    assert facts and not any(fact in words for fact in facts)

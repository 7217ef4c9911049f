from __future__ import annotations

import math
from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace

from evenhand.head.summary import example_prompts, run_summary
from evenhand.plan.file import stamp_plan
from evenhand.plan.questions import Questions
from evenhand.records.cell import Cell
from evenhand.records.message import Reply, TokenProbability
from evenhand.records.plan import Plan
from evenhand.records.score import SCORE_COLUMNS
from evenhand.records.trial import Answered, Failed, Outcome, Refused
from evenhand.records.work import Work
from evenhand.run.execute import execute
from evenhand.score_table import plan_factors, score_table
from evenhand.store.reading import open_trials
from evenhand.store.store import open_store
from tests.support.small_plan import small_bank, small_plan


class FirstLetter:
    """Answers A with probability 0.7 and B with 0.3, and reasons aloud."""

    concurrency = 4
    locality = "any"

    async def reply(self, request: object) -> Reply:
        top = tuple(TokenProbability(token=t, logprob=math.log(p)) for t, p in (("A", 0.7), ("B", 0.3)))
        return Reply(text="A", finish="stop", top=top, reasoning="The user inherited house 0, so joy.")

    async def aclose(self) -> None:
        return None


def run_into(directory: Path, plan: Plan, outcome: Outcome | None = None) -> pl.DataFrame:
    items = {item.id: item for bank in plan.banks for item in bank.items}

    def judged(work: Work, reply: Reply) -> Outcome:
        cell: Cell = work.cell
        return outcome or Answered(choice=items[cell.item].options[cell.option_order[0]].id)

    with open_store(directory / "trials.sqlite", plan_sha256=plan.sha256) as store:
        endpoint = {model.name: FirstLetter() for model in plan.models}
        work = {name: Questions(plan).missing(store, model=name, by_arm=False) for name in endpoint}
        execute(work, endpoints=endpoint, store=store, outcome_of=judged)  # type: ignore[arg-type]  # a double
    with open_trials(directory / "trials.sqlite") as trials:
        return score_table(plan, trials)


def test_one_row_a_trial_with_every_column_and_every_factor(tmp_path: Path) -> None:
    plan = small_plan()
    frame = run_into(tmp_path, plan)
    assert frame.columns == [column.name for column in SCORE_COLUMNS] + list(plan_factors(plan))
    assert len(frame) == Questions(plan).crossing.size()
    assert frame["score"].null_count() == 0


def test_scores_follow_the_key_and_the_probabilities(tmp_path: Path) -> None:
    plan = small_plan()
    frame = run_into(tmp_path, plan)
    right = frame.filter(pl.col("choice") == pl.col("keyed_option"))
    wrong = frame.filter(pl.col("choice") != pl.col("keyed_option"))
    assert set(right["score"]) == {1.0}
    assert set(wrong["score"]) == {0.0}
    assert right["p_score"].to_list() == pytest.approx([0.7] * len(right))
    assert set(frame["shown_position"]) == {0}


def test_probabilities_belong_to_the_letter_that_was_read(tmp_path: Path) -> None:
    """Where the choice is another than the answer's own letter, as with a second model, they are of something else."""
    plan = small_plan()
    last = plan.banks[0].items[0].options[-1].id
    frame = run_into(tmp_path, plan, Answered(choice=last))
    other = frame.filter(pl.col("shown_position") != 0)
    assert len(other) > 0
    assert other["p_score"].null_count() == other["p_best"].null_count() == len(other)
    assert frame.filter(pl.col("shown_position") == 0)["p_score"].null_count() == 0


def test_memory_that_shows_in_the_reasoning_is_a_leak_and_none_has_nothing_to_leak(tmp_path: Path) -> None:
    frame = run_into(tmp_path, small_plan())
    assert frame.filter(pl.col("arm_kind") == "none")["leak"].null_count() == len(
        frame.filter(pl.col("arm_kind") == "none")
    )
    leaking = frame.filter(pl.col("leak_reasoning"))
    assert "pairs/p0.advantaged" in set(leaking["arm"])
    assert set(leaking["cohort"]) == {"pairs"}
    assert set(leaking["leak_dimension"]) == {"assets"}


@pytest.mark.parametrize("outcome", [Refused(by="assistant"), Refused(by="provider")])
def test_what_was_not_answered_has_a_row_and_no_score(tmp_path: Path, outcome: Outcome) -> None:
    frame = run_into(tmp_path, small_plan(), outcome)
    assert set(frame["outcome"]) == {"refused"}
    for column in ("score", "p_score", "p_best", "choice", "shown_position"):
        assert frame[column].null_count() == len(frame)
    assert not isinstance(outcome, Failed)


def test_the_summary_counts_what_was_asked_and_examples_show_each_kind_of_arm(tmp_path: Path) -> None:
    plan = small_plan()
    frame = run_into(tmp_path, plan)
    with open_trials(tmp_path / "trials.sqlite") as trials:
        summary = run_summary(plan, trials, directory=tmp_path)
        examples = example_prompts(plan, trials)
    assert summary.models[0].outcomes["answered"] == len(frame) == summary.models[0].planned
    assert summary.simulated
    assert [example.arm_kind for example in examples][:2] == ["none", "placebo"]
    assert {example.level.level for example in examples if example.level} == {"advantaged", "disadvantaged"}
    assert {example.level.factor for example in examples if example.level} == {"position"}
    assert all(example.messages[-1][1].startswith("Kim finds") for example in examples)


def test_text_that_may_not_be_passed_on_is_shown_as_id_and_hash(tmp_path: Path) -> None:
    plan = small_plan(bank=small_bank(redistribute=False))
    run_into(tmp_path, plan)
    with open_trials(tmp_path / "trials.sqlite") as trials:
        examples = example_prompts(plan, trials)
    assert examples
    for example in examples:
        assert "Kim finds" not in str(example.messages)
        assert "sha256" in example.messages[-1][1]


def test_memory_of_a_cohort_that_may_not_be_passed_on_is_hidden_too(tmp_path: Path) -> None:
    plan = small_plan()
    cohorts = tuple(replace(cohort, redistribute=False) for cohort in plan.cohorts)
    plan = stamp_plan(replace(plan, cohorts=cohorts))
    run_into(tmp_path, plan)
    with open_trials(tmp_path / "trials.sqlite") as trials:
        shown = str([example.messages for example in example_prompts(plan, trials)])
    assert "The user" not in shown
    assert "memory of pairs/" in shown

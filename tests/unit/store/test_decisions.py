"""Decisions on facts in a store: what comes back, what counts, what older and damaged stores do."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from evenhand.errors import StoreError
from evenhand.records.decision import DECISION_OUTCOMES, Decided, DecisionCount
from evenhand.records.message import Reply, SecondCall, Usage
from evenhand.records.trial import Answered, Failed
from evenhand.store.decisions import DecisionTable
from evenhand.store.reading import open_trials
from evenhand.store.rows import row_of
from evenhand.store.store import discard_unanswered, open_store
from evenhand.store.totals import SecondTotals
from tests.support.decision_samples import EVERY_OUTCOME, decided
from tests.support.scripted_run import PLAN, make_work


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trials.sqlite"


def kept(path: Path, *decisions: object, mark: str | None = None) -> None:
    with open_store(path, plan_sha256=PLAN) as store:
        DecisionTable(store).keep(decisions, mark=mark)  # type: ignore[arg-type]


def test_every_outcome_comes_back_as_it_was_written_in_the_next_run_and_to_a_reader(path: Path) -> None:
    kept(path, *EVERY_OUTCOME)
    with open_store(path, plan_sha256=PLAN) as store:
        assert tuple(DecisionTable(store).known()) == EVERY_OUTCOME
    with open_trials(path) as trials:
        assert tuple(trials.decisions()) == EVERY_OUTCOME
        assert tuple(trials.decisions(after=3, upto=5)) == EVERY_OUTCOME[3:5]
        assert trials.last_decision() == len(EVERY_OUTCOME)
        (count,) = trials.decision_counts()
    assert count == DecisionCount(
        policy="gate", model="vllm/decider", asked=7, outcomes=dict.fromkeys(DECISION_OUTCOMES, 1)
    )


def test_a_question_counts_once_by_its_first_answer_and_as_failed_only_without_one(path: Path) -> None:
    failure = decided(Failed(error="HTTP 500", attempts=2), question="Why?")
    kept(path, failure, failure, replace(EVERY_OUTCOME[0], question="Why?"), replace(EVERY_OUTCOME[2], question="Why?"))
    with open_trials(path) as trials:
        (count,) = trials.decision_counts()
    assert (count.asked, count.outcomes["shown"], count.outcomes["failed"]) == (1, 1, 0)


def test_what_was_paid_for_decisions_is_summed_beside_what_older_runs_kept_with_answers(path: Path) -> None:
    call = SecondCall(model="vllm/decider", usage=Usage(input_tokens=7, output_tokens=1), input_characters=9,
                      output_characters=3)  # fmt: skip
    with open_store(path, plan_sha256=PLAN) as store:
        work = make_work(1)
        store.append([row_of(work, Answered(choice="b"), Reply(text="B", finish="stop", second=(call,)))])
        table = DecisionTable(store)
        mine = [replace(one, assistant=work.cell.model) for one in EVERY_OUTCOME]
        cut = replace(mine[4], reply=Reply(text="yes and", finish="length"))  # no usage: counted, as long as allowed
        table.keep([*mine[:4], cut, *mine[5:]])
    with open_trials(path) as trials:
        found = trials.totals()[work.cell.model].second
    assert found == {"vllm/decider": SecondTotals(calls=7, input_tokens=7 + 5 * 30 + 20, output_tokens=1 + 5 * 2 + 16)}


def test_a_store_from_before_decisions_were_kept_opens_and_keeps_them_from_now_on(path: Path) -> None:
    with open_store(path, plan_sha256=PLAN) as store:
        store.append([row_of(make_work(1), Answered(choice="b"), Reply(text="B", finish="stop"))])
    with sqlite3.connect(path) as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        assert "decisions" not in names
    database.close()
    with open_trials(path) as trials:
        assert (list(trials.decisions()), trials.decision_counts(), trials.last_decision()) == ([], (), 0)
    kept(path, EVERY_OUTCOME[0])
    with open_trials(path) as trials:
        assert list(trials.decisions()) == [EVERY_OUTCOME[0]]
        assert trials.count() == 1


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE decisions SET detail = '{'",
        "UPDATE decisions SET reply = NULL",
        """UPDATE decisions SET reply = '{"text": "yes", "finish": "stop", "latency_s": -1}'""",
        "UPDATE decisions SET settings = '3'",
        "DELETE FROM texts",
    ],
)
def test_a_damaged_row_is_left_out_so_that_the_fact_is_asked_about_again(damage: str, path: Path) -> None:
    kept(path, EVERY_OUTCOME[0])
    with sqlite3.connect(path) as database:
        assert database.execute(damage).rowcount > 0
    database.close()
    with open_trials(path) as trials:
        assert list(trials.decisions()) == []
    kept(path, EVERY_OUTCOME[0])
    with open_trials(path) as trials:
        assert list(trials.decisions())[-1:] == [EVERY_OUTCOME[0]]


def test_a_store_with_a_paid_decision_is_not_given_up_for_another_plan_and_one_with_failures_is(path: Path) -> None:
    kept(path, EVERY_OUTCOME[-1])
    assert discard_unanswered(path)
    kept(path, EVERY_OUTCOME[-1], EVERY_OUTCOME[3])
    assert not discard_unanswered(path)
    assert path.exists()


def test_answers_and_decisions_are_written_side_by_side(path: Path) -> None:
    with open_store(path, plan_sha256=PLAN) as store:
        table, rounds = DecisionTable(store), 40

        def decide() -> None:
            for index in range(rounds):
                table.keep([decided(Decided(shown=None), question=f"Question {index}")])

        other = threading.Thread(target=decide)
        other.start()
        for index in range(rounds):
            store.append([row_of(make_work(index), Answered(choice="b"), Reply(text="B", finish="stop"))])
        other.join()
    with open_trials(path) as trials:
        assert (trials.count(), len(list(trials.decisions()))) == (rounds, rounds)


def test_a_mark_is_written_with_its_decisions_or_neither_is(path: Path) -> None:
    kept(path, EVERY_OUTCOME[0], mark="gathered/x")
    with open_store(path, plan_sha256=PLAN) as store:
        assert store.marked("gathered/") == {"gathered/x"}
        table = DecisionTable(store)
        store.database.execute("CREATE TRIGGER full BEFORE INSERT ON decisions BEGIN SELECT RAISE(ABORT, 'full'); END")
        with pytest.raises(StoreError, match="full"):
            table.keep([EVERY_OUTCOME[1]], mark="gathered/y")
        assert store.marked("gathered/") == {"gathered/x"}
        store.database.execute("DROP TRIGGER full")
        assert len(list(table.known())) == 1

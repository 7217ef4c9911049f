"""Replaying an earlier run."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.endpoints.context import CellContext, EndpointContext
from evenhand.endpoints.kinds import open_endpoint
from evenhand.errors import EndpointError, StoreError
from evenhand.records.message import Message, Reply
from evenhand.records.plan import ModelSpec
from evenhand.records.trial import Answered, Failed
from evenhand.records.work import Work
from evenhand.run.execute import execute
from evenhand.run.limits import RunReport
from evenhand.store.reading import open_trials
from evenhand.store.recorded import open_recorded
from evenhand.store.rows import row_of
from evenhand.store.store import open_store
from tests.support.scripted_run import PLAN, make_work, outcome_of


def record(directory: Path, *indices: int, models: tuple[str, ...] = ("m",)) -> None:
    directory.mkdir(exist_ok=True)
    with open_store(directory / "trials.sqlite", plan_sha256=PLAN) as store:
        for model in models:
            replies = {index: Reply(text=f"{model}{index}", finish="stop") for index in indices}
            work = {index: make_work(index, model=model) for index in indices}
            store.append([row_of(work[index], Answered(choice="b"), replies[index]) for index in indices])


def replay(recorded: Path, path: Path, work: list[Work], *, query: str = "") -> RunReport:
    name = f"replay/{recorded}{query}"
    contexts = {
        one.cell.cell_key: CellContext(
            model=name,
            arm="none",
            arm_kind="none",
            item="i",
            options=("a",),
            keyed_option="a",
            replicate=one.cell.replicate,
        )
        for one in work
    }
    context = EndpointContext(cells=contexts.__getitem__, recorded=open_recorded)
    endpoint = open_endpoint(ModelSpec(name=name), context=context)
    with open_store(path, plan_sha256=PLAN) as store:
        return execute({"again": work}, endpoints={"again": endpoint}, store=store, outcome_of=outcome_of)


def again(index: int) -> Work:
    """The same question as `make_work(index)`, of another model: another key, the same conversation."""
    return make_work(index, model="again")


def repeat(work: Work, *, replicate: int) -> Work:
    return msgspec.structs.replace(work, cell=msgspec.structs.replace(work.cell, replicate=replicate))


def test_a_replayed_run_gives_the_same_answers_to_the_same_conversations(tmp_path: Path) -> None:
    record(tmp_path / "old", *range(7))
    report = replay(tmp_path / "old", tmp_path / "new.sqlite", [again(index) for index in range(7)])
    assert report.outcomes["answered"] == 7
    with open_trials(tmp_path / "new.sqlite") as trials:
        texts = {stored.cell.replicate: stored.trial.reply.text for stored in trials.rows() if stored.trial.reply}
    assert texts == {index: f"m{index}" for index in range(7)}


def test_repeats_of_one_conversation_get_the_answers_of_the_repeats(tmp_path: Path) -> None:
    record(tmp_path / "old", 0, 7, 14)  # one question, three replicates
    work = [repeat(again(index), replicate=index // 7) for index in (0, 7, 14, 21)]
    replay(tmp_path / "old", tmp_path / "new.sqlite", work)
    with open_trials(tmp_path / "new.sqlite") as trials:
        texts = {stored.cell.replicate: stored.trial.reply.text for stored in trials.rows() if stored.trial.reply}
    assert texts == {0: "m0", 1: "m7", 2: "m14", 3: "m0"}


def test_a_conversation_that_was_not_asked_then_fails_and_names_the_run(tmp_path: Path) -> None:
    record(tmp_path / "old", 1)
    other = again(1)
    asked = msgspec.structs.replace(other.request, messages=(Message(role="user", content="something new"),))
    replay(tmp_path / "old", tmp_path / "new.sqlite", [msgspec.structs.replace(other, request=asked)])
    with open_trials(tmp_path / "new.sqlite") as trials:
        (stored,) = trials.rows()
    assert isinstance(stored.trial.outcome, Failed)
    assert "holds no answer to this conversation" in stored.trial.outcome.error


def test_a_run_of_several_models_wants_one_named(tmp_path: Path) -> None:
    record(tmp_path / "old", 1, models=("m", "n"))
    with pytest.raises(EndpointError, match=r"'m', 'n'.*\?model=NAME"):
        open_recorded(tmp_path / "old", None)
    with pytest.raises(EndpointError, match="not of 'o'"):
        open_recorded(tmp_path / "old", "o")
    replay(tmp_path / "old", tmp_path / "new.sqlite", [again(1)], query="?model=n")
    with open_trials(tmp_path / "new.sqlite") as trials:
        (stored,) = trials.rows()
    assert stored.trial.reply is not None
    assert stored.trial.reply.text == "n1"


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        open_recorded(tmp_path, None)

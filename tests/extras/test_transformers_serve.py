"""The chat endpoint and the runner against a real server with a real neural network behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from evenhand.endpoints.context import Connection, EndpointContext
from evenhand.endpoints.kinds import open_endpoint
from evenhand.errors import EndpointError
from evenhand.records.cell import Cell
from evenhand.records.condition import Condition
from evenhand.records.message import Message, ModelSettings, Reply, Request
from evenhand.records.plan import ModelSpec
from evenhand.records.trial import Answered, Outcome, Truncated, Unparsed
from evenhand.records.work import Work
from evenhand.run.execute import execute
from evenhand.run.limits import RunReport
from evenhand.store.reading import open_trials
from evenhand.store.store import open_store
from tests.support.running_server import RunningServer

pytestmark = pytest.mark.extras

PLAN = "ab" * 32
LETTERS = ("A", "B", "C", "D", "E")


def cells(count: int, *, logprobs: bool = False) -> Iterator[Work]:
    for index in range(count):
        key = hashlib.blake2b(str(index).encode(), digest_size=16).hexdigest()
        cell = Cell(
            cell_key=key,
            model="tiny",
            arm=f"profile/{index}",
            item=f"item-{index % 4}",
            condition=Condition(),
            replicate=0,
            order_index=0,
            option_order=(0, 1, 2, 3, 4),
        )
        question = (
            f"Situation {index % 4}: what does Kim feel?\n\nA. joy\nB. fear\nC. anger\nD. pride\nE. relief\n\nAnswer."
        )
        messages = (
            Message(
                role="system", content=f"You are a helpful assistant. The user has {index} cats – and naïve neighbours."
            ),
            Message(role="user", content=question),
        )
        settings = ModelSettings(max_tokens=12, logprobs=logprobs, timeout_s=120.0)
        yield Work(
            cell=cell, request=Request(cell_key=key, messages=messages, settings=settings, letters=LETTERS, seed=index)
        )


def outcome_of(_: Work, reply: Reply) -> Outcome:
    if reply.finish == "length":
        return Truncated()
    return Answered(choice=reply.text) if reply.text in LETTERS else Unparsed(reason="no letter")


def ask(
    server: RunningServer, path: Path, count: int, *, logprobs: bool = False, model: str | None = None
) -> RunReport:
    spec = ModelSpec(name=f"openai/{model or server.model}", base_url=server.base_url)
    endpoint = open_endpoint(spec, context=EndpointContext(connection=Connection(concurrency=4)))
    with open_store(path, plan_sha256=PLAN) as store:
        return execute(
            {"tiny": cells(count, logprobs=logprobs)}, endpoints={"tiny": endpoint}, store=store, outcome_of=outcome_of
        )


def test_a_real_model_is_asked_over_http_and_answers_again_the_same(
    transformers_server: RunningServer, tmp_path: Path
) -> None:
    report = ask(transformers_server, tmp_path / "one.sqlite", 24)
    assert (report.stopped, report.asked, report.outcomes["failed"]) == ("done", 24, 0)
    assert report.outcomes["answered"] >= 8
    assert report.input_tokens > 24 * 50
    ask(transformers_server, tmp_path / "two.sqlite", 24)
    with open_trials(tmp_path / "one.sqlite") as one, open_trials(tmp_path / "two.sqlite") as two:
        first = {stored.cell.cell_key: stored.trial.outcome for stored in one.rows()}
        second = {stored.cell.cell_key: stored.trial.outcome for stored in two.rows()}
        totals = one.totals()["tiny"]
    assert first == second
    assert len({str(outcome) for outcome in first.values()}) > 2
    assert totals.reported[0].startswith("tiny-llama")
    assert totals.latency_s > 0


def test_log_probabilities_that_the_server_ignores_are_reported_missing(
    transformers_server: RunningServer, tmp_path: Path
) -> None:
    ask(transformers_server, tmp_path / "trials.sqlite", 6, logprobs=True)
    with open_trials(tmp_path / "trials.sqlite") as trials:
        totals = trials.totals()["tiny"]
    assert totals.logprobs == 0
    assert totals.notes == ("log-probabilities were asked for and not given by the server",)


def test_a_model_that_the_server_does_not_have_ends_the_run_with_a_sentence(
    transformers_server: RunningServer, tmp_path: Path
) -> None:
    with pytest.raises(EndpointError, match="has no model 'tiny-lama'"):
        ask(transformers_server, tmp_path / "trials.sqlite", 3, model="tiny-lama")

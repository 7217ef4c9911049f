"""A run in batches, against a server that plays every state a batch can be in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from evenhand.endpoints.base import AskError
from evenhand.endpoints.batch import BatchLimits
from evenhand.endpoints.openai.batch import OpenAIBatchEndpoint
from evenhand.errors import EndpointError
from evenhand.plan.file import stamp_plan
from evenhand.records.batch_job import BatchJob
from evenhand.records.plan import PromptFile
from evenhand.records.trial import Failed
from evenhand.run.limits import Limits, RunReport
from evenhand.scoring.templates import ask_templates
from evenhand.store.reading import open_trials
from tests.support.batch_plan import asked, batch_plan
from tests.support.batch_server import BatchServer, End, Fate, batch_server

CELLS = 120
DIALECTS = ("openai", "anthropic")


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with batch_server() as serving:
        yield serving


def jobs(run: Path) -> tuple[BatchJob, ...]:
    with open_trials(run / "trials.sqlite") as trials:
        return trials.batches()


def failures(run: Path) -> list[str]:
    """The errors of the cells that got no answer."""
    with open_trials(run / "trials.sqlite") as trials:
        return [row.trial.outcome.error for row in trials.rows() if isinstance(row.trial.outcome, Failed)]


@pytest.mark.parametrize("prefix", DIALECTS)
def test_answers_come_back_in_any_order_each_to_its_own_cell(prefix: str, server: BatchServer, tmp_path: Path) -> None:
    report = asked(batch_plan(server.base_url, prefix=prefix), tmp_path, rows=50)
    assert (report.stopped, report.asked, report.outcomes["answered"]) == ("done", CELLS, CELLS)
    assert [job.rows for job in jobs(tmp_path)] == [50, 50, 19], "one question is asked before them, by itself"
    assert {job.state for job in jobs(tmp_path)} == {"collected"}
    assert server.billed == CELLS
    sent = {row["custom_id"].partition("-")[2]: row for batch in server.batches.values() for row in batch.rows}
    with open_trials(tmp_path / "trials.sqlite") as trials:
        for row in trials.rows():
            assert row.trial.reply is not None
            assert row.trial.reply.batched is (row.cell.cell_key in sent)
            assert row.trial.reply.usage.input_tokens == 100
            if row.cell.cell_key in sent:
                asked_there = sent[row.cell.cell_key].get("body") or sent[row.cell.cell_key]["params"]
                assert asked_there["messages"][-1]["content"] == trials.messages(row)[-1].content


@pytest.mark.parametrize("prefix", DIALECTS)
def test_rows_that_expired_go_into_the_next_batch(prefix: str, server: BatchServer, tmp_path: Path) -> None:
    server.fate = lambda batch, row: "unasked" if batch == 0 and row % 3 else "answer"
    server.end = lambda batch: "expired" if batch == 0 else "completed"
    report = asked(batch_plan(server.base_url, prefix=prefix), tmp_path)
    assert (report.stopped, report.outcomes["answered"], report.outcomes["failed"]) == ("done", CELLS, 0)
    assert [job.rows for job in jobs(tmp_path)] == [119, 79]
    assert server.billed == CELLS


def test_rows_that_expired_are_sent_again_where_the_server_counts_them_as_failed(
    server: BatchServer, tmp_path: Path
) -> None:
    server.counts_unasked = True
    fates: tuple[Fate, Fate, Fate] = ("unasked", "answer", "answer")
    server.fate = lambda batch, row: "answer" if batch else "missing" if row == 1 else fates[row % 3]
    report = asked(batch_plan(server.base_url), tmp_path)
    assert (report.outcomes["answered"], report.outcomes["failed"]) == (CELLS - 1, 1)
    assert failures(tmp_path) == ["the provider counts an answer that its results do not hold"]
    assert [job.rows for job in jobs(tmp_path)] == [119, 40]


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_a_batch_that_ended_before_any_row_is_sent_again(end: End, server: BatchServer, tmp_path: Path) -> None:
    server.fate = lambda batch, row: "answer" if batch else "unasked"
    ends: tuple[End, End] = (end, "completed")
    server.end = lambda batch: ends[min(batch, 1)]
    assert asked(batch_plan(server.base_url), tmp_path).outcomes["answered"] == CELLS
    assert server.billed == CELLS


def test_rows_that_three_batches_pass_by_count_as_failed(server: BatchServer, tmp_path: Path) -> None:
    server.fate = lambda batch, row: "unasked" if row == 0 else "answer"
    report = asked(batch_plan(server.base_url), tmp_path)
    assert (report.outcomes["answered"], report.outcomes["failed"]) == (CELLS - 1, 1)
    assert failures(tmp_path) == ["3 batches ended without asking it"]
    assert len(server.batches) == 3


@pytest.mark.parametrize("prefix", DIALECTS)
def test_a_row_with_an_error_is_a_failure_that_the_next_run_asks_again(
    prefix: str, server: BatchServer, tmp_path: Path
) -> None:
    plan = batch_plan(server.base_url, prefix=prefix)
    server.fate = lambda batch, row: "error" if row < 7 else "answer"
    report = asked(plan, tmp_path)
    assert (report.stopped, report.outcomes["answered"], report.outcomes["failed"]) == ("done", CELLS - 7, 7)
    assert set(failures(tmp_path)) == {"HTTP 400: Something is wrong with it."}
    server.fate = lambda batch, row: "answer"
    assert asked(plan, tmp_path).outcomes["answered"] == 7
    assert server.billed == CELLS


def test_a_question_that_the_filter_blocked_is_refused_not_failed(server: BatchServer, tmp_path: Path) -> None:
    server.fate = lambda batch, row: "filtered" if row < 4 else "answer"
    report = asked(batch_plan(server.base_url), tmp_path)
    assert (report.outcomes["refused"], report.outcomes["failed"]) == (4, 0)


def test_a_batch_that_mostly_failed_ends_the_sending(server: BatchServer, tmp_path: Path) -> None:
    server.fate = lambda batch, row: "error"
    report = asked(batch_plan(server.base_url), tmp_path)
    assert report.stopped == "mostly_failed"
    assert report.halts[0].said == "HTTP 400: Something is wrong with it."
    assert len(server.batches) == 1


def test_a_batch_that_is_rejected_as_a_whole_asked_nothing(server: BatchServer, tmp_path: Path) -> None:
    plan = batch_plan(server.base_url)
    server.end = lambda batch: "failed"
    report = asked(plan, tmp_path)
    assert (report.stopped, report.asked) == ("same_error", 1)
    assert report.halts[0].said == "This line is not parseable as valid JSON."
    assert [job.state for job in jobs(tmp_path)] == ["rejected"]
    assert failures(tmp_path) == []
    server.end = lambda batch: "completed"
    assert asked(plan, tmp_path).outcomes["answered"] == CELLS - 1
    assert server.billed == CELLS


def test_a_batch_that_was_too_much_is_sent_in_smaller_ones(server: BatchServer, tmp_path: Path) -> None:
    server.rejection = ("token_limit_exceeded", "Enqueued token limit reached.")
    server.end = lambda batch: "failed" if len(server.batches[f"batch_{batch}"].rows) > 40 else "completed"
    report = asked(batch_plan(server.base_url), tmp_path)
    assert (report.stopped, report.outcomes["answered"]) == ("done", CELLS)
    rows = [job.rows for job in jobs(tmp_path) if job.state == "collected"]
    assert sum(rows) == CELLS - 1
    assert max(rows) <= 40
    assert server.billed == CELLS


@pytest.mark.parametrize("prefix", DIALECTS)
def test_what_is_too_much_beside_other_batches_waits_for_them(prefix: str, server: BatchServer, tmp_path: Path) -> None:
    def refused(batch: int) -> tuple[int, dict[str, object]] | None:
        out = any(one.end is None for one in server.batches.values())
        error = {"type": "invalid_request_error", "message": "Too many enqueued requests."}
        return (400, {"error": error}) if out else None

    server.refuse_create = refused
    report = asked(batch_plan(server.base_url, prefix=prefix), tmp_path, rows=40)
    assert (report.stopped, report.outcomes["answered"]) == ("done", CELLS)
    assert [job.rows for job in jobs(tmp_path) if job.state == "collected"] == [40, 40, 39]
    assert server.billed == CELLS


@pytest.mark.parametrize("prefix", DIALECTS)
def test_a_refused_batch_gives_the_model_up_in_the_words_of_its_server(
    prefix: str, server: BatchServer, tmp_path: Path
) -> None:
    error = {"type": "invalid_request_error", "message": "Batches of this model are closed."}
    server.refuse_create = lambda batch: (400, {"error": error})
    report = asked(batch_plan(server.base_url, prefix=prefix), tmp_path)
    assert report.stopped == "same_error"
    assert report.halts[0].said == "HTTP 400: Batches of this model are closed."
    assert not [name for name in server.files if name.startswith("file-")], "nothing is left at the server"


@pytest.mark.parametrize("prefix", DIALECTS)
@pytest.mark.parametrize("fate", ["missing", "damaged"])
def test_answers_that_are_counted_and_not_there_are_failures(
    prefix: str, fate: Fate, server: BatchServer, tmp_path: Path
) -> None:
    server.fate = lambda batch, row: fate if row < 2 else "answer"
    report = asked(batch_plan(server.base_url, prefix=prefix), tmp_path)
    assert (report.outcomes["answered"], report.outcomes["failed"]) == (CELLS - 2, 2)
    assert set(failures(tmp_path)) == {"the provider counts an answer that its results do not hold"}
    assert len(server.batches) == 1, "they may have been paid for, and are not sent again by this run"


@pytest.mark.parametrize("prefix", DIALECTS)
def test_results_that_are_gone_end_the_sending_and_are_asked_again_by_the_next_run(
    prefix: str, server: BatchServer, tmp_path: Path
) -> None:
    plan = batch_plan(server.base_url, prefix=prefix)
    server.end = lambda batch: "archived" if batch == 0 else "completed"
    report = asked(plan, tmp_path)
    assert report.stopped == "failing"
    assert "the next run asks its 119 questions again" in report.halts[0].said
    assert [job.state for job in jobs(tmp_path)] == ["lost"]
    assert asked(plan, tmp_path).outcomes["answered"] == CELLS - 1


@pytest.mark.parametrize("prefix", DIALECTS)
def test_an_answer_that_got_lost_on_its_way_back_sends_nothing_twice(
    prefix: str, server: BatchServer, tmp_path: Path
) -> None:
    server.hold = "create.after"
    server.released.set()  # the batch is made, and the answer is an error
    server.late_listing = 2
    report = asked(batch_plan(server.base_url, prefix=prefix), tmp_path)
    assert report.outcomes["answered"] == CELLS
    assert len(server.batches) == 1
    assert server.billed == CELLS


def test_a_server_that_breaks_off_whenever_a_batch_is_handed_over_is_given_up(
    server: BatchServer, tmp_path: Path
) -> None:
    server.refuse_create = lambda batch: (500, {"error": {"message": "broke off"}})
    report = asked(batch_plan(server.base_url), tmp_path)
    assert (report.stopped, report.asked) == ("failing", 1)
    assert "3 times no batch came about" in report.halts[0].said
    assert [job.state for job in jobs(tmp_path)] == ["unsent"] * 3
    assert not [name for name in server.files if name.startswith("file-")], "no file is left at the server"


def test_a_server_that_keeps_no_metadata_is_told_by_the_name_of_the_file(server: BatchServer, tmp_path: Path) -> None:
    server.drops_metadata = True
    server.hold = "create.after"
    server.released.set()
    assert asked(batch_plan(server.base_url), tmp_path).outcomes["answered"] == CELLS
    assert (len(server.batches), server.billed) == (1, CELLS)


def test_another_batch_with_as_many_rows_is_not_taken_for_ours(server: BatchServer, tmp_path: Path) -> None:
    plan = batch_plan(server.base_url, prefix="anthropic")
    asked(plan, tmp_path / "theirs")
    server.fate = lambda batch, row: "answer"

    def made_by_others(batch: int) -> tuple[int, dict[str, object]] | None:
        if len(server.batches) == 1:  # somebody else's batch, just before ours, whose making then breaks off
            server._make([{"custom_id": f"theirs-{n}", "params": {"model": "m"}} for n in range(119)], {})
            return 500, {"type": "error", "error": {"type": "api_error", "message": "broke off"}}
        return None

    server.refuse_create = made_by_others
    report = asked(plan, tmp_path / "ours")
    assert report.outcomes["answered"] == CELLS
    assert [job.state for job in jobs(tmp_path / "ours")] == ["unsent", "collected"]


def test_settings_that_the_model_does_not_take_are_left_out_of_every_row(server: BatchServer, tmp_path: Path) -> None:
    asked(batch_plan(server.base_url, model="warm"), tmp_path)
    (batch,) = server.batches.values()
    assert all("temperature" not in row["body"] for row in batch.rows)
    with open_trials(tmp_path / "trials.sqlite") as trials:
        notes = {row.trial.reply.note for row in trials.rows() if row.trial.reply is not None}
    assert notes == {"the server refused temperature: its own default was used instead"}


def test_a_wrong_key_ends_the_run_before_anything_is_sent(server: BatchServer, tmp_path: Path) -> None:
    server.live_status = 401
    with pytest.raises(EndpointError, match="wants a key"):
        asked(batch_plan(server.base_url), tmp_path)
    assert server.requests == ["POST /v1/chat/completions"]


@pytest.mark.parametrize("prefix", DIALECTS)
def test_keys_and_versions_are_sent_as_the_protocol_has_them(prefix: str, server: BatchServer, tmp_path: Path) -> None:
    asked(batch_plan(server.base_url, prefix=prefix), tmp_path)
    versions = {head.get("anthropic-version") for head in server.heads}
    assert versions == {"2023-06-01" if prefix == "anthropic" else None}


def test_no_batch_is_larger_than_the_provider_takes(
    server: BatchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 20_000
    monkeypatch.setattr(OpenAIBatchEndpoint, "limits", BatchLimits(rows=35, bytes=most))
    asked(batch_plan(server.base_url), tmp_path, rows=100)
    sizes = [sum(len(json.dumps(row)) for row in batch.rows) for batch in server.batches.values()]
    assert all(len(batch.rows) <= 35 for batch in server.batches.values())
    assert max(sizes) <= 1.1 * most
    assert min(sizes[:-1]) > most / 2
    assert server.billed == CELLS


def test_a_budget_in_calls_counts_what_is_out(server: BatchServer, tmp_path: Path) -> None:
    plan = batch_plan(server.base_url)
    report = asked(plan, tmp_path, limits=Limits(max_calls=50), rows=20)
    assert (report.stopped, report.calls, server.billed) == ("max_calls", 50, 50)
    assert asked(plan, tmp_path).outcomes["answered"] == CELLS - 50
    assert server.billed == CELLS


def test_a_budget_in_seconds_ends_the_waiting_and_leaves_the_batch_out(server: BatchServer, tmp_path: Path) -> None:
    plan = batch_plan(server.base_url)
    server.looks = 10**9
    report = asked(plan, tmp_path, limits=Limits(max_seconds=0.5))
    assert (report.stopped, report.asked) == ("max_seconds", 1)
    assert report.out is not None
    assert (report.out.jobs, report.out.rows) == (1, CELLS - 1)
    server.looks = 0
    assert asked(plan, tmp_path).outcomes["answered"] == CELLS - 1
    assert server.billed == CELLS


def test_a_provider_that_says_nothing_for_too_long_ends_the_run_and_loses_nothing(
    server: BatchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = batch_plan(server.base_url)

    async def silent(*_: object) -> object:
        raise AskError("HTTP 503: upstream is away")

    with monkeypatch.context() as patched:
        patched.setattr(OpenAIBatchEndpoint, "look", silent)
        with pytest.raises(EndpointError, match=r"cannot be asked for \(HTTP 503: upstream is away\)"):
            asked(plan, tmp_path)
    assert asked(plan, tmp_path).outcomes["answered"] == CELLS - 1
    assert server.billed == CELLS


@pytest.mark.parametrize("prefix", DIALECTS)
def test_a_batch_that_the_account_does_not_know_is_not_asked_again_unless_that_is_said(
    prefix: str, server: BatchServer, tmp_path: Path
) -> None:
    plan = batch_plan(server.base_url, prefix=prefix)
    server.looks = 10**9
    asked(plan, tmp_path, limits=Limits(max_seconds=0.2))
    server.looks = 0
    known = dict(server.batches)
    server.batches.clear()
    with pytest.raises(EndpointError, match=r"does not know the batch .batch_0. of .* with a key of the account"):
        asked(plan, tmp_path)
    server.batches |= known
    assert asked(plan, tmp_path).outcomes["answered"] == CELLS - 1
    assert server.billed == CELLS


def test_a_batch_that_is_dropped_is_asked_again(server: BatchServer, tmp_path: Path) -> None:
    plan = batch_plan(server.base_url)
    server.looks = 10**9
    asked(plan, tmp_path, limits=Limits(max_seconds=0.2))
    server.looks = 0
    server.batches.clear()
    assert asked(plan, tmp_path, drop=True).outcomes["answered"] == CELLS - 1
    assert [job.state for job in jobs(tmp_path)] == ["lost", "collected"]


def test_it_works_where_an_event_loop_runs_already(server: BatchServer, tmp_path: Path) -> None:
    async def in_a_notebook() -> RunReport:
        return asked(batch_plan(server.base_url), tmp_path)

    assert asyncio.run(in_a_notebook()).outcomes["answered"] == CELLS
    assert server.billed == CELLS


def test_a_reader_of_letters_is_asked_one_by_one_when_a_batch_is_collected(server: BatchServer, tmp_path: Path) -> None:
    options = {"model": "openai/reader", "base_url": server.base_url}
    plan = batch_plan(server.base_url)
    asks = tuple(
        PromptFile(name=name, sha256="0" * 64, text=text) for name, text in ask_templates("llm_extract").items()
    )
    plan = msgspec.structs.replace(
        plan, extractor="llm_extract", extractor_options=options, prompts=(*plan.prompts, *asks)
    )
    plan = stamp_plan(plan)
    server.readings = 1
    report = asked(plan, tmp_path)
    assert (report.outcomes["answered"], report.outcomes["failed"]) == (1, CELLS - 1)
    assert report.halts[0].said == "the model that reads the answers did not answer"
    assert [job.state for job in jobs(tmp_path)] == ["ended"], "its answers wait for the reader"
    server.readings = None
    assert asked(plan, tmp_path).outcomes["answered"] == CELLS - 1
    assert server.billed == CELLS
    assert [job.state for job in jobs(tmp_path)] == ["collected"]

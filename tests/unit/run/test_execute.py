"""The runner: every cell once, budgets, borders, interrupts."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evenhand.endpoints.base import AskError
from evenhand.errors import EndpointError, LocalError, StoreError, UsageError
from evenhand.plan.cost import Price
from evenhand.records.message import Reply, Request, Usage
from evenhand.records.trial import Answered, Failed, Outcome, Unparsed
from evenhand.records.work import Work
from evenhand.run import execute as execute_module
from evenhand.run.execute import Behind, execute
from evenhand.run.ledger import Ledger
from evenhand.run.limits import Halt, Limits, Progress, RunReport
from evenhand.store.reading import open_trials
from evenhand.store.rows import Row
from evenhand.store.store import Store, open_store
from tests.support.scripted_run import PLAN, ScriptedEndpoint, many, outcome_of, says_b


def run(path: Path, endpoint: ScriptedEndpoint, count: int = 20, **limits: float | None) -> RunReport:
    with open_store(path, plan_sha256=PLAN) as store:
        return execute(
            {"m": many(count)}, endpoints={"m": endpoint}, store=store, outcome_of=outcome_of, limits=_limits(limits)
        )


def _limits(given: dict[str, float | None]) -> Limits:
    return Limits(**given)  # type: ignore[arg-type]  # numbers from keyword arguments, each as its field wants it


def outcomes(path: Path) -> list[Outcome]:
    with open_trials(path) as trials:
        return [stored.trial.outcome for stored in trials.rows()]


def test_every_cell_is_asked_once_and_kept(tmp_path: Path) -> None:
    endpoint = ScriptedEndpoint(says_b)
    report = run(tmp_path / "t.sqlite", endpoint, 300)
    assert (report.stopped, report.asked, report.calls, report.skipped) == ("done", 300, 300, 0)
    assert len(set(endpoint.asked)) == len(endpoint.asked) == 300
    assert outcomes(tmp_path / "t.sqlite") == [Answered(choice="b")] * 300
    assert endpoint.closed


def test_a_second_run_asks_only_what_is_missing(tmp_path: Path) -> None:
    run(tmp_path / "t.sqlite", ScriptedEndpoint(says_b), 600)
    endpoint = ScriptedEndpoint(says_b)
    report = run(tmp_path / "t.sqlite", endpoint, 610)
    assert (report.skipped, report.asked, len(endpoint.asked)) == (600, 10, 10)


def test_no_work_is_done_at_once(tmp_path: Path) -> None:
    assert run(tmp_path / "t.sqlite", ScriptedEndpoint(says_b), 0).stopped == "done"


def test_a_failed_cell_is_an_outcome_and_is_asked_again_by_the_next_run(tmp_path: Path) -> None:
    def sometimes(request: Request) -> Reply:
        if request.seed % 5 == 0:
            raise AskError("HTTP 500: overloaded, Authorization: Bearer sk-abcdefghijklmnop", attempts=6)
        return says_b(request)

    report = run(tmp_path / "t.sqlite", ScriptedEndpoint(sometimes), 20)
    assert (report.outcomes["failed"], report.outcomes["answered"]) == (4, 16)
    assert report.calls == 16 + 4 * 6
    failures = [outcome for outcome in outcomes(tmp_path / "t.sqlite") if isinstance(outcome, Failed)]
    assert len(failures) == 4
    assert all("sk-" not in failure.error and failure.attempts == 6 for failure in failures)
    again = run(tmp_path / "t.sqlite", ScriptedEndpoint(says_b), 20)
    assert (again.skipped, again.asked) == (16, 4)
    assert outcomes(tmp_path / "t.sqlite") == [Answered(choice="b")] * 20


def test_an_unforeseen_error_of_one_cell_is_that_cells_outcome(tmp_path: Path) -> None:
    def breaks(request: Request) -> Reply:
        if request.seed == 3:
            raise ZeroDivisionError("by zero with api_key=abcdef123456")
        return says_b(request)

    report = run(tmp_path / "t.sqlite", ScriptedEndpoint(breaks), 8)
    (failure,) = [outcome for outcome in outcomes(tmp_path / "t.sqlite") if isinstance(outcome, Failed)]
    assert report.asked == 8
    assert failure.error.startswith("ZeroDivisionError: by zero")
    assert "abcdef123456" not in failure.error


def test_a_reply_that_is_not_valid_text_is_that_cells_failure(tmp_path: Path) -> None:
    def half(request: Request) -> Reply:
        return Reply(text="\ud800" if request.seed == 1 else "B", finish="stop")

    assert run(tmp_path / "t.sqlite", ScriptedEndpoint(half), 4).outcomes["failed"] == 1


def test_an_error_of_the_judge_is_that_cells_outcome(tmp_path: Path) -> None:
    def picky(work: Work, reply: Reply) -> Outcome:
        if work.request.seed == 2:
            raise KeyError("no such option")
        return outcome_of(work, reply)

    with open_store(tmp_path / "t.sqlite", plan_sha256=PLAN) as store:
        report = execute({"m": many(5)}, endpoints={"m": ScriptedEndpoint(says_b)}, store=store, outcome_of=picky)
    assert report.outcomes["failed"] == 1


def test_a_judge_may_be_asynchronous(tmp_path: Path) -> None:
    async def slow(work: Work, reply: Reply) -> Outcome:
        await asyncio.sleep(0)
        return outcome_of(work, reply)

    with open_store(tmp_path / "t.sqlite", plan_sha256=PLAN) as store:
        report = execute({"m": many(5)}, endpoints={"m": ScriptedEndpoint(says_b)}, store=store, outcome_of=slow)
    assert report.outcomes["answered"] == 5


def test_an_endpoint_that_cannot_be_asked_ends_the_run_and_keeps_what_was_answered(tmp_path: Path) -> None:
    def revoked(request: Request) -> Reply:
        if request.seed == 10:
            raise EndpointError("the key was revoked")
        return says_b(request)

    endpoint = ScriptedEndpoint(revoked, concurrency=1)
    with pytest.raises(EndpointError, match="revoked"):
        run(tmp_path / "t.sqlite", endpoint, 40)
    assert outcomes(tmp_path / "t.sqlite") == [Answered(choice="b")] * 10
    assert endpoint.closed


def test_an_error_while_cells_are_made_ends_the_run_and_keeps_what_was_answered(tmp_path: Path) -> None:
    def broken() -> Iterator[Work]:
        yield from many(5)
        raise ValueError("cannot render")

    with open_store(tmp_path / "t.sqlite", plan_sha256=PLAN) as store, pytest.raises(ValueError, match="render"):
        execute({"m": broken()}, endpoints={"m": ScriptedEndpoint(says_b)}, store=store, outcome_of=outcome_of)
    assert len(outcomes(tmp_path / "t.sqlite")) == 5


def test_a_cell_of_a_model_without_endpoint_is_an_error(tmp_path: Path) -> None:
    with open_store(tmp_path / "t.sqlite", plan_sha256=PLAN) as store, pytest.raises(UsageError, match="'other'"):
        execute(
            {"other": many(1, model="other")},
            endpoints={"m": ScriptedEndpoint(says_b)},
            store=store,
            outcome_of=outcome_of,
        )


class Waiting(ScriptedEndpoint):
    """Answers after a fixed time."""

    async def reply(self, request: Request) -> Reply:
        await asyncio.sleep(0.2)
        return await super().reply(request)


def test_two_models_take_no_longer_than_one(tmp_path: Path) -> None:
    def seconds(*models: str) -> float:
        endpoints = {model: Waiting(says_b, concurrency=8) for model in models}
        with open_store(tmp_path / f"{len(models)}.sqlite", plan_sha256=PLAN) as store:
            report = execute(
                {model: many(80, model=model) for model in models},
                endpoints=endpoints,
                store=store,
                outcome_of=outcome_of,
            )
        assert report.outcomes["answered"] == 80 * len(models)
        return report.seconds

    assert seconds("m", "n") <= 1.1 * seconds("m")


def test_a_cell_of_another_model_is_an_error(tmp_path: Path) -> None:
    with open_store(tmp_path / "t.sqlite", plan_sha256=PLAN) as store, pytest.raises(UsageError, match="among"):
        execute(
            {"m": many(1, model="other")}, endpoints={"m": ScriptedEndpoint(says_b)}, store=store, outcome_of=outcome_of
        )


def test_a_slow_model_and_a_fast_one_are_asked_to_the_end(tmp_path: Path) -> None:
    work = {"fast": many(1500, model="fast"), "slow": many(40, model="slow")}
    endpoints = {"fast": ScriptedEndpoint(says_b), "slow": ScriptedEndpoint(says_b, concurrency=1)}
    with open_store(tmp_path / "t.sqlite", plan_sha256=PLAN) as store:
        report = execute(work, endpoints=endpoints, store=store, outcome_of=outcome_of)
    assert report.asked == 1540
    assert (len(endpoints["fast"].asked), len(endpoints["slow"].asked)) == (1500, 40)


def test_the_call_budget_counts_retries_and_the_next_run_goes_on(tmp_path: Path) -> None:
    def retried(request: Request) -> Reply:
        return Reply(text="B", finish="stop", attempts=2)

    report = run(tmp_path / "t.sqlite", ScriptedEndpoint(retried, concurrency=1), 20, max_calls=10)
    assert (report.stopped, report.asked, report.calls) == ("max_calls", 5, 10)
    assert run(tmp_path / "t.sqlite", ScriptedEndpoint(says_b), 20).asked == 15


def test_a_call_budget_is_never_overstepped_by_cells_in_flight(tmp_path: Path) -> None:
    report = run(tmp_path / "t.sqlite", ScriptedEndpoint(says_b, concurrency=64), 500, max_calls=33)
    assert (report.asked, report.calls) == (33, 33)


def test_a_budget_that_suffices_exactly_ends_as_done(tmp_path: Path) -> None:
    assert run(tmp_path / "t.sqlite", ScriptedEndpoint(says_b), 20, max_calls=20).stopped == "done"


def test_the_token_budget_stops_the_run(tmp_path: Path) -> None:
    report = run(tmp_path / "t.sqlite", ScriptedEndpoint(says_b, concurrency=1), 20, max_tokens=55)
    assert report.stopped == "max_tokens"
    assert report.input_tokens + report.output_tokens == 55  # five replies of eleven tokens


def test_the_cost_budget_stops_the_run_and_an_unknown_price_is_none(tmp_path: Path) -> None:
    price = Price(input_usd=1e5, output_usd=0.0)  # ten input tokens: one dollar
    with open_store(tmp_path / "t.sqlite", plan_sha256=PLAN) as store:
        report = execute(
            {"m": many(20)},
            endpoints={"m": ScriptedEndpoint(says_b, concurrency=1)},
            store=store,
            outcome_of=outcome_of,
            limits=Limits(max_cost=4.0),
            behind=Behind(prices={"m": price}, ledger=Ledger()),
        )
    assert (report.stopped, report.asked, report.cost_usd) == ("max_cost", 4, 4.0)
    assert run(tmp_path / "t.sqlite", ScriptedEndpoint(says_b), 20).cost_usd is None


def test_a_cost_budget_that_cannot_be_kept_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    endpoint = ScriptedEndpoint(says_b)
    with pytest.raises(UsageError, match="price of 'm' is not known"):
        run(tmp_path / "t.sqlite", endpoint, 5, max_cost=1.0)
    assert endpoint.asked == []


class Slow(ScriptedEndpoint):
    """Takes its time, and says when it was asked."""

    def __init__(self, answer: Callable[[Request], Reply], *, concurrency: int = 4) -> None:
        super().__init__(answer, concurrency=concurrency)
        self.under_way = threading.Event()

    async def reply(self, request: Request) -> Reply:
        self.under_way.set()
        await asyncio.sleep(0.05)
        return await super().reply(request)


def test_the_time_budget_stops_the_run_and_keeps_what_is_in_flight(tmp_path: Path) -> None:
    report = run(tmp_path / "t.sqlite", Slow(says_b, concurrency=2), 400, max_seconds=0.2)
    assert report.stopped == "max_seconds"
    assert 4 <= report.asked <= 16
    assert len(outcomes(tmp_path / "t.sqlite")) == report.asked


class Hanging(Slow):
    """Never answers."""

    async def reply(self, request: Request) -> Reply:
        self.under_way.set()
        await asyncio.Event().wait()
        return await super().reply(request)


def test_what_hangs_is_given_up_when_the_grace_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute_module, "GRACE_S", 0.1)
    report = run(tmp_path / "t.sqlite", Hanging(says_b), 5, max_seconds=0.1)
    assert (report.stopped, report.asked) == ("max_seconds", 0)


def test_too_many_failures_in_a_row_stop_the_run(tmp_path: Path) -> None:
    def gone(request: Request) -> Reply:
        raise AskError("connection refused")

    report = run(tmp_path / "t.sqlite", ScriptedEndpoint(gone, concurrency=2), 100, max_failures_in_a_row=10)
    assert report.stopped == "failing"
    assert 10 <= report.asked <= 12
    assert report.halts == (Halt(model="m", reason="failing", said="connection refused"),)


def test_the_same_request_error_stops_the_run_with_the_servers_words(tmp_path: Path) -> None:
    def declined(request: Request) -> Reply:
        raise AskError("HTTP 400: no logprobs here", kind="request")

    report = run(tmp_path / "t.sqlite", ScriptedEndpoint(declined, concurrency=1), 100)
    assert (report.stopped, report.asked) == ("same_error", 5)
    assert report.halts[0].said == "HTTP 400: no logprobs here"


def test_a_model_that_is_given_up_does_not_hold_the_others_up(tmp_path: Path) -> None:
    def declined(request: Request) -> Reply:
        raise AskError("HTTP 400: no", kind="request")

    work = {"bad": many(3000, model="bad"), "good": many(3000, model="good")}
    endpoints = {"bad": ScriptedEndpoint(declined, concurrency=1), "good": ScriptedEndpoint(says_b, concurrency=16)}
    with open_store(tmp_path / "t.sqlite", plan_sha256=PLAN) as store:
        report = execute(work, endpoints=endpoints, store=store, outcome_of=outcome_of)
    assert (len(endpoints["bad"].asked), len(endpoints["good"].asked)) == (5, 3000)
    assert report.stopped == "same_error"
    assert [halt.model for halt in report.halts] == ["bad"]


def test_replies_that_no_row_can_hold_are_paid_for_and_stop_the_run(tmp_path: Path) -> None:
    def odd(_: Request) -> Reply:
        return Reply(text="B" * 400, finish="end")  # type: ignore[arg-type]  # as a function of the user's may

    with open_store(tmp_path / "t.sqlite", plan_sha256=PLAN) as store:
        report = execute(
            {"m": many(100)},
            endpoints={"m": ScriptedEndpoint(odd, concurrency=1)},
            store=store,
            outcome_of=outcome_of,
            behind=Behind(prices={"m": Price(input_usd=0.0, output_usd=1e6)}, ledger=Ledger()),
        )
    assert (report.stopped, report.asked, report.cost_usd) == ("same_error", 5, 500.0)
    assert "finish" in report.halts[0].said


def test_an_earlier_answer_of_the_model_keeps_a_resumed_run_from_giving_it_up(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    assert run(path, ScriptedEndpoint(says_b), 60, max_calls=1).asked == 1

    def unread(work: Work, reply: Reply) -> Outcome:
        return Unparsed(reason="no option")

    with open_store(path, plan_sha256=PLAN) as store:
        report = execute({"m": many(100)}, endpoints={"m": ScriptedEndpoint(says_b)}, store=store, outcome_of=unread)
    assert (report.stopped, report.asked) == ("done", 99)


def test_an_error_of_this_machine_ends_the_run_and_is_no_outcome(tmp_path: Path) -> None:
    def full(request: Request) -> Reply:
        if request.seed > 10:
            raise OSError(errno.EMFILE, "Too many open files")
        return says_b(request)

    with pytest.raises(LocalError, match="--concurrency"):
        run(tmp_path / "t.sqlite", ScriptedEndpoint(full, concurrency=1), 30)
    assert all(isinstance(outcome, Answered) for outcome in outcomes(tmp_path / "t.sqlite"))


def test_keys_stand_in_no_row(tmp_path: Path) -> None:
    key = "canary-0123456789"

    def echo(request: Request) -> Reply:
        if request.seed % 2:
            raise AskError("x" * 1990 + key)
        return Reply(text=f"B, and the key is {key}", finish="stop", note=key)

    with open_store(tmp_path / "t.sqlite", plan_sha256=PLAN) as store:
        execute(
            {"m": many(20)},
            endpoints={"m": ScriptedEndpoint(echo)},
            store=store,
            outcome_of=lambda work, reply: Unparsed(reason=reply.text),
            behind=Behind(ledger=Ledger(), secrets=(key,)),
        )
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"canary" not in data
    assert b"key removed" in data


@contextmanager
def interrupted(endpoint: Slow, *, times: int = 1) -> Iterator[None]:
    """Send Control-C once the endpoint is being asked, so that a busy machine is not interrupted before it listens."""

    def send() -> None:
        if endpoint.under_way.wait(60.0):
            for _ in range(times):
                time.sleep(0.2)
                os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    sender.start()
    yield
    sender.join()


def test_control_c_waits_for_what_is_in_flight_and_the_next_run_goes_on(tmp_path: Path) -> None:
    endpoint = Slow(says_b, concurrency=3)
    before = signal.getsignal(signal.SIGINT)
    with interrupted(endpoint):
        report = run(tmp_path / "t.sqlite", endpoint, 400)
    assert report.stopped == "interrupted"
    assert report.asked == len(endpoint.asked) == len(outcomes(tmp_path / "t.sqlite"))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_control_c_gives_up_what_is_in_flight(tmp_path: Path) -> None:
    endpoint = Hanging(says_b)
    with interrupted(endpoint, times=2):
        report = run(tmp_path / "t.sqlite", endpoint, 5)
    assert (report.stopped, report.asked) == ("interrupted", 0)


def test_a_store_that_breaks_ends_the_run_with_its_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Store.append

    def breaking(self: Store, rows: list[Row]) -> None:
        if self.count() + len(rows) > 30:
            raise StoreError("the disk is full")
        real(self, rows)

    monkeypatch.setattr(Store, "append", breaking)
    with pytest.raises(StoreError, match="full"):
        run(tmp_path / "t.sqlite", Slow(says_b, concurrency=8), 400)
    assert 0 < len(outcomes(tmp_path / "t.sqlite")) <= 30


def test_an_error_that_nobody_foresaw_in_the_thread_that_writes_ends_the_run_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More cells than may wait for the disk: workers that wait for room must not wait for ever."""

    def breaking(self: Store, rows: list[Row]) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(Store, "append", breaking)
    with pytest.raises(StoreError, match=r"stopped on OSError: .*Invalid argument; run again"):
        run(tmp_path / "t.sqlite", Slow(says_b, concurrency=8), 400)


def test_the_listener_hears_durable_counts_only(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    heard: list[Progress] = []

    def listen(progress: Progress) -> None:
        heard.append(progress)
        assert len(outcomes(path)) >= progress.done

    with open_store(path, plan_sha256=PLAN) as store:
        execute(
            {"m": many(200)},
            endpoints={"m": Slow(says_b, concurrency=40)},
            store=store,
            outcome_of=outcome_of,
            listener=listen,
        )
    assert [progress.done for progress in heard] == sorted(progress.done for progress in heard)
    assert (heard[-1].done, heard[-1].ended) == (200, "done")
    assert all(progress.ended is None for progress in heard[:-1])


def test_replies_without_token_counts_add_nothing(tmp_path: Path) -> None:
    report = run(tmp_path / "t.sqlite", ScriptedEndpoint(lambda _: Reply(text="B", finish="stop", usage=Usage())), 3)
    assert (report.input_tokens, report.output_tokens) == (0, 0)

"""Who asks what next: every part once, those of lost workers again, none after the end."""

from __future__ import annotations

import pytest

from evenhand.cluster.dispatch import MOST_LOSSES, Dispatch
from evenhand.cluster.part import PlanPart, parts_of
from evenhand.cluster.shares import Shares
from evenhand.cluster.task import PartEnded, WorkerTrouble
from evenhand.errors import EndpointError, LocalError
from evenhand.run.limits import Halt, Limits, RunReport, StopReason


def report(stopped: StopReason = "done", *, asked: int = 5, halts: tuple[Halt, ...] = ()) -> RunReport:
    return RunReport(
        stopped=stopped,
        skipped=0,
        asked=asked,
        outcomes={"answered": asked},
        calls=asked,
        input_tokens=0,
        output_tokens=0,
        cost_usd=None,
        seconds=1.0,
        halts=halts,
    )


def dispatch(*models: str, limits: Limits = Limits(), gpu: tuple[str, ...] = (), each: int = 10) -> Dispatch:
    parts = parts_of(models or ("m",), each=each, cells=5)
    return Dispatch(parts, shares=Shares(limits, workers=2), gpu_models=gpu)


def done(part: PlanPart, *, stopped: StopReason = "done", halts: tuple[Halt, ...] = (), asked: int = 5) -> PartEnded:
    return PartEnded(part=part.number, complete=True, report=report(stopped, asked=asked, halts=halts))


def taken(state: Dispatch, worker: str, kind: str = "cpu") -> PlanPart:
    task = state.take(worker, "gpu" if kind == "gpu" else "cpu")
    assert task is not None
    return task.part


def test_every_part_is_handed_out_once() -> None:
    state = dispatch("m", each=20)
    seen = []
    while not state.finished:
        for worker in ("a", "b"):
            task = state.take(worker, "cpu")
            if task is not None:
                seen.append(task.part.number)
                state.ended(worker, done(task.part))
    assert seen == [0, 1, 2, 3]
    assert state.stopped == "done"


def test_the_part_of_a_lost_worker_is_the_next_one_and_counts_as_another_attempt() -> None:
    state = dispatch("m", each=20)
    first = taken(state, "a")
    taken(state, "b")
    assert state.lost("a") == first
    again = state.take("c", "cpu")
    assert again is not None
    assert (again.part, again.attempt) == (first, 2)
    assert state.workers_lost == 1
    assert state.lost("nobody") is None


def test_a_part_that_loses_every_worker_ends_the_run() -> None:
    state = dispatch()
    for number in range(MOST_LOSSES):
        taken(state, f"w{number}")
        state.lost(f"w{number}")
    assert isinstance(state.error, LocalError)
    assert "workers were lost while they asked part 0 (cells 0 to 4 of m)" in str(state.error)
    assert state.finished
    assert state.take("w9", "cpu") is None


def test_a_worker_keeps_to_its_model_and_models_are_asked_side_by_side() -> None:
    state = dispatch("a", "b")
    first, second = taken(state, "x"), taken(state, "y")
    assert (first.model, second.model) == ("a", "b")
    state.ended("y", done(second))
    assert taken(state, "y").model == "b"


def test_models_for_a_gpu_wait_for_a_worker_with_one() -> None:
    state = dispatch("big", "small", gpu=("big",))
    assert taken(state, "x").model == "small"
    assert taken(state, "g", "gpu").model == "big"
    assert state.waiting("gpu") and state.waiting("cpu")


def test_a_model_that_was_given_up_is_handed_out_no_more_and_the_others_are() -> None:
    state = dispatch("a", "b")
    first = taken(state, "x")
    halt = Halt(model="a", reason="same_error", said="no such model")
    state.ended("x", done(first, stopped="same_error", halts=(halt,)))
    rest = [
        taken(state, "x"),
    ]
    state.ended("x", done(rest[0]))
    rest.append(taken(state, "x"))
    state.ended("x", done(rest[1]))
    assert {part.model for part in rest} == {"b"}
    assert state.finished
    assert (state.stopped, state.halts["a"].said) == ("same_error", "no such model")


def test_a_budget_ends_the_run_when_all_of_it_is_used() -> None:
    state = dispatch("m", limits=Limits(max_calls=6))
    first, second = taken(state, "x"), taken(state, "y")
    state.ended("x", done(first, stopped="max_calls", asked=3))
    assert not state.finished
    state.ended("y", done(second, stopped="max_calls", asked=3))
    assert state.take("x", "cpu") is None
    assert (state.stopped, state.finished) == ("max_calls", True)


def test_trouble_of_a_worker_ends_the_run_with_its_error() -> None:
    state = dispatch()
    part = taken(state, "x")
    state.ended(
        "x", PartEnded(part=part.number, complete=False, trouble=WorkerTrouble(kind="EndpointError", text="no key"))
    )
    assert isinstance(state.error, EndpointError)
    assert str(state.error) == "no key"
    assert state.finished


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_nothing_is_handed_out_after_a_stop(kind: str) -> None:
    state = dispatch()
    state.stop("interrupted")
    state.stop("max_calls")
    assert state.take("x", "gpu" if kind == "gpu" else "cpu") is None
    assert state.stopped == "interrupted"


def test_workers_hear_whether_a_model_has_answers() -> None:
    state = dispatch("m", each=10)
    task = state.take("x", "cpu")
    assert task is not None and not task.answered
    state.ended("x", done(task.part))
    after = state.take("x", "cpu")
    assert after is not None and after.answered

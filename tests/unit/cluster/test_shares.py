"""A budget shared among workers is kept by all of them together, whatever is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evenhand.cluster.shares import Shares
from evenhand.run.limits import BudgetReason, Limits, RunReport, StopReason


def report(stopped: StopReason, *, calls: int, asked: int | None = None, cost: float | None = None) -> RunReport:
    done = calls if asked is None else asked
    return RunReport(
        stopped=stopped,
        skipped=0,
        asked=done,
        outcomes={"answered": done},
        calls=calls,
        input_tokens=0,
        output_tokens=0,
        cost_usd=cost,
        seconds=1.0,
    )


def test_without_a_budget_nothing_is_shared() -> None:
    shares = Shares(Limits(), workers=3)
    assert shares.lend("a", seconds_left=None) == Limits()
    assert shares.lend("b", seconds_left=7.0) == Limits(max_seconds=7.0)


def test_workers_get_even_shares_and_what_is_left_comes_back() -> None:
    shares = Shares(Limits(max_calls=100), workers=4)
    lent = [shares.lend(name, seconds_left=None) for name in "abcd"]
    assert [limits.max_calls for limits in lent if limits] == [25, 25, 25, 25]
    assert shares.lend("e", seconds_left=None) is None
    shares.returned("a", report("done", calls=5))
    again = shares.lend("a", seconds_left=None)
    assert again is not None
    assert again.max_calls == 20
    assert shares.used_up is None


def test_a_lost_worker_takes_its_share_along() -> None:
    shares = Shares(Limits(max_calls=10), workers=2)
    assert shares.lend("a", seconds_left=None) and shares.lend("b", seconds_left=None)
    shares.lost("a")
    shares.returned("b", report("max_calls", calls=5))
    assert shares.lend("b", seconds_left=None) is None
    assert shares.used_up == "max_calls"


def test_shares_too_small_for_a_cell_are_put_together() -> None:
    """Cells of 4 calls, 6 calls for two workers: one cell can be asked, and then none."""
    shares = Shares(Limits(max_calls=6), workers=2)
    assert shares.lend("a", seconds_left=None) and shares.lend("b", seconds_left=None)
    shares.returned("a", report("max_calls", calls=0))
    assert shares.lend("a", seconds_left=None) is None
    shares.returned("b", report("max_calls", calls=0))
    whole = shares.lend("a", seconds_left=None)
    assert whole is not None and whole.max_calls == 6
    shares.returned("a", report("max_calls", calls=4, asked=1))
    rest = shares.lend("b", seconds_left=None)
    assert rest is not None and rest.max_calls == 2
    shares.returned("b", report("max_calls", calls=0))
    assert shares.used_up == "max_calls"


def test_time_that_is_over_ends_the_run() -> None:
    shares = Shares(Limits(max_seconds=5.0), workers=1)
    assert shares.lend("a", seconds_left=0.0) is None
    assert shares.used_up == "max_seconds"


@given(
    budget=st.integers(1, 300),
    workers=st.integers(1, 6),
    moves=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["use", "half", "lose"])), max_size=60),
)
def test_the_calls_of_all_workers_never_pass_the_budget(
    budget: int, workers: int, moves: list[tuple[int, str]]
) -> None:
    shares = Shares(Limits(max_calls=budget), workers=workers)
    out: dict[int, int] = {}
    made = 0
    reason: BudgetReason = "max_calls"
    for worker, move in moves:
        if worker not in out:
            limits = shares.lend(worker, seconds_left=None)
            if limits is not None:
                assert limits.max_calls is not None and limits.max_calls >= 1
                out[worker] = limits.max_calls
            continue
        most = out.pop(worker)
        used = most // 2 if move == "half" else most
        made += used
        if move == "lose":
            shares.lost(worker)
        else:
            shares.returned(worker, report(reason if move == "use" else "done", calls=used))
        assert made + sum(out.values()) <= budget

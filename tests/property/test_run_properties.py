"""However a run is cut into pieces, it ends with the planned cells, each once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.endpoints.base import AskError
from evenhand.records.message import Reply, Request
from evenhand.run.execute import execute
from evenhand.run.limits import Limits
from evenhand.store.reading import open_trials
from evenhand.store.store import open_store
from tests.support.scripted_run import PLAN, ScriptedEndpoint, many, outcome_of, says_b

CELLS = 60


@settings(max_examples=25, deadline=None)
@given(
    budgets=st.lists(st.integers(1, 40), max_size=6),
    concurrency=st.integers(1, 20),
    failing=st.sets(st.integers(0, CELLS - 1), max_size=20),
)
def test_more_budget_never_loses_a_cell(budgets: list[int], concurrency: int, failing: set[int]) -> None:
    def sometimes(request: Request) -> Reply:
        if request.seed in failing:
            raise AskError("busy")
        return says_b(request)

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "trials.sqlite"
        kept = 0
        for budget in [*budgets, None]:
            endpoint = ScriptedEndpoint(says_b if budget is None else sometimes, concurrency=concurrency)
            limits = Limits(max_calls=budget, max_failures_in_a_row=None)
            with open_store(path, plan_sha256=PLAN) as store:
                report = execute(
                    {"m": many(CELLS)}, endpoints={"m": endpoint}, store=store, outcome_of=outcome_of, limits=limits
                )
                assert store.count() >= kept
                kept = store.count()
            assert budget is None or report.asked <= budget
        with open_trials(path) as trials:
            keys = [stored.cell.cell_key for stored in trials.rows()]
            assert all(stored.trial.reply is not None for stored in trials.rows())
    assert keys == sorted(work.cell.cell_key for work in many(CELLS))

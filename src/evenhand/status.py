"""What a run has done, is doing, and what comes next, read from its directory while it runs or after."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from evenhand.batched import batches_out
from evenhand.design.cells import Crossing
from evenhand.errors import InputError
from evenhand.plan.cost import estimate, prices_of, spent
from evenhand.plan.second_models import every_model
from evenhand.plan.settling import TRIALS_FILE
from evenhand.records.decision import DecisionCount
from evenhand.records.plan import Plan
from evenhand.records.run_status import FindingsState, ModelStatus, NextStep, RunState, RunStatus
from evenhand.records.trial import OUTCOMES, OutcomeName
from evenhand.report.findings_file import read_findings
from evenhand.rundir import FINDINGS_FILE, REPORT_FILE, open_run
from evenhand.store.at_work import run_at_work
from evenhand.store.reading import open_trials

__all__ = ["WATCH_S", "run_status"]

WATCH_S = 2.0
"""Seconds for which a running audit is watched to read its speed."""


def run_status(directory: Path, *, watch_s: float = WATCH_S, sleep: Callable[[float], None] = time.sleep) -> RunStatus:
    """The status of a run directory.

    Args:
        directory: The run directory.
        watch_s: Seconds for which a running audit is watched to read its speed; 0: it is not.
        sleep: Waits so many seconds.

    Raises:
        StoreError: It is no run directory, or its trials cannot be read.
        PlanError: Its plan cannot be read.
    """
    plan = open_run(directory).plan
    trials = directory / TRIALS_FILE
    sizes = _sizes(plan)
    counts, running = _counts(trials), run_at_work(trials)
    speed = None
    if running and watch_s > 0:
        began, before = time.monotonic(), _asked(counts)
        sleep(watch_s)
        counts = _counts(trials)
        speed = (_asked(counts) - before) / max(time.monotonic() - began, 1e-9)
    planned, asked = sum(sizes.values()), _asked(counts)
    costs, second = _costs(plan, trials)
    out = batches_out(directory)
    state = _state(running=running, asked=asked, planned=planned, out=bool(out))
    findings = _findings_state(directory, asked=asked)
    failed = sum(outcomes.get("failed", 0) for outcomes in counts.values())
    return RunStatus(
        directory=str(directory),
        plan_sha256=plan.sha256,
        state=state,
        planned=planned,
        asked=asked,
        failed=failed,
        models=tuple(
            ModelStatus(
                model=name,
                planned=size,
                asked=sum(counts.get(name, {}).values()),
                outcomes={one: counts.get(name, {}).get(one, 0) for one in OUTCOMES},
                cost_usd=costs.get(name),
            )
            for name, size in sizes.items()
        ),
        batches=out,
        decisions=_decisions(trials),
        second_usd=second,
        per_second=speed,
        seconds_left=(planned - asked) / speed if speed else None,
        findings=findings,
        report=(directory / REPORT_FILE).is_file(),
        next=_next(state, findings, failed=failed, answered=any(one.get("answered") for one in counts.values())),
    )


def _sizes(plan: Plan) -> dict[str, int]:
    """Model -> cells planned."""
    crossing = Crossing(plan)
    return {model.name: crossing.size(model) for model in plan.models}


def _counts(path: Path) -> Mapping[str, Mapping[OutcomeName, int]]:
    """Model -> outcome -> cells; empty where nothing was asked."""
    if not path.is_file() or path.stat().st_size == 0:
        return {}
    with open_trials(path) as trials:
        return trials.outcomes()


def _decisions(path: Path) -> tuple[DecisionCount, ...]:
    """What came of the questions about facts; empty where nothing was asked."""
    if not path.is_file() or path.stat().st_size == 0:
        return ()
    with open_trials(path) as trials:
        return trials.decision_counts()


def _asked(counts: Mapping[str, Mapping[OutcomeName, int]]) -> int:
    return sum(sum(outcomes.values()) for outcomes in counts.values())


def _costs(plan: Plan, path: Path) -> tuple[dict[str, float | None], float | None]:
    """Model -> what it cost so far; and what second models did.

    Rows are read only where somebody bills for them.
    """
    prices = prices_of(every_model(plan))
    free = {name: 0.0 if name in prices else None for name in (model.name for model in plan.models)}
    if not any(price.input_usd or price.output_usd for price in prices.values()) or not _counts(path):
        return free, None
    with open_trials(path) as trials:
        totals = trials.totals()
    costs = {
        name: spent(prices[name], totals[name]) if name in prices and name in totals else cost
        for name, cost in free.items()
    }
    used = [(name, use) for total in totals.values() for name, use in total.second.items()]
    if not used or any(name not in prices for name, _ in used):
        return costs, None
    second = (
        estimate(prices[name], input_tokens=use.input_tokens, output_tokens=use.output_tokens) for name, use in used
    )
    return costs, sum(second)


def _state(*, running: bool, asked: int, planned: int, out: bool) -> RunState:
    if running:
        return "running"
    if out:
        return "waiting"
    if asked >= planned:
        return "done"
    return "stopped" if asked else "planned"


def _findings_state(directory: Path, *, asked: int) -> FindingsState:
    """Whether the findings speak of all answers that are there."""
    if not (directory / FINDINGS_FILE).is_file():
        return "none"
    try:
        run = read_findings(directory).run
    except InputError:  # of another version
        return "stale"
    read = 0 if run is None else sum(sum(model.outcomes.values()) for model in run.models)
    return "fresh" if read == asked else "stale"


def _next(state: RunState, findings: FindingsState, *, failed: int, answered: bool) -> tuple[NextStep, ...]:
    if state == "running":
        return ("wait",)
    if state == "waiting":
        return ("collect",)
    if state == "planned":
        return ("run",)
    if not answered:
        return ("doctor", "run")
    steps: list[NextStep] = []
    if findings != "fresh":
        steps.append("analyse")
    if state == "stopped":
        steps.append("run")
    elif failed:
        steps.append("ask_failed_again")
    if findings == "fresh":
        steps += ["report", "gate"]
    return tuple(steps)

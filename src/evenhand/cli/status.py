"""`evenhand status`: what a run has done, is doing, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, assert_never

import typer

from evenhand.cli.output import counted, print_json, print_table, say
from evenhand.records.batch_job import BatchJob, JobState
from evenhand.records.decision import DECISION_OUTCOMES
from evenhand.records.run_status import NextStep, RunStatus
from evenhand.records.trial import OUTCOMES

__all__ = ["register"]

_HELP = """Say what a run has done, whether it is at work, what it cost, how long it takes yet, and what to do next.

It only reads, and may be called while the run goes on. A running audit is watched for two seconds to read its speed;
one that answers more slowly is watched for longer with --watch.

Examples:

  evenhand status runs/2026-11-23-gpt

  evenhand status runs/2026-11-23-gpt --json
"""


def status(
    directory: Annotated[Path, typer.Argument(help="Run directory.")],
    watch: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds for which a running audit is watched for its speed.")
    ] = 2.0,
    json: Annotated[bool, typer.Option("--json", help="Print the status as JSON.")] = False,
) -> None:
    """Filled from `_HELP`."""
    from evenhand.status import run_status

    found = run_status(directory, watch_s=watch)
    if json:
        print_json(found)
        return
    say(_sentence(found))
    print_table(
        ("model", "planned", "asked", *OUTCOMES, "cost"),
        [
            (one.model, one.planned, one.asked, *(one.outcomes[name] for name in OUTCOMES), _cost(one.cost_usd))
            for one in found.models
        ],
    )
    if found.batches:
        print_table(
            ("batch", "model", "questions", "state", "since", "until", "the provider calls it"),
            [_batch(job) for job in found.batches],
        )
    if found.decisions:
        print_table(
            ("policy", "asks about facts", "asked", *(name.replace("_", " ") for name in DECISION_OUTCOMES)),
            [
                (one.policy, one.model, one.asked, *(one.outcomes[name] for name in DECISION_OUTCOMES))
                for one in found.decisions
            ],
        )
    if found.second_usd is not None:
        who = "Models beside the audited ones" if found.decisions else "The model that reads the answers"
        say(f"{who}: {_cost(found.second_usd)}")
    for step in found.next:
        say(f"Next: {_step(step, found)}")


def _sentence(found: RunStatus) -> str:
    """How far the run is, in one or two sentences."""
    from evenhand.run.progress_lines import time_left

    asked = f"{found.asked:,} of {counted(found.planned, 'cell')} asked"
    match found.state:
        case "planned":
            return f"{found.directory}: planned, nothing asked of {counted(found.planned, 'cell')}."
        case "done":
            failed = f", {found.failed:,} of them without an answer" if found.failed else ""
            return f"{found.directory}: every cell is asked ({found.asked:,}{failed}); {_findings(found)}."
        case "waiting":
            rows = counted(sum(job.rows for job in found.batches), "question")
            which = "1 batch" if len(found.batches) == 1 else f"{len(found.batches):,} batches"
            return f"{found.directory}: nobody is at it, {asked}; {rows} in {which} with providers; {_findings(found)}."
        case "stopped":
            return f"{found.directory}: stopped, {asked}; {_findings(found)}."
        case "running":
            if found.per_second is None:
                return f"{found.directory}: running, {asked}."
            if found.seconds_left is None:
                return f"{found.directory}: running, {asked}; no answer came while it was watched."
            left = time_left(found.seconds_left)
            return f"{found.directory}: running, {asked}, {found.per_second:.1f} per second, about {left} left."
        case _ as unreachable:
            assert_never(unreachable)


def _findings(found: RunStatus) -> str:
    match found.findings:
        case "none":
            return "nothing is analysed yet"
        case "stale":
            return "the findings are older than the answers"
        case "fresh":
            return "the findings speak of all answers"
        case _ as unreachable:
            assert_never(unreachable)


def _step(step: NextStep, found: RunStatus) -> str:
    where = found.directory
    match step:
        case "run":
            return f"`evenhand run {where}` asks what is left"
        case "wait":
            return f"wait, or stop it with Ctrl-C where it runs: nothing answered is lost; `evenhand status {where}`"
        case "collect":
            return f"`evenhand run {where}` collects the batches that are done, and waits for the others"
        case "analyse":
            return f"`evenhand analyse {where}` makes findings and a report of the answers that are there"
        case "report":
            return f"open {Path(where) / 'report.html'}"
        case "gate":
            return f"`evenhand gate {where}` decides by a policy"
        case "ask_failed_again":
            return f"`evenhand run {where}` asks the cells without an answer again"
        case "doctor":
            models = " ".join(one.model for one in found.models)
            return f"no usable answer yet: `evenhand doctor {models}` looks for the reason"
        case _ as unreachable:
            assert_never(unreachable)


def _batch(job: BatchJob) -> tuple[str | int, ...]:
    """A batch as a row: how much, since when, and until when it runs or its results are kept."""
    from evenhand.run.progress import when

    until = "not said" if job.until is None else when(job.until)
    return (job.id, job.model, job.rows, _BATCH_STATES[job.state], when(job.made), until, job.remote or "not known yet")


_BATCH_STATES: Mapping[JobState, str] = {
    "intent": "perhaps sent",
    "sent": "out",
    "ended": "done, not collected",
    "collected": "collected",
    "unsent": "never sent",
    "rejected": "not taken",
    "lost": "lost",
}


def _cost(cost: float | None) -> str:
    if cost is None:
        return "unknown"
    return "none" if cost == 0 else f"${cost:,.2f}"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status", help=_HELP)(status)

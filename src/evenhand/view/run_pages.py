"""The list of runs, and one run: how far it is, what came back, and what was found."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from evenhand.errors import EvenhandError
from evenhand.plan.cost import estimate, find_price
from evenhand.plan.second_models import every_model
from evenhand.records.trial import OUTCOMES, OutcomeName
from evenhand.report.blocks import NamedValue
from evenhand.report.numbers import count, date_text, duration, money, percent
from evenhand.report.words import plural, preset_label
from evenhand.view.followed_run import FollowedRun, RunPace
from evenhand.view.library import Library
from evenhand.view.render import ShownPage
from evenhand.view.run_card import CardAnswer, card_answers, run_card
from evenhand.view.run_folder import FolderEntry

__all__ = ["ModelProgress", "run_page", "runs_page"]

RUNS_A_PAGE = 25
LIVE_S = 5
"""Seconds after which a page of a running audit is shown anew."""


class ModelProgress(Struct, frozen=True, kw_only=True):
    """How far one model is."""

    model: str
    asked: int
    planned: int
    outcomes: dict[OutcomeName, int]
    cost: float | None
    """US dollars so far; None where no price is known."""

    def part(self, outcome: OutcomeName) -> float:
        """Share of the plan that ended so, in per cent."""
        return round(100 * self.outcomes[outcome] / self.planned, 3) if self.planned else 0.0


def runs_page(library: Library, *, number: int) -> ShownPage:
    """The runs of the folder.

    Args:
        library: The folder.
        number: Page of the list, from 1.
    """
    entries = library.folder.entries()
    runs = [entry for entry in entries if entry.kind != "foreign"]
    foreign = [entry.name for entry in entries if entry.kind == "foreign"]
    start = (number - 1) * RUNS_A_PAGE
    cards = [run_card(entry, library) for entry in runs[start : start + RUNS_A_PAGE]]
    return ShownPage(
        template="runs.html.j2",
        values={
            "title": "Runs",
            "folder": str(library.folder.root),
            "cards": cards,
            "total": len(runs),
            "foreign": foreign[:12],
            "foreign_more": max(0, len(foreign) - 12),
            "number": number,
            "pages": max(1, -(-len(runs) // RUNS_A_PAGE)),
            "live": LIVE_S if any(card.running for card in cards) else 0,
        },
    )


def run_page(entry: FolderEntry, library: Library) -> ShownPage:
    """One run.

    Raises:
        PlanError: Its plan cannot be read.
        StoreError: Its store cannot be read.
    """
    run = library.run(entry.path)
    problems = [run.problem] if run.problem else []
    answers: tuple[CardAnswer, ...] = ()
    interim = False
    try:
        findings = library.findings(entry.path)
        if findings is not None:
            answers = card_answers(findings)
            interim = findings.run is not None and findings.run.interim
    except EvenhandError as error:
        problems.append(str(error))
    pace, plan = run.pace(), run.known.plan
    models = _models(run)
    return ShownPage(
        template="run.html.j2",
        values={
            "title": entry.name,
            "run": entry.name,
            "here": "run",
            "problems": problems,
            "answers": answers,
            "interim": interim,
            "analysed": bool(answers),
            "progress": _progress(run, pace),
            "running": pace.running,
            "complete": pace.asked >= run.known.planned,
            "models": models,
            "outcomes": OUTCOMES,
            "facts": (
                NamedValue("Planned", date_text(plan.created)),
                NamedValue("Preset", preset_label(plan.preset)),
                NamedValue("Items", ", ".join(f"{stamp.name} ({stamp.size})" for stamp in plan.bank_stamps)),
                NamedValue("Users", ", ".join(f"{stamp.name} ({stamp.size})" for stamp in plan.cohort_stamps)),
                NamedValue("Plan", plan.sha256[:12]),
            ),
            "command": plan.command or f"evenhand run {entry.path}",
            "indexing": indexing(run),
            "live": LIVE_S if pace.running or not run.done.is_set() else 0,
        },
    )


def indexing(run: FollowedRun) -> str:
    """How far the index is, in a sentence; empty where it is complete."""
    if run.done.is_set():
        return ""
    progress = run.progress
    if progress is None or progress.total == 0:
        return "The index is being made. Lists and counts show what it holds so far."
    return (
        f"The index is being made: {count(progress.done)} of {count(progress.total)} trials "
        f"({percent(progress.done / progress.total, digits=0)}). Lists and counts show what it holds so far."
    )


def _models(run: FollowedRun) -> tuple[ModelProgress, ...]:
    columns = run.snapshot.columns
    made = []
    for spec in run.known.plan.models:
        own = columns.column("model") == columns.code("model", spec.name)
        price = find_price(spec)
        tokens = (int(columns.column(name)[own].sum()) for name in ("read", "written"))
        read, written = tokens
        made.append(
            ModelProgress(
                model=spec.name,
                asked=int(np.count_nonzero(own)),
                planned=run.known.planned_each,
                outcomes=columns.outcomes(own),
                cost=None if price is None else estimate(price, input_tokens=read, output_tokens=written),
            )
        )
    return tuple(made)


def _progress(run: FollowedRun, pace: RunPace) -> tuple[NamedValue, ...]:
    planned = run.known.planned
    share = percent(pace.asked / planned, digits=0) if planned else "0%"
    facts = [NamedValue("Asked", f"{count(pace.asked)} of {plural(planned, 'cell')} ({share})")]
    if pace.running:
        left = pace.seconds_left(planned)
        facts.append(
            NamedValue("Speed", f"{pace.per_second:.1f} a second" if pace.per_second is not None else "not seen yet")
        )
        facts.append(NamedValue("Time left", f"about {duration(left)}" if left is not None else "not known yet"))
    costs = _costs(run)
    if costs is not None:
        facts.append(NamedValue("Cost so far", f"about {money(costs)}"))
    return tuple(facts)


def _costs(run: FollowedRun) -> float | None:
    """US dollars of all models so far, second ones included; None where one of them has no known price."""
    columns, total = run.snapshot.columns, 0.0
    audited = {model.name for model in run.known.plan.models}
    for spec in every_model(run.known.plan):
        price = find_price(spec)
        if price is None:
            return None
        if spec.name in audited:
            own = columns.column("model") == columns.code("model", spec.name)
            read, written = (int(columns.column(name)[own].sum()) for name in ("read", "written"))
            total += estimate(price, input_tokens=read, output_tokens=written)
        if spec.name in columns.second:
            read, written = columns.second[spec.name]
            total += estimate(price, input_tokens=read, output_tokens=written)
    return total

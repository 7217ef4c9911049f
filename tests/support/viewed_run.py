"""A run directory as the pages of `evenhand view` read it: a small plan, and a store with an answer to every cell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from evenhand.design.cells import Crossing, Meeting
from evenhand.plan.file import write_plan
from evenhand.records.cell import Cell
from evenhand.records.message import Message, ModelSettings, Reply, Request, Usage
from evenhand.records.plan import Plan
from evenhand.records.trial import Answered, Failed, Outcome
from evenhand.records.work import Work
from evenhand.serve.listen import listening
from evenhand.store.rows import Row, row_of
from evenhand.store.store import open_store
from evenhand.view.run_folder import RunFolder
from evenhand.view.site import view_app
from tests.support.small_plan import small_plan

HOSTILE = (
    "<script>alert(1)</script>\"'&{{ 7*7 }}{% raw %}</pre></textarea> \u202etxet\u202c \x1b[31m javascript:alert(2)"
)
"""What a model may answer, a bank may hold, or a person may write."""

Answering = Callable[[Cell, Meeting], tuple[Outcome, Reply | None]]


def says(text: str, **more: object) -> Reply:
    """A reply with some tokens."""
    return Reply(text=text, finish="stop", usage=Usage(input_tokens=100, output_tokens=10), **more)  # type: ignore[arg-type]


def right(cell: Cell, meeting: Meeting) -> tuple[Outcome, Reply | None]:
    """The best option, in a sentence of its own."""
    return Answered(choice=meeting.item.key), says(f"Surely {meeting.item.key}, said of {cell.item}.")


def tilted(cell: Cell, meeting: Meeting) -> tuple[Outcome, Reply | None]:
    """The best option, but for disadvantaged users, who get another one."""
    if meeting.arm.levels.get("position") != "disadvantaged":
        return right(cell, meeting)
    other = next(option.id for option in meeting.item.options if option.id != meeting.item.key)
    return Answered(choice=other), says(f"Rather {other}, said of {cell.item}.")


def failing(_: Cell, __: Meeting) -> tuple[Outcome, Reply | None]:
    """No answer at all."""
    return Failed(error="ServerError: 503", attempts=3), None


def run_rows(plan: Plan, answer: Answering = tilted, *, cells: slice = slice(None)) -> list[Row]:
    """The rows of a store, in the order of the crossing."""
    made = []
    for cell, meeting in list(Crossing(plan).pairs())[cells]:
        memory = "\n".join(f"- {fact.text}" for fact in meeting.arm.facts)
        messages = (
            Message(role="system", content=f"You are a helpful assistant.\n{memory}"),
            Message(role="user", content=f"{meeting.item.stem} {meeting.item.question}"),
        )
        request = Request(cell_key=cell.cell_key, messages=messages, settings=ModelSettings(), letters=("A",), seed=1)
        made.append(row_of(Work(cell=cell, request=request), *answer(cell, meeting)))
    return made


def add_rows(directory: Path, plan: Plan, rows: Iterable[Row]) -> None:
    """Write rows as a run does."""
    with open_store(directory / "trials.sqlite", plan_sha256=plan.sha256) as store:
        for row in rows:
            store.append([row])


def viewed_run(directory: Path, answer: Answering = tilted, *, plan: Plan | None = None) -> Plan:
    """A run directory with an answer to every cell; gives its plan."""
    plan = plan or small_plan()
    write_plan(plan, directory)
    with open_store(directory / "trials.sqlite", plan_sha256=plan.sha256) as store:
        store.append(run_rows(plan, answer))
    return plan


@asynccontextmanager
async def viewing(folder: Path) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """(client, base address) of the pages over a folder, served on loopback."""
    async with (
        listening(view_app(RunFolder(folder)), path="", grace_s=0.2) as url,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as client,
    ):
        yield client, url

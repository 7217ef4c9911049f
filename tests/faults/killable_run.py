"""A run in a process of its own, to be killed: `python killable_run.py STORE CELLS ASKED DISK_S`.

Writes a line when it begins to ask, the key of every cell it asks to the file ASKED, and a line when it is done. Every
transaction takes DISK_S seconds longer.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from evenhand.endpoints.base import Locality
from evenhand.records.cell import Cell
from evenhand.records.condition import Condition
from evenhand.records.message import Message, ModelSettings, Reply, Request
from evenhand.records.trial import Answered, Outcome
from evenhand.records.work import Work
from evenhand.run.execute import execute
from evenhand.store.rows import Row
from evenhand.store.store import Store, open_store

PLAN = "ab" * 32
CONCURRENCY = 32


class LoggedEndpoint:
    """Answers after a moment; what it was asked is on disk before it answers."""

    concurrency = CONCURRENCY
    locality: Locality = "any"

    def __init__(self, log: Path) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def reply(self, request: Request) -> Reply:
        os.write(self._log, request.cell_key.encode() + b"\n")
        await asyncio.sleep(0.01)
        return Reply(text="A" * (1 + request.seed % 400), finish="stop")

    async def aclose(self) -> None:
        os.close(self._log)


def work(count: int) -> Iterator[Work]:
    for index in range(count):
        key = hashlib.blake2b(str(index).encode(), digest_size=16).hexdigest()
        cell = Cell(
            cell_key=key,
            model="m",
            arm="none",
            item=str(index),
            condition=Condition(),
            replicate=0,
            order_index=0,
            option_order=(0, 1),
        )
        messages = (Message(role="user", content=f"Question {index}"),)
        request = Request(cell_key=key, messages=messages, settings=ModelSettings(), letters=("A", "B"), seed=index)
        yield Work(cell=cell, request=request)


def outcome_of(_: Work, reply: Reply) -> Outcome:
    return Answered(choice=reply.text[:1].lower())


def slow_down(store: Store, seconds: float) -> None:
    """Let every transaction take so much longer."""
    append = store.append

    def slow(rows: Sequence[Row]) -> None:
        time.sleep(seconds)
        append(rows)

    store.append = slow  # type: ignore[method-assign]  # the disk of the test, no method of the store


def main(store_path: str, count: str, log: str, disk_s: str) -> None:
    with open_store(Path(store_path), plan_sha256=PLAN) as store:
        slow_down(store, float(disk_s))
        os.write(1, b"asking\n")
        execute({"m": work(int(count))}, endpoints={"m": LoggedEndpoint(Path(log))}, store=store, outcome_of=outcome_of)
    os.write(1, b"done\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The writer of decisions: nothing rests on what is not on disk, and nothing that came in is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from evenhand.errors import StoreError
from evenhand.records.decision import FactDecision
from evenhand.records.trial import Failed
from evenhand.run.decision_writer import DecisionWriter
from tests.support.decision_samples import EVERY_OUTCOME

ONE = EVERY_OUTCOME[0]


class Disk:
    """Writes when it is let to."""

    def __init__(self, *, broken: bool = False) -> None:
        self.batches: list[list[FactDecision]] = []
        self.ready = threading.Event()
        self.begun = threading.Event()
        self._broken = broken

    def known(self) -> Iterable[FactDecision]:
        return [ONE]

    def keep(self, decisions: Sequence[FactDecision]) -> None:
        self.begun.set()
        assert self.ready.wait(20.0)
        if self._broken:
            raise StoreError("the disk is full")
        self.batches.append(list(decisions))


def question(number: int) -> FactDecision:
    return replace(ONE, question=str(number))


async def begun(disk: Disk) -> None:
    assert await asyncio.to_thread(disk.begun.wait, 20.0)


async def test_nobody_goes_on_before_the_disk_and_what_came_meanwhile_goes_there_together() -> None:
    disk = Disk()
    writer = DecisionWriter(disk)
    waiting = [asyncio.create_task(writer.keep(question(0)))]
    await begun(disk)
    waiting += [asyncio.create_task(writer.keep(question(number))) for number in (1, 2, 3)]
    await asyncio.sleep(0.02)
    assert not any(task.done() for task in waiting)
    disk.ready.set()
    await asyncio.gather(*waiting)
    assert disk.batches == [[question(0)], [question(1), question(2), question(3)]]
    assert list(writer.known()) == [ONE]


async def test_who_is_cancelled_while_waiting_loses_nothing_that_was_paid() -> None:
    disk = Disk()
    writer = DecisionWriter(disk)
    waiting = [asyncio.create_task(writer.keep(question(number))) for number in (0, 1)]
    await begun(disk)
    late = asyncio.create_task(writer.keep(question(2)))
    await asyncio.sleep(0)
    for task in (*waiting, late):
        task.cancel()
    await asyncio.gather(*waiting, late, return_exceptions=True)
    disk.ready.set()
    await writer.settle()
    assert [one for batch in disk.batches for one in batch] == [question(0), question(1), question(2)]


async def test_a_disk_that_breaks_is_told_to_each_who_waits() -> None:
    disk = Disk(broken=True)
    disk.ready.set()
    writer = DecisionWriter(disk)
    found = await asyncio.gather(*(writer.keep(question(number)) for number in range(3)), return_exceptions=True)
    assert [str(error) for error in found] == ["the disk is full"] * 3
    await writer.settle()


async def test_keys_in_errors_are_not_kept() -> None:
    disk = Disk()
    disk.ready.set()
    writer = DecisionWriter(disk, secrets=("hush-hush-12345",))
    failure = Failed(error="HTTP 401: hush-hush-12345 is no key", attempts=1)
    await writer.keep(replace(ONE, outcome=failure, reply=None))
    ((one,),) = disk.batches
    assert isinstance(one.outcome, Failed)
    assert "hush" not in one.outcome.error
    assert "is no key" in one.outcome.error

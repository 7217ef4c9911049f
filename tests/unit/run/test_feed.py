"""Handing out cells lazily."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from evenhand.records.work import Work
from evenhand.run.feed import Feed
from tests.support.scripted_run import make_work


class Counted:
    """Counts how many cells were drawn."""

    def __init__(self, *models: str) -> None:
        self.drawn = 0
        self._models = models

    def __iter__(self) -> Iterator[Work]:
        for index, model in enumerate(self._models):
            self.drawn += 1
            yield make_work(index, model=model)


def nothing(_: str) -> bool:
    return False


async def test_cells_are_drawn_one_by_one() -> None:
    cells = Counted(*["a"] * 100)
    feed = Feed(cells, models=["a"], present=nothing)
    assert await feed.take("a") is not None
    assert cells.drawn == 1


async def test_looking_ahead_for_one_model_is_bounded_and_goes_on_when_there_is_room() -> None:
    cells = Counted(*["a"] * 50, "b")
    feed = Feed(cells, models=["a", "b"], present=nothing, ahead=10)
    waiting = asyncio.create_task(feed.take("b"))
    await asyncio.sleep(0.01)
    assert cells.drawn == 10
    for _ in range(50):
        assert await feed.take("a") is not None
    found = await asyncio.wait_for(waiting, timeout=1.0)
    assert found is not None
    assert found.cell.model == "b"
    assert await feed.take("a") is None
    assert await feed.take("b") is None


async def test_closing_sends_everybody_home() -> None:
    feed = Feed(Counted(*["a"] * 50), models=["a", "b"], present=nothing, ahead=10)
    waiting = asyncio.create_task(feed.take("b"))
    await asyncio.sleep(0.01)
    feed.close()
    assert await asyncio.wait_for(waiting, timeout=1.0) is None
    assert await feed.take("a") is None


async def test_skipped_cells_let_others_have_a_turn() -> None:
    feed = Feed(Counted(*["a"] * 2000), models=["a"], present=lambda _: True)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    assert await feed.take("a") is None
    task.cancel()
    assert feed.skipped == 2000
    assert turns >= 5

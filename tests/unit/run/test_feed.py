"""Handing out the cells of one model lazily."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from evenhand.errors import UsageError
from evenhand.records.work import Work
from evenhand.run.feed import Feed
from tests.support.scripted_run import make_work


class Counted:
    """Counts how many cells were drawn."""

    def __init__(self, cells: int, *, model: str = "m") -> None:
        self.drawn = 0
        self._cells = cells
        self._model = model

    def __iter__(self) -> Iterator[Work]:
        for index in range(self._cells):
            self.drawn += 1
            yield make_work(index, model=self._model)


def nothing(_: str) -> bool:
    return False


async def test_cells_are_drawn_one_by_one() -> None:
    cells = Counted(100)
    feed = Feed("m", cells, present=nothing)
    assert await feed.take() is not None
    assert cells.drawn == 1


async def test_the_end_is_none_for_everybody() -> None:
    feed = Feed("m", Counted(1), present=nothing)
    assert [await feed.take() is None for _ in range(3)] == [False, True, True]


async def test_a_closed_feed_hands_out_nothing() -> None:
    cells = Counted(50)
    feed = Feed("m", cells, present=nothing)
    feed.close()
    assert await feed.take() is None
    assert cells.drawn == 0


async def test_a_feed_that_is_closed_while_it_skips_ends() -> None:
    cells = Counted(100_000)
    feed = Feed("m", cells, present=lambda _: True)
    taking = asyncio.create_task(feed.take())
    await asyncio.sleep(0)
    feed.close()
    assert await taking is None
    assert cells.drawn < 1000


async def test_a_cell_of_another_model_is_refused() -> None:
    with pytest.raises(UsageError, match="'n' is among the cells of 'm'"):
        await Feed("m", Counted(1, model="n"), present=nothing).take()


async def test_skipped_cells_let_others_have_a_turn() -> None:
    feed = Feed("m", Counted(2000), present=lambda _: True)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    assert await feed.take() is None
    task.cancel()
    assert feed.skipped == 2000
    assert turns >= 5

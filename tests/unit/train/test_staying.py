"""How many answers of each sort a step is held to; the divergence itself is tested with torch, in tests/extras."""

from __future__ import annotations

import pytest

from evenhand.train.staying import _counted


@pytest.mark.parametrize(
    ("sizes", "at_once", "counts"),
    [
        pytest.param((100, 20, 300), 32, [19, 3, 10], id="six in ten without memory, one in ten needed"),
        pytest.param((100, 0, 300), 30, [20, 10], id="nothing is needed"),
        pytest.param((0, 0, 300), 16, [16], id="only behind a memory"),
        pytest.param((2, 1, 5), 2, [1, 1, 1], id="at least one of each sort"),
    ],
)
def test_a_draw_has_its_share_of_every_sort_that_there_is(
    sizes: tuple[int, int, int], at_once: int, counts: list[int]
) -> None:
    found = list(_counted(list(zip(sizes, (0.6, 0.1, 0.3), strict=True)), at_once=at_once))
    assert [count for _, count in found] == counts
    assert [index for rows, _ in found for index in rows] == list(range(sum(sizes)))

"""Parts: every cell in one, and none with two models."""

from __future__ import annotations

from evenhand.cluster.part import parts_of


def test_parts_hold_every_cell_once_and_one_model_each() -> None:
    parts = list(parts_of(["a", "b", "c"], each=12, cells=5))
    assert [number for part in parts for number in range(part.start, part.stop)] == list(range(36))
    assert [part.number for part in parts] == list(range(9))
    assert [len(part) for part in parts] == [5, 5, 2] * 3
    assert all(part.model == "abc"[part.start // 12] == "abc"[(part.stop - 1) // 12] for part in parts)


def test_a_plan_without_cells_has_no_parts() -> None:
    assert list(parts_of(["a"], each=0, cells=5)) == []

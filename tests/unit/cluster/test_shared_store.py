"""The place of a run: one layout, one manifest per part, one driver at a time."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evenhand.cluster.part import PlanPart
from evenhand.cluster.place import FolderPlace
from evenhand.cluster.shared_store import SharedStore, Superseded, driver_of, file_name
from evenhand.errors import PlanError, StoreError, UsageError
from tests.support.small_plan import small_plan, with_seed

PLAN = small_plan()
PART = PlanPart(number=3, model="m", start=15, stop=20)


def shared(folder: Path) -> SharedStore:
    return SharedStore.open(FolderPlace(folder), PLAN, cells=100, part_cells=5)


def test_a_place_belongs_to_one_plan_and_one_size_of_parts(tmp_path: Path) -> None:
    first = shared(tmp_path)
    again = SharedStore.open(FolderPlace(tmp_path), PLAN, cells=100)
    assert again.layout == first.layout == SharedStore.at(FolderPlace(tmp_path)).layout
    with pytest.raises(PlanError, match=f"holds answers to the plan '{PLAN.sha256[:12]}'"):
        SharedStore.open(FolderPlace(tmp_path), with_seed(PLAN, 8), cells=100)
    with pytest.raises(UsageError, match="parts of 5 cells, and --part got 6"):
        SharedStore.open(FolderPlace(tmp_path), PLAN, cells=100, part_cells=6)


def test_a_place_of_another_version_or_damaged_is_refused(tmp_path: Path) -> None:
    layout = shared(tmp_path).layout
    (tmp_path / "layout.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(layout, version=9)))
    with pytest.raises(StoreError, match="version 9 of its files, this one reads 1"):
        shared(tmp_path)
    (tmp_path / "layout.json").write_bytes(b"{")
    with pytest.raises(StoreError, match=r"'layout.json'.*cannot be read"):
        shared(tmp_path)


def test_a_worker_whose_machine_does_not_reach_the_place_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="one place that all machines reach"):
        SharedStore.at(FolderPlace(tmp_path))


def test_the_first_manifest_of_a_part_counts(tmp_path: Path) -> None:
    store = shared(tmp_path)
    store.add(3, file_name(driver=1, attempt=1, number=1), b"one")
    first = store.complete(PART)
    store.add(3, file_name(driver=1, attempt=2, number=1), b"two")
    assert store.complete(PART) == first == store.manifest(3)
    assert store.done() == store.begun() == {3}
    assert [data for _, data in store.checked(first)] == [b"one"]


def test_a_file_that_was_changed_or_lost_is_found_out(tmp_path: Path) -> None:
    store = shared(tmp_path)
    store.add(3, file_name(driver=1, attempt=1, number=1), b"one")
    manifest = store.complete(PART)
    (path,) = (tmp_path / "parts" / "00000003").iterdir()
    path.write_bytes(b"another")
    with pytest.raises(StoreError, match="is not what its manifest names"):
        list(store.checked(manifest))
    path.unlink()
    with pytest.raises(StoreError, match="which was listed"):
        list(store.checked(manifest))


def test_files_count_in_the_order_in_which_they_were_begun(tmp_path: Path) -> None:
    store = shared(tmp_path)
    names = [
        file_name(driver=driver, attempt=attempt, number=number)
        for driver, attempt, number in ((1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1), (11, 1, 1))
    ]
    for name in reversed(names):
        store.add(3, name, b"")
    assert store.files(3) == names
    assert [driver_of(name) for name in names] == [1, 1, 1, 2, 11]


def test_a_new_driver_stops_the_one_before(tmp_path: Path) -> None:
    store = shared(tmp_path)
    first = store.take_over(version="1")
    store.check_driver(first)
    assert shared(tmp_path).take_over(version="1") == first + 1
    with pytest.raises(Superseded, match="has taken over"):
        store.check_driver(first)
    store.check_driver(first + 1)


class Forgetful(FolderPlace):
    """A server that takes the condition and does not keep it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._folder = root

    def create(self, name: str, data: bytes) -> bool:
        (self._folder / name).write_bytes(data)
        return True


def test_a_server_that_writes_over_what_is_there_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="writes over files that are there"):
        SharedStore.open(Forgetful(tmp_path), PLAN, cells=100)

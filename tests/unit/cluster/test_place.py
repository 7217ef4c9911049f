"""A folder as the place of a run: a file is written whole, once, by one."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from evenhand.cluster.place import FolderPlace
from evenhand.errors import StoreError


def test_of_many_that_create_one_file_one_is_told_so(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "shared")
    start = threading.Barrier(16)
    told: list[tuple[int, bool]] = []

    def create(number: int) -> None:
        start.wait()
        told.append((number, place.create("manifests/1.json", f"{number}".encode())))

    threads = [threading.Thread(target=create, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [number for number, created in told if created]
    assert place.read("manifests/1.json") == f"{winner}".encode()
    assert [path.name for path in (tmp_path / "shared" / "manifests").iterdir()] == ["1.json"]


def test_what_is_not_whole_yet_has_no_name(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path)
    place.create("parts/b", b"2")
    place.create("parts/a", b"1")
    (tmp_path / "parts" / ".unfinished-00").write_bytes(b"cut")
    assert place.names("parts") == ["a", "b"]
    assert place.names("nothing") == []
    assert place.read("parts/c") is None


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="choose another --store"):
        FolderPlace(tmp_path / "file").create("layout.json", b"")
    with pytest.raises(StoreError, match="cannot read"):
        FolderPlace(tmp_path / "file").names("parts")


def test_a_file_system_without_hard_links_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(StoreError, match="no hard links"):
        FolderPlace(tmp_path).create("layout.json", b"")
    assert list(tmp_path.iterdir()) == []

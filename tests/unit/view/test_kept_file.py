from __future__ import annotations

import os
from pathlib import Path

from evenhand.view.kept_file import KeptFiles


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    path, reads = tmp_path / "a", []

    def read(place: Path) -> str:
        reads.append(place)
        return place.read_text(encoding="utf-8")

    kept = KeptFiles(read, most=2)
    path.write_text("one", encoding="utf-8")
    assert [kept.of(path), kept.of(path)] == ["one", "one"]
    assert len(reads) == 1
    path.write_text("two!", encoding="utf-8")
    os.utime(path, (5, 5))
    assert kept.of(path) == "two!"


def test_the_oldest_is_given_up(tmp_path: Path) -> None:
    reads: list[str] = []
    kept = KeptFiles(lambda path: reads.append(path.name), most=2)
    for name in ("a", "b", "c", "a"):
        (tmp_path / name).write_text(name, encoding="utf-8")
        os.utime(tmp_path / name, (5, 5))
        kept.of(tmp_path / name)
    assert reads == ["a", "b", "c", "a"]

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evenhand.errors import UsageError
from evenhand.view.run_folder import RunFolder


def made(folder: Path, *files: str) -> Path:
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}", encoding="utf-8")
    return folder


def test_every_directory_is_listed_with_what_it_is(tmp_path: Path) -> None:
    made(tmp_path, "a/plan.json", "b/findings.json", "c/letter.txt", "loose.txt", ".hidden/plan.json")
    assert {entry.name: entry.kind for entry in RunFolder(tmp_path).entries()} == {
        "a": "run",
        "b": "findings",
        "c": "foreign",
    }


def test_the_newest_comes_first(tmp_path: Path) -> None:
    made(tmp_path, "old/plan.json", "new/plan.json")
    os.utime(tmp_path / "old" / "plan.json", (1, 1))
    assert [entry.name for entry in RunFolder(tmp_path).entries()] == ["new", "old"]


def test_a_run_directory_by_itself_is_the_only_entry(tmp_path: Path) -> None:
    made(tmp_path, "run/plan.json", "run/inner/plan.json")
    folder = RunFolder(tmp_path / "run")
    assert [entry.name for entry in folder.entries()] == ["run"]
    assert folder.entry("run") is not None
    assert folder.entry("inner") is None


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "a/..", "a/../a", "/etc", ".hidden", "a\x00", "A/", "nobody"])
def test_a_name_that_is_no_entry_leads_nowhere(tmp_path: Path, name: str) -> None:
    made(tmp_path, "a/plan.json", ".hidden/plan.json")
    assert RunFolder(tmp_path).entry(name) is None


def test_a_link_is_no_entry(tmp_path: Path) -> None:
    made(tmp_path, "outside/plan.json", "inside/real/plan.json")
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    folder = RunFolder(tmp_path / "inside")
    assert [entry.name for entry in folder.entries()] == ["real"]
    assert folder.entry("link") is None


def test_a_plan_that_is_a_link_makes_no_run(tmp_path: Path) -> None:
    made(tmp_path, "secret.json", "runs/a/letter.txt")
    (tmp_path / "runs" / "a" / "plan.json").symlink_to(tmp_path / "secret.json")
    assert [entry.kind for entry in RunFolder(tmp_path / "runs").entries()] == ["foreign"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no folder '.*nowhere'; name a folder of runs"):
        RunFolder(tmp_path / "nowhere")

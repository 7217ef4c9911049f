from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evenhand.audit import publish
from evenhand.store.store import open_store
from evenhand.view.library import Library
from evenhand.view.run_card import RunCard, run_card
from evenhand.view.run_folder import RunFolder
from tests.support.findings_fixture import full_findings
from tests.support.small_plan import small_plan
from tests.support.viewed_run import run_rows, viewed_run


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "runs"
    place.mkdir()
    yield place


def card(folder: Path, name: str) -> RunCard:
    library = Library(RunFolder(folder))
    try:
        entry = library.folder.entry(name)
        assert entry is not None
        return run_card(entry, library)
    finally:
        library.close()


def test_a_run_says_how_far_it_is_and_what_was_found(folder: Path) -> None:
    plan = viewed_run(folder / "a")
    publish(full_findings(), folder / "a")
    made = card(folder, "a")
    total = len(run_rows(plan))
    assert (made.models, made.asked, made.planned, made.share) == (("simulated/null",), total, total, 100.0)
    assert (made.running, made.problem) == (False, "")
    assert made.answers
    assert all(answer.answer and answer.verdict for answer in made.answers)


def test_a_run_that_is_asking_says_so(folder: Path) -> None:
    plan = viewed_run(folder / "a")
    with open_store(folder / "a" / "trials.sqlite", plan_sha256=plan.sha256):
        assert card(folder, "a").running
    assert not card(folder, "a").running


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("plan.json", b"{", "is not a plan this version can read"),
        ("plan.json", b"", "is not a plan this version can read"),
        ("plan.json", b"\xff\xfe" * 50, "is not a plan this version can read"),
        ("plan.json", b"[" * 100_000, "is not a plan this version can read"),
        ("findings.json", b"{}", "was written in the form ''"),
        ("findings.json", b"nonsense", "does not hold findings"),
        ("trials.sqlite", b"not a database" * 1000, "is not a readable store"),
    ],
)
def test_what_is_damaged_says_so(folder: Path, name: str, content: bytes, said: str) -> None:
    viewed_run(folder / "a")
    (folder / "a" / name).write_bytes(content)
    assert said in card(folder, "a").problem


def test_damaged_findings_leave_the_rest_of_the_card(folder: Path) -> None:
    viewed_run(folder / "a")
    (folder / "a" / "findings.json").write_bytes(b"{}")
    assert card(folder, "a").asked > 0


def test_a_plan_that_was_edited_says_so(folder: Path) -> None:
    viewed_run(folder / "a")
    path = folder / "a" / "plan.json"
    path.write_text(path.read_text(encoding="utf-8").replace("parcel", "letter"), encoding="utf-8")
    assert "was edited by hand" in card(folder, "a").problem


def test_other_folders_are_no_runs(folder: Path) -> None:
    (folder / "letters").mkdir()
    assert card(folder, "letters").problem == "No run: there is no plan.json in it."
    publish(full_findings(), folder / "table")
    assert card(folder, "table").remark == "Findings of a table, without a run."
    assert small_plan().models

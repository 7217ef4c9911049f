from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from evenhand.errors import StoreError, UsageError
from evenhand.view.annotations import ANNOTATIONS_FILE, LONGEST_NOTE, add_annotation, read_annotations
from tests.support.viewed_run import HOSTILE

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_note_comes_back_as_it_was_written(tmp_path: Path) -> None:
    add_annotation(tmp_path, item="i1", flags=("unnatural", "unclear"), note=f"  {HOSTILE}\r\ntwo ", now=NOW)
    (note,) = read_annotations(tmp_path).notes
    assert (note.item, note.flags, note.when) == ("i1", ("unclear", "unnatural"), "2026-01-02T03:04:05+00:00")
    assert note.note == f"{HOSTILE}\ntwo"


def test_the_latest_note_of_an_item_counts_and_all_stay(tmp_path: Path) -> None:
    for text in ("first", "second"):
        add_annotation(tmp_path, item="i1", flags=(), note=text)
    add_annotation(tmp_path, item="i2", flags=("wrong key",), note="")
    notes = read_annotations(tmp_path)
    assert {item: note.note for item, note in notes.latest.items()} == {"i1": "second", "i2": ""}
    assert [note.note for note in notes.of("i1")] == ["first", "second"]


def test_an_empty_note_takes_the_one_before_back(tmp_path: Path) -> None:
    add_annotation(tmp_path, item="i1", flags=("unclear",), note="x")
    add_annotation(tmp_path, item="i1", flags=(), note="  ")
    assert read_annotations(tmp_path).latest == {}
    assert len(read_annotations(tmp_path).notes) == 2


def test_a_line_that_a_crash_cut_short_costs_itself_alone(tmp_path: Path) -> None:
    add_annotation(tmp_path, item="i1", flags=(), note="one")
    path = tmp_path / ANNOTATIONS_FILE
    path.write_bytes(path.read_bytes() + b'{"item":"i2","no')
    add_annotation(tmp_path, item="i3", flags=(), note="three")
    notes = read_annotations(tmp_path)
    assert [note.item for note in notes.notes] == ["i1", "i3"]
    assert notes.unreadable == 1


@pytest.mark.parametrize(
    ("flags", "note", "message"),
    [
        (("uncleer",), "", "there is no flag 'uncleer' \\(did you mean 'unclear'\\?\\); allowed: unclear, wrong key"),
        ((), "x" * (LONGEST_NOTE + 1), "a note has 4,000 characters at most; this one has 4,001"),
    ],
)
def test_what_is_no_note_is_refused_and_nothing_is_written(
    tmp_path: Path, flags: tuple[str, ...], note: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        add_annotation(tmp_path, item="i1", flags=flags, note=note)
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_neither_read_nor_written(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine\n", encoding="utf-8")
    run = tmp_path / "run"
    run.mkdir()
    (run / ANNOTATIONS_FILE).symlink_to(outside)
    with pytest.raises(StoreError, match="is a link, which is not followed"):
        add_annotation(run, item="i1", flags=(), note="x")
    with pytest.raises(StoreError, match="is a link"):
        read_annotations(run)
    assert outside.read_text(encoding="utf-8") == "mine\n"


def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be written .*; the note was not kept"):
        add_annotation(tmp_path / "gone", item="i1", flags=(), note="x")

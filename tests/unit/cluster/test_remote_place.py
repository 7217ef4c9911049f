"""A place behind an address: what is lost on the way, and what cannot be opened. S3: tests/extras/test_s3_place.py."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from evenhand.cluster.place import FolderPlace
from evenhand.cluster.remote_place import RemotePlace, open_place
from evenhand.errors import MissingExtraError, StoreError


class Flaky:
    """A file system that writes, and whose first answer gets lost."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.calls = 0

    def pipe_file(self, path: str, data: bytes, mode: str) -> None:
        self.calls += 1
        if path in self.files:
            raise FileExistsError(path)
        self.files[path] = data
        if self.calls == 1:
            raise TimeoutError("no answer")

    def cat_file(self, path: str) -> bytes:
        return self.files[path]


def test_a_file_whose_answer_got_lost_is_taken_as_written() -> None:
    flaky = Flaky()
    waited: list[float] = []
    place = RemotePlace(flaky, "root", address="x://root", exclusive=True, sleep=waited.append)
    assert place.create("a", b"mine")
    assert (flaky.calls, waited) == (2, [0.5])
    assert not place.create("a", b"mine"), "somebody wrote it before: a first try is never taken for one's own"


class Broken:
    """A file system behind a server that is gone, whose errors repeat a key."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.calls = 0

    def cat_file(self, path: str) -> bytes:
        self.calls += 1
        raise self.error


def test_a_server_that_is_gone_is_tried_three_times_and_named_without_keys() -> None:
    broken = Broken(OSError("connection to https://u:sk-0123456789abcdef@host failed"))
    waited: list[float] = []
    place = RemotePlace(broken, "root", address="x://root", exclusive=True, sleep=waited.append)
    with pytest.raises(StoreError, match=r"cannot read 'layout.json' from 'x://root'") as raised:
        place.read("layout.json")
    assert (broken.calls, waited) == (3, [0.5, 2.0])
    assert "0123456789abcdef" not in str(raised.value)


def test_rights_that_are_missing_are_not_tried_for_again() -> None:
    broken = Broken(PermissionError("Access Denied"))
    place = RemotePlace(broken, "root", address="x://root", exclusive=True)
    with pytest.raises(StoreError, match="Access Denied"):
        place.read("layout.json")
    assert broken.calls == 1


@pytest.mark.parametrize("url", ["{}/shared", "file://{}/shared", "local://{}/shared"])
def test_a_path_is_a_folder_of_this_machine(url: str, tmp_path: Path) -> None:
    place = open_place(url.format(tmp_path))
    assert isinstance(place, FolderPlace)
    assert place.create("a", b"1")
    assert (tmp_path / "shared" / "a").read_bytes() == b"1"


def test_without_fsspec_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"evenhand\[ray\]"):
        open_place("s3://bucket/run")

"""Answers are on disk as they come in; what was cut off by a kill is asked again."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.errors import InputError, StoreError
from evenhand.train.answers import AnswerFile
from tests.unit.train.making import answer


def test_answers_come_back_and_half_a_line_does_not(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with AnswerFile(path, setup="one") as file:
        file.add(answer("a", "A"))
        file.add(answer("b", "B"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with AnswerFile(path, setup="one") as file:
        assert [one.arm for one in file.kept] == ["a"]
        file.add(answer("b", "B"))
    assert path.read_bytes() == whole


def test_a_file_of_another_collection_is_refused(tmp_path: Path) -> None:
    AnswerFile(tmp_path / "a.jsonl", setup="one").__exit__(None, None, None)
    with pytest.raises(StoreError, match="holds answers to another collection"):
        AnswerFile(tmp_path / "a.jsonl", setup="two")


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    AnswerFile(path, setup="one").__exit__(None, None, None)
    path.write_bytes(path.read_bytes() + b"{}\n")
    with pytest.raises(InputError, match=r"a\.jsonl' cannot be read .*delete it to ask anew"):
        AnswerFile(path, setup="one")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="choose another --out"):
        AnswerFile(tmp_path / "file" / "answers.jsonl", setup="one")

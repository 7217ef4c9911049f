"""A user's own prompts."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.bank.prompts import load_prompts
from evenhand.errors import BankError


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("own.txt", "# mine\nHow do I say sorry?\n\nWhat now?\n"),
        ("own.jsonl", '{"prompt": "How do I say sorry?"}\n"What now?"\n'),
        ("own.yaml", "- How do I say sorry?\n- {prompt: What now?}\n"),
        ("own.json", '["How do I say sorry?", {"prompt": "What now?"}]'),
    ],
)
def test_every_format_gives_the_same_items(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    bank = load_prompts(tmp_path / name)
    assert [item.stem for item in bank.items] == ["How do I say sorry?", "What now?"]
    assert [item.id for item in bank.items] == ["prompt-001", "prompt-002"]
    assert {item.kind for item in bank.items} == {"advice"}
    assert (bank.name, bank.redistribute, bank.validated) == ("own", False, False)


def test_ids_and_contexts_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text('{"prompt": "What now?", "id": "now", "context": "work"}\n', encoding="utf-8")
    (item,) = load_prompts(path).items
    assert (item.id, item.context) == ("now", "work")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("own.csv", "a", "suffix '.csv'"),
        ("own.txt", "\n# only a comment\n", "holds no prompt"),
        ("own.jsonl", '{"prompt": 3}\n', "line 1"),
        ("own.jsonl", "What now?\n", "line 1: not JSON"),
        ("own.yaml", "prompt: What now?\n", "holds a dict"),
        ("own.yaml", "- {prompt: What now?, kind: x}\n", "entry 1"),
        ("own.jsonl", '{"prompt": "a", "id": "x"}\n{"prompt": "b", "id": "x"}\n', "unique"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(BankError, match=message):
        load_prompts(tmp_path / name)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_bytes("Tschüss?".encode("latin-1"))
    with pytest.raises(BankError, match="UTF-8"):
        load_prompts(tmp_path / "own.txt")

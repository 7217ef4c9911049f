"""Blind sheets go out and letters come back, by the commands a person would type."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from evenhand.bank.load import load_bank
from tests.support.command import Ended

Cli = Callable[..., Ended]


def answered(sheets: Path, letters: Path) -> None:
    """One reader a sheet, who picks the first option shown everywhere."""
    letters.mkdir()
    for path in sheets.glob("*.json"):
        sheet = json.loads(path.read_text(encoding="utf-8"))
        answers = {item["id"]: "A" for item in sheet["items"]}
        given = {"schema": "evenhand.letters/1", "sheet": sheet["name"], "readers": "person", "answers": answers}
        (letters / path.name).write_text(json.dumps(given), encoding="utf-8")


def test_sheets_go_out_and_counts_come_back_into_the_bank(cli: Cli, tmp_path: Path) -> None:
    sheets, letters, out = tmp_path / "sheets", tmp_path / "letters", tmp_path / "piloted.yaml"
    said = cli("items", "blind", "twins-management", "--readers", "2", "--out", str(sheets)).out
    assert "holds 4 sheets of twins-management" in said
    answered(sheets, letters)
    ended = cli(
        *("items", "pilot", "twins-management", "--sheets", str(sheets), "--letters", str(letters)),
        *("--out", str(out), "--json"),
    )
    rows = json.loads(ended.out)
    assert len(rows) == len(load_bank("twins-management").items)
    assert all(row["asked"] == 2 for row in rows)
    assert 0.1 < sum(row["right"] for row in rows) / sum(row["asked"] for row in rows) < 0.4
    piloted = load_bank(out)
    assert piloted.validated is False
    assert all(sum(pilot.answers.values()) == 2 for item in piloted.items for pilot in item.pilot)


def test_an_empty_folder_is_refused_by_name(cli: Cli, tmp_path: Path) -> None:
    ended = cli("items", "pilot", "twins-management", "--sheets", str(tmp_path), "--letters", str(tmp_path))
    assert ended.code != 0
    assert "holds no .json file" in ended.err

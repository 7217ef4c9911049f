"""The walk-through on ratings by people: its commands run, and print what the page shows."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
from pathlib import Path

import pytest

from evenhand.bank.load import load_bank
from tests.support.command import evenhand

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "validating.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples" / "validation"
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = [line for kind, block in BLOCKS if not kind for line in block.splitlines() if line.startswith("evenhand ")]
SHOWN = [line for kind, block in BLOCKS if kind == "text" for line in block.splitlines()]


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_the_commands_run_and_print_what_the_page_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(COMMANDS) == 5 and len(SHOWN) == 5
    folder = tmp_path / "validation"
    shutil.copytree(EXAMPLE, folder)
    monkeypatch.chdir(folder)
    printed: list[str] = []
    for line in COMMANDS:
        command, _, into = line.partition(" > ")
        ended = evenhand(*shlex.split(command)[1:], capsys=capsys, monkeypatch=monkeypatch)
        assert ended.code == 0, ended.err
        if into:
            (folder / into).write_text(ended.out, encoding="utf-8")
        printed += map(squeezed, ended.out.splitlines())
    assert [line for line in SHOWN if squeezed(line) not in printed] == []
    assert len(list((folder / "forms").glob("*.html"))) == 24
    rated, kept = load_bank(folder / "rated.yaml"), load_bank(folder / "kept.yaml")
    assert (rated.validated, kept.validated) == (False, True)
    assert rated.validation is not None and set(rated.validation.unmet) == {"u006"}
    assert kept.validation is not None and "Nobody" in kept.validation.who
    assert [item.id for item in kept.items] == [f"u00{n}" for n in range(1, 6)]


def test_the_invented_ratings_come_of_their_script() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "invent_ratings.py"))["files"]()
    assert {path.name for path in EXAMPLE.iterdir()} == set(made)
    assert all((EXAMPLE / name).read_text(encoding="utf-8") == text for name, text in made.items())


def test_the_page_says_that_its_ratings_are_invented() -> None:
    assert "**The ratings on this page are invented.**" in PAGE
    rows = (EXAMPLE / "invented-ratings.csv").read_text(encoding="utf-8")
    assert "invented-01" in rows and "language model" in rows

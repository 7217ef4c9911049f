"""Shell completion, as docs/install.md promises it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def completed(words: str, folder: Path) -> list[str]:
    """What bash is offered after these words."""
    environment = os.environ | {
        "_EVENHAND_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    program = "import sys; sys.argv[0] = 'evenhand'; from evenhand.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("evenhand au", ["audit"]),
        ("evenhand audit --max-c", ["--max-calls", "--max-cost"]),
        ("evenhand audit --preset st", ["standard"]),
    ],
)
def test_commands_options_and_values_are_completed(tmp_path: Path, words: str, offered: list[str]) -> None:
    assert completed(words, tmp_path) == offered


def test_a_file_of_settings_that_cannot_be_read_does_not_disturb_completion(tmp_path: Path) -> None:
    (tmp_path / "evenhand.toml").write_text("not toml", encoding="utf-8")
    assert completed("evenhand audit --preset st", tmp_path) == ["standard"]

"""The commands are named in one table, and loaded when they are used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
import typer

from evenhand.cli.commands import COMMANDS
from evenhand.cli.main import app

HEAVY = (
    "numpy",
    "polars",
    "scipy",
    "statsmodels",
    "aiohttp",
    "jinja2",
    "pydantic",
    "asyncio",
    "yaml",
    "msgspec",
    "rich.markdown",
)
HEAVY_FOR_A_PLAN = ("polars", "scipy.linalg", "scipy.stats", "scipy.special", "statsmodels", "aiohttp", "tokenizers")


def loaded_by(arguments: Sequence[str], *, heavy: Sequence[str]) -> list[str]:
    """The modules among `heavy` that the program has loaded when it ends."""
    program = (
        "import sys\n"
        "from evenhand.cli.main import main\n"
        f"sys.argv = ['evenhand', *{list(arguments)!r}]\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        f"print('LOADED', *sorted(set({list(heavy)!r}) & sys.modules.keys()))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return shown.splitlines()[-1].split()[1:]


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []], ids=["--help", "-h", "nothing"])
def test_the_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert loaded_by(arguments, heavy=(*HEAVY, *(f"evenhand.cli.{name}" for name in COMMANDS))) == []


def test_a_plan_loads_no_tables_no_statistics_and_no_client(tmp_path: Any) -> None:
    plan = ["plan", "openai/m", "--preset", "quick", "--out", str(tmp_path / "run")]
    assert loaded_by(plan, heavy=HEAVY_FOR_A_PLAN) == []
    assert (tmp_path / "run" / "plan.json").is_file()


def test_a_command_loads_no_other_command(tmp_path: Any) -> None:
    others = [f"evenhand.cli.{name}" for name in COMMANDS if name != "status"]
    assert loaded_by(["status", str(tmp_path)], heavy=others) == []


def test_the_help_says_of_every_command_what_its_own_help_says_first() -> None:
    group: Any = typer.main.get_command(app)
    assert list(group.commands) == list(COMMANDS)
    for name, command in group.commands.items():
        assert " ".join(command.help.split("\n\n")[0].split()) == COMMANDS[name], name


def test_the_help_names_every_command_in_whole_words() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "evenhand.cli.main", "--help"], capture_output=True, text=True, check=True
    ).stdout
    words = " ".join(shown.split())
    for name, says in COMMANDS.items():
        assert f"{name} {says}" in words


def test_without_a_word_the_help_is_shown_and_the_code_is_that_of_usage() -> None:
    ended = subprocess.run([sys.executable, "-m", "evenhand.cli.main"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "Usage: " in ended.stdout and "audit" in ended.stdout


def test_an_unknown_command_is_met_with_the_near_one() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "evenhand.cli.main", "plna"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "'plan'" in ended.stderr

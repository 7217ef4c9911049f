"""Run the command line in this process, as a person would see it."""

from __future__ import annotations

import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from shutil import copytree

import pytest
from msgspec import Struct

from evenhand.cli.main import main

__all__ = ["SMALL", "Audited", "Ended", "evenhand", "evenhand_apart"]

SMALL = (
    "--kind",
    "understanding",
    "--answer",
    "letter",
    "--pairs",
    "1",
    "--placebo",
    "0.2",
    "--none-repeats",
    "1",
    "--preset",
    "quick",
)
"""Options of the smallest audit that says all: every item meets one matched pair."""


class Ended(Struct, frozen=True):
    """What a command left behind."""

    code: int
    out: str
    err: str


class Audited(Struct, frozen=True):
    """A small audit at the command line that several tests look at; none of them changes it."""

    ended: Ended
    run: Path

    def copy(self, to: Path) -> Path:
        """A copy of its run directory that a test may change."""
        return copytree(self.run, to)


def evenhand(*arguments: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ended:
    """Run `evenhand ARGUMENTS`; anything but a normal end or a foreseen error fails the test."""
    capsys.readouterr()
    code = _code(arguments, monkeypatch)
    seen = capsys.readouterr()
    return Ended(code, seen.out, seen.err)


def evenhand_apart(*arguments: object) -> Ended:
    """The same for a fixture that several tests share, which has neither `capsys` nor `monkeypatch`."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as monkeypatch, redirect_stdout(out), redirect_stderr(err):
        code = _code(arguments, monkeypatch)
    return Ended(code, out.getvalue(), err.getvalue())


def _code(arguments: tuple[object, ...], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["evenhand", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "200")
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
    return 0

"""Run the command line in this process, as a person would see it."""

from __future__ import annotations

import sys

import pytest
from msgspec import Struct

from evenhand.cli.main import main

__all__ = ["Ended", "evenhand"]


class Ended(Struct, frozen=True):
    """What a command left behind."""

    code: int
    out: str
    err: str


def evenhand(*arguments: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ended:
    """Run `evenhand ARGUMENTS`; anything but a normal end or a foreseen error fails the test."""
    monkeypatch.setattr(sys, "argv", ["evenhand", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "200")
    capsys.readouterr()
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
    seen = capsys.readouterr()
    return Ended(code, seen.out, seen.err)

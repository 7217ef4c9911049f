"""The generated reference pages are those of the code."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from evenhand.cli.main import app
from evenhand.records.score import SCORE_COLUMNS
from evenhand.report.findings_file import findings_document
from tests.support.findings_fixture import full_findings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")


def commands(group: Any, trail: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*trail, name))
        else:
            yield (*trail, name), command


def test_every_command_and_every_option_stands_on_the_page() -> None:
    sections = dict(re.findall(r"## evenhand ([a-z ]+)\n\n```text\n(.*?)```", PAGE, re.DOTALL))
    found = dict(commands(typer.main.get_command(app)))
    assert set(sections) == {" ".join(name) for name in found}, "run `make docs`"
    for name, command in found.items():
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--"):
                    assert option in sections[" ".join(name)], f"{name}: {option}; run `make docs`"


def test_every_command_shows_an_example() -> None:
    for name, command in commands(typer.main.get_command(app)):
        assert "Example" in (command.help or ""), name


def test_the_schema_of_findings_is_that_of_the_records_and_covers_a_whole_file() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "reference_pages.py"))
    text = (ROOT / "docs" / "reference" / "findings.schema.json").read_text(encoding="utf-8")
    assert text == script["findings_schema"](), "run `make docs`"
    schema = json.loads(text)
    document = findings_document(full_findings())
    known = schema["$defs"]["Findings"]["properties"]
    assert known["schema"]["enum"] == [document["schema"]]
    assert set(document) <= set(known)
    for finding in document["findings"]:
        assert set(finding) <= set(schema["$defs"]["Finding"]["properties"])


def test_the_column_table_is_that_of_the_records() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "reference_pages.py"))
    text = (ROOT / "docs" / "reference" / "files.md").read_text(encoding="utf-8")
    assert script["column_table"]() in text, "run `make docs`"
    assert all(f"`{column.name}`" in text for column in SCORE_COLUMNS)

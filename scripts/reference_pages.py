"""Write the generated parts of the reference: `cli.md`, the columns in `files.md`, and the schema of findings.json.

Usage: python scripts/reference_pages.py [--check]
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import typer

from evenhand.cli.main import app
from evenhand.records.findings import Findings
from evenhand.records.measurement import MEASUREMENT_COLUMNS
from evenhand.records.score import SCORE_COLUMNS, ScoreColumn
from evenhand.report.answer import answers_of

DOCS = Path(__file__).parents[1] / "docs" / "reference"


def commands(group: Any, trail: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command, in the order of the help."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*trail, name))
        else:
            yield (*trail, name)


def command_page() -> str:
    """The help of every command, as plain text."""
    parts = ["# Commands\n\nMade from `--help` by `scripts/reference_pages.py`.\n"]
    for command in ((), *commands(typer.main.get_command(app))):
        name = " ".join(("evenhand", *command))
        environment = {**os.environ, "COLUMNS": "110", "TERM": "dumb", "NO_COLOR": "1", "FORCE_COLOR": ""}
        shown = subprocess.run(
            [sys.executable, "-m", "evenhand.cli.main", *command, "--help"],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        ).stdout.replace("python -m evenhand.cli.main", "evenhand")
        text = "\n".join(line.rstrip() for line in shown.strip().splitlines())
        parts.append(f"## {name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def column_table(columns: tuple[ScoreColumn, ...] = SCORE_COLUMNS) -> str:
    """The columns of a table as a Markdown table."""
    rows = [f"| `{c.name}` | {c.type}{', may be null' if c.nullable else ''} | {c.meaning} |" for c in columns]
    return "\n".join(["| column | type | meaning |", "| --- | --- | --- |", *rows])


def findings_schema() -> str:
    """JSON Schema of findings.json, with the names and the answer that are written beside the numbers."""
    (top, answer), records = msgspec.json.schema_components(
        (Findings, get_type_hints(answers_of)["return"]), ref_template="#/$defs/{name}"
    )
    schema: dict[str, Any] = {**top, "$defs": records}
    records["Findings"]["properties"]["answer"] = {**answer, "readOnly": True}
    for record in records.values():
        record["description"] = record.get("description", "").partition("\n\n    Example:")[0]
    made = {name: {"type": "string", "readOnly": True} for name in ("id", "title", "estimand")}
    schema["$defs"]["Finding"]["properties"] |= made
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "findings.json of evenhand"}
    return json.dumps(head | schema, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the pages, or with `--check` fail when they are not up to date."""
    files = DOCS / "files.md"
    text = files.read_text(encoding="utf-8")
    filled = text
    for name, columns in (("score", SCORE_COLUMNS), ("measurement", MEASUREMENT_COLUMNS)):
        table = column_table(columns)
        filled = re.sub(
            rf"(<!-- generated: {name} columns -->\n).*?(<!-- end -->)",
            lambda found, table=table: f"{found[1]}{table}\n{found[2]}",  # type: ignore[misc]
            filled,
            flags=re.DOTALL,
        )
    pages = {
        files: filled,
        DOCS / "cli.md": command_page(),
        DOCS / "findings.schema.json": findings_schema(),
    }
    stale = [path.name for path, wanted in pages.items() if not path.exists() or path.read_text("utf-8") != wanted]
    if "--check" in sys.argv:
        sys.exit(f"stale: {', '.join(stale)}; run `make docs`" if stale else 0)
    for path, wanted in pages.items():
        path.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()

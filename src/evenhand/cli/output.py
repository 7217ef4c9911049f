"""What commands print: sentences, tables and JSON."""

from __future__ import annotations

from collections.abc import Sequence

import typer

__all__ = ["counted", "print_json", "print_rows", "print_table", "say"]

PIPE_WIDTH = 160
"""Columns of a table that goes to a file or a pipe."""


def say(text: str, *, error: bool = False) -> None:
    """Print a line, to standard error where it is not the command's result."""
    typer.echo(text, err=error)


def counted(number: int, noun: str) -> str:
    """A count with its noun, whose plural ends in s: `1 item`, `1,200 items`."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def print_json(value: object) -> None:
    """Print a record, or a container of records, as indented JSON."""
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2).decode())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    """Print a table that fits the terminal; cells are shown as they are, markup is not read."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    numeric = [bool(rows) and all(isinstance(row[index], int | float) for row in rows) for index in range(len(columns))]
    for name, right in zip(columns, numeric, strict=True):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    console.print(table)


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], *, json: bool) -> None:
    """Print rows as a table, or as a JSON list of objects."""
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(columns, rows)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)

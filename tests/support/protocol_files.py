"""Test protocols in the layouts of STEU and STEM, made from the shipped banks, as TXT, DOCX and PDF."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import docx
import fpdf

from evenhand.bank.load import load_bank
from evenhand.records.item import Item

__all__ = ["HEADER", "WIDTH", "stem_items", "steu_items", "write_docx", "write_pdf", "write_txt"]

WIDTH = 72
TITLE = "Items of a made test"
HEADER = "Items of a made test, draft for tests, page {page}"
PREAMBLE = (
    "This file is written for tests. Each question describes a situation.",
    "Here is an example:",
    "Somebody gets a present. Somebody is most likely to feel?",
    "(a) glad (b) angry (c) afraid (d) bored (e) hungry",
    "If you think that this is glad, mark option A and go on.",
)
_PER_PAGE = 6


def steu_items() -> tuple[Item, ...]:
    """42 understanding items with five options."""
    return load_bank("understanding").items[:42]


def stem_items() -> tuple[Item, ...]:
    """44 management items with four options and weights."""
    return load_bank("management").items[:44]


def item_lines(item: Item, number: int) -> list[str]:
    """The item as wrapped lines."""
    lines = textwrap.wrap(f"{number}. {item.stem} {item.question}", WIDTH)
    for option in item.options:
        lines += textwrap.wrap(f"({option.id}) {option.text}", WIDTH)
    return lines


def key_rows(items: Sequence[Item], *, layout: str) -> list[list[str]]:
    """Rows of the key table, the first with the names of the columns."""
    if layout == "steu":
        return [["Item", "Key"], *([str(number), item.key] for number, item in enumerate(items, 1))]
    rows = [["Item", "a", "b", "c", "d"]]
    for number, item in enumerate(items, 1):
        rows.append([str(number), *(f"{option.weight:.2f}".removeprefix("0") for option in item.options)])
    return rows


def heading(layout: str) -> str:
    return "Scoring key" if layout == "steu" else "Expert weights"


def write_txt(path: Path, items: Sequence[Item], *, layout: str, smart: bool = True) -> Path:
    """A text file with running titles between items, and with smart quotes."""
    lines = [TITLE, "", *PREAMBLE, "", "Test items", ""]
    for number, item in enumerate(items, 1):
        lines += [*item_lines(item, number), ""]
        if number % _PER_PAGE == 0:
            lines += [HEADER.format(page=number // _PER_PAGE), ""]
    lines += [heading(layout), *("\t".join(row) for row in key_rows(items, layout=layout))]
    text = "\n".join(lines) + "\n"
    if smart:
        text = text.replace("'", "’")
    path.write_text(text, encoding="utf-8")
    return path


def write_docx(path: Path, items: Sequence[Item], *, layout: str) -> Path:
    """A Word file whose key is a table."""
    document = docx.Document()
    for line in (TITLE, *PREAMBLE, "Test items"):
        document.add_paragraph(line)
    for number, item in enumerate(items, 1):
        document.add_paragraph(f"{number}. {item.stem} {item.question}")
        for option in item.options:
            document.add_paragraph(f"({option.id}) {option.text}")
    document.add_paragraph(heading(layout))
    rows = key_rows(items, layout=layout)
    table = document.add_table(rows=0, cols=len(rows[0]))
    for row in rows:
        for cell, value in zip(table.add_row().cells, row, strict=True):
            cell.text = value
    document.save(str(path))
    return path


class _Pages(fpdf.FPDF):  # type: ignore[misc]  # the library is not followed by mypy
    """A header and a page number on every page."""

    def header(self) -> None:
        self.cell(0, 6, "Items of a made test", new_x="LMARGIN", new_y="NEXT")

    def footer(self) -> None:
        self.set_y(-15)
        self.cell(0, 6, str(self.page_no()))


def write_pdf(path: Path, items: Sequence[Item], *, layout: str) -> Path:
    """A PDF with headers, page numbers, and items that run over the end of a page."""
    pdf = _Pages()
    pdf.set_font("Helvetica", size=11)
    pdf.add_page()
    lines = [*PREAMBLE, "Test items"]
    for number, item in enumerate(items, 1):
        lines += item_lines(item, number)
    lines.append(heading(layout))
    lines += ["    ".join(row) for row in key_rows(items, layout=layout)]
    for line in lines:
        pdf.cell(0, 6, line, new_x="LMARGIN", new_y="NEXT")
    pdf.output(str(path))
    return path

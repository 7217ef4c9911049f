"""Automatic lists of Word files have the labels that Word shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from evenhand.bank.importers.docx_text import docx_text
from evenhand.bank.importers.registry import import_bank
from tests.support.protocol_files import steu_items


def level(depth: int, form: str, text: str, start: int = 1) -> str:
    marks = f'<w:start w:val="{start}"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/>'
    return f'<w:lvl w:ilvl="{depth}">{marks}</w:lvl>'


class Word:
    """A Word file with lists of its own."""

    def __init__(self, *definitions: str) -> None:
        self.document = docx.Document()
        self.numbering = self.document.part.numbering_part.element
        # Definitions stand before their uses.
        for number, levels in enumerate(definitions):
            xml = f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{900 + number}">{levels}</w:abstractNum>'
            self.numbering.insert(number, parse_xml(xml))
        self.uses = 900

    def use(self, definition: int, *, start_anew: bool = False) -> int:
        self.uses += 1
        anew = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>' if start_anew else ""
        xml = f'<w:num {nsdecls("w")} w:numId="{self.uses}"><w:abstractNumId w:val="{900 + definition}"/>{anew}</w:num>'
        self.numbering.append(parse_xml(xml))
        return self.uses

    def add(self, text: str, *, use: int | None = None, depth: int = 0) -> None:
        paragraph: Any = self.document.add_paragraph(text)
        if use is not None:
            xml = f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{depth}"/><w:numId w:val="{use}"/></w:numPr>'
            paragraph._p.get_or_add_pPr().append(parse_xml(xml))

    def save(self, folder: Path) -> Path:
        path = folder / "lists.docx"
        self.document.save(str(path))
        return path


def test_a_list_of_two_levels_counts_the_second_anew_under_each_first(tmp_path: Path) -> None:
    word = Word(level(0, "decimal", "%1.") + level(1, "lowerLetter", "(%2)"))
    use = word.use(0)
    for text, depth in (("first", 0), ("joy", 1), ("fear", 1), ("second", 0), ("envy", 1)):
        word.add(text, use=use, depth=depth)
    assert docx_text(word.save(tmp_path)).split("\n") == ["1. first", "(a) joy", "(b) fear", "2. second", "(a) envy"]


def test_uses_of_one_definition_count_on_unless_they_start_anew(tmp_path: Path) -> None:
    word = Word(level(0, "decimal", "%1)"))
    for use in (word.use(0), word.use(0), word.use(0, start_anew=True)):
        word.add("x", use=use)
        word.add("y", use=use)
    assert docx_text(word.save(tmp_path)).split("\n") == ["1) x", "2) y", "3) x", "4) y", "1) x", "2) y"]


@pytest.mark.parametrize(
    ("form", "start", "label"),
    [
        ("upperLetter", 3, "C"),
        ("lowerRoman", 14, "xiv"),
        ("upperRoman", 9, "IX"),
        ("lowerLetter", 28, "bb"),
        ("decimalZero", 7, "7"),
    ],
)
def test_numbers_have_the_form_of_their_level(tmp_path: Path, form: str, start: int, label: str) -> None:
    word = Word(level(0, form, "%1.", start=start))
    word.add("x", use=word.use(0))
    assert docx_text(word.save(tmp_path)) == f"{label}. x"


def test_bullets_and_plain_paragraphs_have_no_label(tmp_path: Path) -> None:
    word = Word(level(0, "bullet", "-"))
    word.add("x", use=word.use(0))
    word.add("y")
    assert docx_text(word.save(tmp_path)) == "x\ny"


def test_a_list_that_comes_with_a_style_is_counted(tmp_path: Path) -> None:
    document = docx.Document()
    for text in ("x", "y"):
        document.add_paragraph(text, style="List Number")
    path = tmp_path / "styled.docx"
    document.save(str(path))
    assert docx_text(path) == "1. x\n2. y"


def test_a_protocol_with_automatic_numbers_and_letters_imports_whole(tmp_path: Path) -> None:
    items = steu_items()
    word = Word(level(0, "decimal", "%1."), level(0, "lowerLetter", "(%1)"))
    numbers = word.use(0)
    word.add("A made test")
    for item in items:
        word.add(f"{item.stem} {item.question}", use=numbers)
        letters = word.use(1, start_anew=True)
        for option in item.options:
            word.add(option.text, use=letters)
    word.add("Answer key")
    keys = word.use(0, start_anew=True)
    for item in items:
        word.add(item.key, use=keys)
    bank = import_bank(word.save(tmp_path), format="steu")
    assert [item.key for item in bank.items] == [item.key for item in items]
    assert [item.stem for item in bank.items] == [item.stem for item in items]

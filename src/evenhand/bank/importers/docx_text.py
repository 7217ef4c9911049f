"""The text of a Word file, paragraphs and tables in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from evenhand.bank.importers.docx_numbering import ListLabels
from evenhand.errors import BankError, MissingExtraError

__all__ = ["docx_text"]

_UNPACKED = 64_000_000
"""Bytes of all parts, pictures too."""
_UNPACKED_XML = 16_000_000
"""Bytes of the parts that are parsed; a long book has about five million."""


def docx_text(path: Path) -> str:
    """One line a paragraph or table row; the cells of a row are parted by tabs.

    Paragraphs of automatic lists begin with the label that Word shows.

    Raises:
        MissingExtraError: python-docx is not installed.
        BankError: The file is no Word file, or unpacks to more than it may.
    """
    try:
        import docx
        from docx.opc.exceptions import PackageNotFoundError
    except ImportError as cause:
        raise MissingExtraError(
            "reading DOCX needs python-docx; install it with: pip install 'evenhand[docx]'"
        ) from cause
    if not path.is_file():
        raise BankError(f"{str(path)!r} cannot be read (no such file); check the path")
    try:
        _check_size(path)
        document = docx.Document(str(path))
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError) as cause:
        raise BankError(f"{str(path)!r} is no DOCX file; save it as DOCX, or as text") from cause
    return "\n".join(_lines(document))


def _check_size(path: Path) -> None:
    """Look at the sizes that the archive states; no part is unpacked beyond the size stated for it."""
    with ZipFile(path) as archive:
        parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    parsed = sum(part.file_size for part in parts if part.filename.lower().endswith((".xml", ".rels")))
    if unpacked > _UNPACKED or parsed > _UNPACKED_XML:
        raise BankError(
            f"{str(path)!r} unpacks to {unpacked:,} bytes, {parsed:,} of them text; at most {_UNPACKED:,} and "
            f"{_UNPACKED_XML:,} are read; remove pictures, split it, or save it as text"
        )


def _lines(document: Any) -> Iterator[str]:
    labels = ListLabels(document)
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            for row in block.rows:
                yield "\t".join(cell.text.replace("\n", " ") for cell in row.cells)
        else:
            yield from f"{labels.label(block)} {block.text}".strip().split("\n")

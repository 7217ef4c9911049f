"""Write the report into a run directory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from evenhand.errors import StoreError
from evenhand.records.findings import Findings
from evenhand.report.html import render_html
from evenhand.report.markdown import render_markdown
from evenhand.report.model_card import render_model_card

__all__ = ["MARKDOWN_BYTES", "write_report"]

MARKDOWN_BYTES = 20_000
"""Bytes of `report.md` at most, so that it fits a comment or a message; the page and findings.json have the rest."""


def write_report(findings: Findings, directory: Path) -> Path:
    """Write `report.html`, `report.md` and `model-card.md`; an existing file is replaced whole or not at all.

    A comparison of two runs has no model card.

    Args:
        findings: the whole of findings.json.
        directory: where to write; made if it does not exist.

    Returns:
        Path of `report.html`.

    Raises:
        StoreError: the directory cannot be written.
    """
    page = directory / "report.html"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _replace(directory / "report.md", render_markdown(findings, most=MARKDOWN_BYTES))
        if findings.comparison is None:
            _replace(directory / "model-card.md", render_model_card(findings))
        _replace(page, render_html(findings))
    except OSError as error:
        raise StoreError(
            f"cannot write the report to {str(directory)!r} ({error.strerror}); choose a directory you can write to "
            "with --out"
        ) from error
    return page


def _replace(path: Path, text: str) -> None:
    """Write beside the target and rename, so that no reader ever sees half a file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)

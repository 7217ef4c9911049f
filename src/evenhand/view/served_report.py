"""The report of a run as it is served: nothing in it runs but our own script, and it can reach nothing."""

from __future__ import annotations

from pathlib import Path

from evenhand.errors import InputError
from evenhand.report.html import holds_our_style, page_policy, render_html
from evenhand.rundir import REPORT_FILE
from evenhand.view.kept_file import KeptFiles
from evenhand.view.library import Library

__all__ = ["REPORT_POLICY", "ServedReports"]

REPORT_POLICY = f"{page_policy()}; frame-ancestors 'none'; sandbox allow-scripts allow-downloads allow-modals"
"""The report is an origin of its own: it can read no page of ours and send no form."""
_LARGEST = 100_000_000


class ServedReports:
    """The reports of a folder.

    Args:
        library: The folder.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._files: KeptFiles[str | None] = KeptFiles(_our_page, most=4)
        self._made: KeptFiles[str] = KeptFiles(self._page, most=4)

    def of(self, directory: Path, findings_file: str) -> str:
        """The report of a run directory: its file where this version wrote it, else made from its findings.

        Args:
            directory: The run directory.
            findings_file: Name of its file of findings.

        Raises:
            InputError: There are no findings, or they cannot be read.
        """
        found = self._files.of(directory / REPORT_FILE)
        return found if found is not None else self._made.of(directory / findings_file)

    def _page(self, findings_file: Path) -> str:
        findings = self._library.findings(findings_file.parent)
        if findings is None:
            run = findings_file.parent
            raise InputError(f"{run.name!r} was not analysed yet; do it with `evenhand analyse {run}`")
        return render_html(findings)


def _our_page(path: Path) -> str | None:
    """The file, where it is a report of this version; None otherwise."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return text if holds_our_style(text) else None

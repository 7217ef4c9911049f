from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from evenhand.errors import StoreError
from evenhand.report.html import render_html
from evenhand.report.write import write_report
from tests.support.findings_fixture import bare_findings, quick_findings


def test_both_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    page = write_report(quick_findings(), tmp_path / "new" / "run")
    assert page == tmp_path / "new" / "run" / "report.html"
    assert sorted(path.name for path in page.parent.iterdir()) == ["model-card.md", "report.html", "report.md"]
    assert page.read_text(encoding="utf-8") == render_html(quick_findings())


def test_an_older_report_is_replaced(tmp_path: Path) -> None:
    write_report(quick_findings(), tmp_path)
    write_report(bare_findings(), tmp_path)
    assert "Analysis of a table of predictions" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_file_in_place_of_the_directory_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("x", encoding="utf-8")
    with pytest.raises(StoreError, match=r"cannot write the report to .*choose a directory"):
        write_report(quick_findings(), tmp_path / "run")


def test_a_read_only_directory_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> tuple[int, str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(StoreError, match=r"cannot write the report to .*Permission denied"):
        write_report(quick_findings(), tmp_path)


def test_a_failed_write_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = write_report(quick_findings(), tmp_path)
    before = page.read_bytes()

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StoreError, match=r"No space left on device"):
        write_report(bare_findings(), tmp_path)
    assert page.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model-card.md", "report.html", "report.md"]

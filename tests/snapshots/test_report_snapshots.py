"""The report of fixed findings, byte for byte.

After an intended change: `EVENHAND_UPDATE_SNAPSHOTS=1 pytest tests/snapshots`, then read the difference.
Style and script stand in files of their own and are left out.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from evenhand.report.html import render_html
from evenhand.report.markdown import render_markdown
from tests.support.findings_fixture import bare_findings, empty_findings, full_findings, quick_findings

HERE = Path(__file__).parent


def _without_style(page: str) -> str:
    page = re.sub(r"<style>.*?</style>", "<style></style>", page, flags=re.DOTALL)
    page = re.sub(r"<script>.*?</script>", "<script></script>", page, flags=re.DOTALL)
    return re.sub(r"sha256-[A-Za-z0-9+/=]+", "sha256-", page)


TEXTS = {
    "quick.html": lambda: _without_style(render_html(quick_findings())),
    "bare.html": lambda: _without_style(render_html(bare_findings())),
    "full.md": lambda: render_markdown(full_findings(("specimen/tilted", "specimen/level"))),
    "quick.md": lambda: render_markdown(quick_findings()),
    "empty.md": lambda: render_markdown(empty_findings()),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_report_of_fixed_findings_has_not_changed(name: str) -> None:
    path, text = HERE / f"report-{name}", TEXTS[name]()
    if os.environ.get("EVENHAND_UPDATE_SNAPSHOTS") == "1":
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
